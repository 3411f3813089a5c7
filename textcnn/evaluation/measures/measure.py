"""All measures of a split's predictions, with their intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from textcnn.evaluation.measures.from_counts import (
    balanced_accuracy,
    f1,
    label_macro_f1,
    macro_f1,
    matthews,
    micro_f1,
    weighted_f1,
)
from textcnn.evaluation.measures.intervals import Cells, Interval, Measure, bootstrap, wilson
from textcnn.evaluation.measures.ranking import class_rankings, label_rankings
from textcnn.evaluation.predictions import Predictions

TOP = (3, 5)  # of top-k accuracy
AT = (1, 3, 5)  # of P@k, R@k and nDCG@k
ADDED = ("balanced_accuracy", "weighted_f1", "matthews")  # to those of `Scores`
# Of more classes, the measures of each are left out of the result.
MOST_DETAILED = 1000


@dataclass(frozen=True)
class ClassMeasures:
    """Of one class; None: undefined, since no text has the class, or none lacks it."""

    label: str
    auroc: float | None
    average_precision: float | None
    threshold: float | None  # of a label in a set: the probability from which it is predicted
    precision: Interval | None  # the intervals
    recall: Interval | None
    f1: Interval | None

    def as_json(self) -> dict[str, Any]:
        threshold = {} if self.threshold is None else {"threshold": self.threshold}
        return {
            "label": self.label,
            "auroc": self.auroc,
            "average_precision": self.average_precision,
            **threshold,
            "intervals": {name: getattr(self, name) for name in ("precision", "recall", "f1")},
        }


@dataclass(frozen=True)
class Measures:
    """Measures beside `Scores`, by name, from 0 to 1 but for `matthews`, from -1 to 1.

    None: undefined for these texts. AUROC and average precision are of each class against all
    others, averaged over the classes for which they are defined.
    """

    values: dict[str, float | None]
    intervals: dict[str, Interval | None]  # 95 %; also of the names in `Scores`
    classes: tuple[ClassMeasures, ...]  # empty for more than MOST_DETAILED

    def as_json(self) -> dict[str, Any]:
        return {
            **self.values,
            "intervals": self.intervals,
            "class_measures": [each.as_json() for each in self.classes],
        }


def measure(
    predictions: Predictions, thresholds: Sequence[float] | None = None, *, seed: int = 0
) -> Measures:
    """
    Args:
        thresholds: of labels in sets, as `predict` states them; None: those of the predictions.
        seed: of the resamples for intervals.
    """
    limits = thresholds or predictions.thresholds
    texts, detailed = len(predictions), len(predictions.labels) <= MOST_DETAILED
    cells, by_counts = counted(predictions)
    counts = cells.totals(cells.counts[None])  # (1, classes, 3)
    areas, precisions = rankings(predictions)
    values = {name: defined(by_counts[name](counts)[0]) for name in by_counts if name in ADDED}
    values |= {"auroc": mean_defined(areas), "average_precision": mean_defined(precisions)}
    intervals: dict[str, Interval | None] = {
        "accuracy": wilson(int(predictions.correct.sum()), texts)
    }
    if predictions.multi_label:
        for k in usable(AT, len(predictions.labels)):
            values |= label_rankings(predictions.top, predictions.truth, k)
    else:
        for k in usable(TOP, len(predictions.labels) - 1):
            right = int((predictions.ranks < k).sum())
            values[f"top_{k}_accuracy"] = right / texts if texts else None
            intervals[f"top_{k}_accuracy"] = wilson(right, texts)
    drawn = bootstrap(cells, by_counts | ({"f1": f1} if detailed else {}), seed=seed)
    intervals |= {name: interval(drawn[name]) for name in by_counts}
    details = tuple(
        ClassMeasures(
            label,
            defined(areas[number]),
            defined(precisions[number]),
            None if limits is None else limits[number],
            wilson(*counts[0, number, :2].tolist()),
            wilson(*counts[0, number, ::2].tolist()),
            interval(drawn["f1"][number]) if counts[0, number, 2] else None,
        )
        for number, label in enumerate(predictions.labels if detailed else ())
    )
    return Measures(values, intervals, details)


def counted(predictions: Predictions) -> tuple[Cells, dict[str, Measure]]:
    """The counts of the texts, and the measures that follow from them."""
    if predictions.multi_label:
        cells = Cells.of_sets(predictions.truth, predictions.chosen_sets)
        means = {"macro_f1": label_macro_f1, "micro_f1": micro_f1}
        return cells, {**means, "weighted_f1": weighted_f1}
    # with one more class if some texts have one that training lacks
    classes = max(len(predictions.labels), int(predictions.truth.max(initial=0)) + 1)
    cells = Cells.of_classes(predictions.truth, predictions.predicted, classes)
    return cells, {
        "macro_f1": macro_f1,
        "weighted_f1": weighted_f1,
        "balanced_accuracy": balanced_accuracy,
        "matthews": matthews,
    }


def rankings(predictions: Predictions) -> tuple[np.ndarray, np.ndarray]:
    """`class_rankings`; all nan without logits."""
    if predictions.logits is None:
        nothing = np.full(len(predictions.labels), np.nan)
        return nothing, nothing
    return class_rankings(predictions.logits, predictions.truth)


def usable(numbers: tuple[int, ...], most: int) -> list[int]:
    return [k for k in numbers if k <= most]


def defined(number: float) -> float | None:
    return None if np.isnan(number) else float(number)


def mean_defined(numbers: np.ndarray) -> float | None:
    some = numbers[~np.isnan(numbers)]
    return float(some.mean()) if len(some) else None


def interval(ends: np.ndarray) -> Interval | None:
    return None if np.isnan(ends).any() else (float(ends[0]), float(ends[1]))
