"""What a score has to beat: always the same answer, and the linear baseline of the run."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import compress
from pathlib import Path

import numpy as np

from textcnn.evaluation.measures.intervals import Interval
from textcnn.evaluation.predictions import Predictions
from textcnn.system.atomic import existing
from textcnn.system.run_dir import METRICS

MORE_NAMES = 3  # of a label set


@dataclass(frozen=True)
class Majority:
    """The most frequent class or label set of the texts, as the answer to all of them."""

    labels: tuple[str, ...]  # one class; of label sets any number
    accuracy: float  # share of the texts that have exactly it

    @property
    def answer(self) -> str:
        shown = ", ".join(map(repr, self.labels[:MORE_NAMES])) or "no label"
        return shown + (", ..." if len(self.labels) > MORE_NAMES else "")

    @property
    def line(self) -> str:
        return f"always answering {self.answer}: {100 * self.accuracy:.1f} %"


@dataclass(frozen=True)
class BaselineScores:
    """What training reported of the linear model over n-grams on the same texts."""

    unit: str  # of the n-grams
    accuracy: float
    macro_f1: float

    @property
    def line(self) -> str:
        return f"baseline, a linear model over {self.unit} n-grams: {100 * self.accuracy:.1f} %"


def majority(predictions: Predictions) -> Majority | None:
    """None if no text has a class that the classifier knows."""
    names, truth = predictions.labels, predictions.truth
    if predictions.multi_label:
        known = ~truth[:, len(names) :].any(axis=1)  # a label that training lacks is no answer
        sets, counts = np.unique(truth[known][:, : len(names)], axis=0, return_counts=True)
        if not len(sets):
            return None
        most = int(counts.argmax())
        return Majority(tuple(compress(names, sets[most])), int(counts[most]) / len(truth))
    counts = np.bincount(truth, minlength=len(names))[: len(names)]
    if not counts.any():
        return None
    return Majority((names[int(counts.argmax())],), int(counts.max()) / len(truth))


def read_baseline(checkpoint: Path) -> BaselineScores | None:
    """The test scores of the linear baseline in the run that a checkpoint belongs to.

    None if the run trained none, or there is nothing to read: a checkpoint may lie anywhere.
    """
    try:
        file = existing(checkpoint).parent / METRICS
        baseline = json.loads(file.read_text(encoding="utf-8"))["baseline"]
        test = baseline["test"]
        scores = [float(test[name]) for name in ("accuracy", "macro_f1")]
        if not all(0 <= score <= 1 for score in scores):
            return None
        return BaselineScores(str(baseline["unit"])[:20], *scores)
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None


def doubts(accuracy: Interval | None, reference: Majority | None) -> Iterator[str]:
    """A warning if the accuracy is not shown to be better than always the same answer."""
    if accuracy is None or reference is None or accuracy[0] > reference.accuracy:
        return
    low, high = (f"{100 * end:.1f}" for end in accuracy)
    always, share = f"always answering {reference.answer}", f"{100 * reference.accuracy:.1f} %"
    if accuracy[1] < reference.accuracy:
        yield f"the classifier is worse than {always} ({share}): {low} to {high} %"
    else:
        yield (
            f"the classifier is no better than {always}: with a probability of 95 % its accuracy "
            f"lies between {low} and {high} %, and {share} is among these"
        )
