"""Paired tests: does one model classify more texts correctly than another on the same splits?"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class Difference:
    """How much better one model is than another, in points of accuracy.

    Attributes:
        points: mean difference.
        low, high: 95 % confidence interval.
        p: of the hypothesis that both are equally good, two-sided.
    """

    points: float
    low: float
    high: float
    p: float

    @property
    def verdict(self) -> str:
        if self.p >= 0.05:
            return "within noise"
        return "better" if self.points > 0 else "worse"


def over_texts(ours: Sequence[np.ndarray], theirs: Sequence[np.ndarray], same: bool) -> Difference:
    """A paired t-test over the test texts.

    It asks whether the difference would hold on other texts; the training runs count as given.

    Args:
        ours, theirs: for each fold or seed (texts,) bool, whether a text was classified correctly.
        same: the test texts are the same in every run: a text then counts once, with the mean over
            the runs, because its results depend on each other.
    """
    differences = [
        100.0 * (our.astype(float) - their) for our, their in zip(ours, theirs, strict=True)
    ]
    each = np.mean(differences, axis=0) if same else np.concatenate(differences)
    return paired_t(each)


def over_runs(ours: Sequence[float], theirs: Sequence[float]) -> Difference:
    """A paired t-test over folds or seeds, for accuracies in percent.

    It includes the noise of training, but needs many runs to find small differences.
    """
    return paired_t(np.asarray(ours, float) - np.asarray(theirs, float))


def paired_t(differences: np.ndarray) -> Difference:
    """
    Args:
        differences: (pairs,), at least 2.
    """
    count, mean = len(differences), float(differences.mean())
    error = float(differences.std(ddof=1)) / math.sqrt(count)
    if error == 0:  # all equal
        return Difference(mean, mean, mean, 1.0 if mean == 0 else 0.0)
    width = float(stats.t.ppf(0.975, count - 1)) * error
    p = float(2 * stats.t.sf(abs(mean) / error, count - 1))
    return Difference(mean, mean - width, mean + width, p)


def mcnemar(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Exact p of McNemar's test on the texts that only one of two models classifies correctly.

    Args:
        ours, theirs: (texts,) bool.
    """
    only_ours, only_theirs = int((ours & ~theirs).sum()), int((~ours & theirs).sum())
    if not only_ours + only_theirs:
        return 1.0
    return float(stats.binomtest(only_ours, only_ours + only_theirs).pvalue)
