"""Shares of texts with their intervals, and whether a change of them is more than chance."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from textcnn.evaluation.measures.intervals import wilson

SURE = 0.05  # the largest p value of what is more than chance


@dataclass(frozen=True)
class Change:
    """The answers to changed texts, beside those to the texts as they are."""

    name: str  # what was done to the texts
    accuracy: float  # from 0 to 1, of label sets the share of whole sets that are correct
    low: float  # 95 % interval of the accuracy
    high: float
    difference: float  # of the accuracy
    p_value: float  # of McNemar's test: the difference may be chance
    flipped: int  # texts that get another answer
    texts_changed: int | None  # None: all may have changed
    advice: str | None  # a setting that would help, where the answers suffer

    @property
    def is_worse(self) -> bool:
        """Whether accuracy falls by more than chance."""
        return self.difference < 0 and self.p_value < SURE


def compare(
    name: str,
    before: np.ndarray,
    after: np.ndarray,
    *,
    flipped: int,
    changed: int | None = None,
    advice: str | None = None,
) -> Change:
    """
    Args:
        before, after: (texts,) bool, whether the answer to each text is correct.
        flipped: texts that get another answer.
    """
    correct, count = int(after.sum()), len(after)
    low, high = wilson(correct, count) or (0.0, 1.0)
    return Change(
        name,
        accuracy=correct / count,
        low=low,
        high=high,
        difference=(correct - int(before.sum())) / count,
        p_value=mcnemar(before, after),
        flipped=flipped,
        texts_changed=changed,
        advice=advice,
    )


def mcnemar(before: np.ndarray, after: np.ndarray) -> float:
    """Exact p of McNemar's test: do as many texts become correct as become wrong?"""
    lost, gained = int((before & ~after).sum()), int((after & ~before).sum())
    return float(binomial(lost, lost + gained).pvalue) if lost + gained else 1.0


def exceeds(count: int, total: int, share: float) -> bool:
    """Whether a count of texts is larger than a share of them by more than chance."""
    if not total:
        return False
    return float(binomial(count, total, share, alternative="greater").pvalue) < SURE


def binomial(count: int, total: int, share: float = 0.5, **settings: Any) -> Any:
    from scipy.stats import binomtest  # imported here: it takes a second

    return binomtest(count, total, share, **settings)


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def points(difference: float) -> str:
    """A difference of two shares, with its sign."""
    return f"{100 * difference:+.1f}"
