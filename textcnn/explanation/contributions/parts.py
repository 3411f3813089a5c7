"""Logits as sums: what each n-gram of a text adds to the logits of some classes."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from textcnn.text.spans import Span

NETWORK, NGRAMS, SUBWORDS = "network", "ngrams", "subwords"  # what weighs an n-gram


class Ngram(NamedTuple):
    """Tokens that follow each other in a text."""

    source: str  # NETWORK, NGRAMS, or SUBWORDS: a word outside the vocabulary
    places: tuple[Span, ...]  # first token and the one after the last, of each occurrence
    opens: bool = False  # it contains the start of the text
    closes: bool = False  # it contains the end of the text


class Parts:
    """The logits of some classes of one text: a constant, plus what each n-gram adds.

    Attributes:
        constant: (classes,) float64
        added: of each n-gram (classes,) float64
    """

    def __init__(self, constant: np.ndarray):
        self.constant = constant
        self.added: dict[Ngram, np.ndarray] = {}

    def add(self, ngram: Ngram, weights: np.ndarray) -> None:
        """
        Args:
            weights: (classes,) what it adds to the logits, beside what it added before.
        """
        before = self.added.get(ngram)
        self.added[ngram] = weights if before is None else before + weights

    @property
    def sum(self) -> np.ndarray:
        """(classes,) the logits."""
        return self.constant + np.sum([np.zeros_like(self.constant), *self.added.values()], axis=0)


def combined(parts: Sequence[Parts], weights: Iterable[float]) -> Parts:
    """The weighted sum of logits of the same classes."""
    total = Parts(np.zeros_like(parts[0].constant))
    for each, weight in zip(parts, weights, strict=True):
        total.constant = total.constant + weight * each.constant
        for ngram, added in each.added.items():
            total.add(ngram, weight * added)
    return total
