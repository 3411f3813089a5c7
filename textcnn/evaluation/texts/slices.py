"""Scores of parts of the texts: by length, class, unknown tokens, and columns of the data."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from textcnn.data.labels.unseen import UNSEEN
from textcnn.evaluation.measures.from_counts import macro_f1
from textcnn.evaluation.measures.intervals import Interval, wilson
from textcnn.evaluation.predictions import Predictions
from textcnn.evaluation.texts.values import Values, quartiles

MOST_CLASSES = 20  # that are slices of their own, the most frequent ones
SOME_UNKNOWN = 0.1
WARNED = 5  # slices
SEEN = "in training"  # the name of a group


@dataclass(frozen=True)
class Slice:
    """The scores of some texts."""

    value: str  # what they have in common
    examples: int
    accuracy: float
    interval: Interval | None  # 95 %, of the accuracy
    # over the classes that occur among their labels or predictions; None: they have one class
    macro_f1: float | None

    def as_json(self) -> dict[str, Any]:
        return {
            "value": self.value,
            "examples": self.examples,
            "accuracy": self.accuracy,
            "interval": self.interval,
            "macro_f1": self.macro_f1,
        }


@dataclass(frozen=True)
class Group:
    """All texts, in slices. A text with several labels is in several slices of `class`."""

    by: str
    slices: tuple[Slice, ...]
    column: bool = False  # `by` is a column of the data

    def as_json(self) -> dict[str, Any]:
        parts = [each.as_json() for each in self.slices]
        return {"by": self.by, "column": self.column, "slices": parts}


def slice_groups(
    predictions: Predictions,
    columns: Mapping[str, Sequence[Any]],
    seen: np.ndarray | None = None,
) -> list[Group]:
    """The groups with more than one slice.

    Args:
        columns: the cells of each column to slice by, (texts,) each.
        seen: (texts,) bool, whether training had the same text; None: unknown.
    """
    unknown = np.where(predictions.unknown > SOME_UNKNOWN, 2, predictions.unknown > 0)
    shares = ("none", f"up to {100 * SOME_UNKNOWN:.0f} %", f"over {100 * SOME_UNKNOWN:.0f} %")
    found = {
        "tokens": quartiles(predictions.lengths),
        "unknown tokens": Values(unknown.astype(np.int64), shares),
        "truncated": Values(predictions.truncated.astype(np.int64), ("no", "yes")),
    }
    if seen is not None:
        found[SEEN] = Values(seen.astype(np.int64), ("no", "yes"))
    groups = [class_group(predictions)]
    groups += [Group(by, scored(predictions, values)) for by, values in found.items()]
    groups += [
        Group(name, scored(predictions, Values.of_cells(cells)), column=True)
        for name, cells in columns.items()
    ]
    return [group for group in groups if len(group.slices) > 1]


def scored(predictions: Predictions, values: Values) -> tuple[Slice, ...]:
    """A slice for each value that occurs."""
    members = [values.codes == code for code in range(len(values.names))]
    pairs = zip(values.names, members, strict=True)
    return tuple(score(predictions, name, chosen) for name, chosen in pairs if chosen.any())


def class_group(predictions: Predictions) -> Group:
    """A slice for each class, or label of a set, in the order of the classes."""
    names, truth = (*predictions.labels, UNSEEN), predictions.truth
    counts = truth.sum(axis=0) if predictions.multi_label else np.bincount(truth)
    most = np.sort(np.argsort(-counts, kind="stable")[:MOST_CLASSES])
    slices = []
    for id in most[counts[most] > 0].tolist():
        chosen = truth[:, id] if predictions.multi_label else truth == id
        slices.append(score(predictions, names[id], chosen))
    return Group("class", tuple(slices))


def score(predictions: Predictions, value: str, chosen: np.ndarray) -> Slice:
    """
    Args:
        chosen: (texts,) bool
    """
    right, examples = int(predictions.correct[chosen].sum()), int(chosen.sum())
    truth = predictions.truth[chosen]
    if predictions.multi_label:
        sets = predictions.chosen_sets[chosen]
        parts = [(truth & sets).sum(axis=0), sets.sum(axis=0), truth.sum(axis=0)]
    else:
        answers, classes = predictions.predicted[chosen], len(predictions.labels) + 1
        same = (truth[truth == answers], answers, truth)
        parts = [np.bincount(some, minlength=classes) for some in same]
    counts = np.stack(parts, axis=1)  # (classes, 3)
    several = (counts[:, 2] > 0).sum() > 1
    f1 = float(macro_f1(counts)) if several else None
    return Slice(value, examples, right / examples, wilson(right, examples), f1)


def weak_slices(groups: Sequence[Group], accuracy: float) -> Iterator[str]:
    """Warnings of slices whose interval lies wholly below the accuracy of all texts.

    The slices with the most mistakes too many come first.
    """
    weak = [
        (group, each)
        for group in groups
        for each in group.slices
        # how training texts do is said apart
        if each.interval is not None and each.interval[1] < accuracy and group.by != SEEN
    ]
    weak.sort(key=lambda pair: -pair[1].examples * (accuracy - pair[1].accuracy))
    for group, each in weak[:WARNED]:
        assert each.interval is not None
        low, high = (f"{100 * end:.1f}" for end in each.interval)
        yield (
            f"{group.by} {each.value}: {100 * each.accuracy:.1f} % of {each.examples:,} texts "
            f"(95 %: {low} to {high}), below the {100 * accuracy:.1f} % of all"
        )
    if len(weak) > WARNED:
        yield f"{len(weak) - WARNED:,} more slices lie below the accuracy of all texts"
