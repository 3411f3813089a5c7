"""Paired tests: does one model classify more texts correctly than another on the same splits?"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

TOLERANCE = 1e-9  # of sums of thirds, fifths, ...


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


def paired_t(differences: np.ndarray, clusters: np.ndarray | None = None) -> Difference:
    """
    Args:
        differences: (pairs,), at least 2.
        clusters: (pairs,) int, equal for pairs that depend on each other, such as those of the same
            text; at least 2 clusters. Their sums count as independent (the ratio estimator of
            cluster sampling). None: all pairs are independent.
    """
    pairs, mean = len(differences), float(differences.mean())
    deviations = differences - mean
    if clusters is not None:
        deviations = np.asarray(np.bincount(clusters, deviations), dtype=float)
    count = len(deviations)
    error = math.sqrt(float((deviations**2).sum()) * count / (count - 1)) / pairs
    if error <= TOLERANCE:  # all equal
        return Difference(mean, mean, mean, 1.0 if abs(mean) <= TOLERANCE else 0.0)
    width = float(stats.t.ppf(0.975, count - 1)) * error
    p = float(2 * stats.t.sf(abs(mean) / error, count - 1))
    return Difference(mean, mean - width, mean + width, p)


def mcnemar(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Exact p of McNemar's test on the texts that only one of two models classifies correctly.

    Args:
        ours, theirs: (texts,) bool.
    """
    return sign_test(ours.astype(float) - theirs)


def sign_test(differences: np.ndarray) -> float:
    """Exact p of the hypothesis that positive and negative differences are equally likely.

    With differences of one run each, -1, 0 or 1, this is McNemar's test.

    Args:
        differences: (texts,); those of 0 count nowhere.
    """
    positive = int((differences > TOLERANCE).sum())
    negative = int((differences < -TOLERANCE).sum())
    if not positive + negative:
        return 1.0
    return float(stats.binomtest(positive, positive + negative).pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """p values of several tests, adjusted so that a single false finding among all is unlikely.

    S. Holm, A simple sequentially rejective multiple test procedure, 1979.
    """
    order = np.argsort(p_values, kind="stable")
    steps = np.arange(len(order), 0, -1)
    raised = np.maximum.accumulate(np.asarray(p_values, float)[order] * steps)
    adjusted = np.empty(len(order))
    adjusted[order] = raised.clip(max=1.0)
    return [float(each) for each in adjusted]
