"""Texts of similar lengths side by side."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from textcnn.runtime.encoding import Encoded
from textcnn.text.vocabulary import PADDING, UNKNOWN


@dataclass(frozen=True)
class Block:
    """Some texts, shortest first."""

    rows: np.ndarray  # (texts,) which texts these are
    ids: np.ndarray  # (texts, time) int32, PADDING after a text's end
    lengths: np.ndarray  # (texts,) int64
    words: Sequence[str] = ()  # the words behind UNKNOWN ids, text by text, if they are needed

    @property
    def around(self) -> np.ndarray:
        """(texts, time + 2): the ids with PADDING before and after them."""
        around = np.zeros((len(self.ids), self.ids.shape[1] + 2), np.int32)
        around[:, 1:-1] = self.ids
        return around

    @property
    def texts_of_words(self) -> np.ndarray:
        """(words,) the text of each word, as a place in this block."""
        return np.nonzero(self.ids == UNKNOWN)[0]


def blocks_of(encoded: Encoded, tokens: int, equal: bool) -> Iterator[Block]:
    """All texts in blocks.

    Args:
        tokens: in a block, with padding; a longer text is a block of its own.
        equal: whether the texts of a block have the same length.
    """
    lengths = encoded.lengths
    if len(lengths) == 1:
        yield Block(np.zeros(1, np.int64), encoded.ids[None], lengths, encoded.words)
        return
    order = np.argsort(lengths, kind="stable")
    ordered, starts = lengths[order], encoded.starts[order]
    padded = np.append(encoded.ids, np.int32(PADDING))
    unknown = Unknown(encoded)
    first = 0
    while first < len(order):
        last = end_of(ordered, first, tokens, equal)
        own, time = ordered[first:last], np.arange(ordered[last - 1])
        places = starts[first:last, None] + time  # (texts, time)
        if own[0] < own[-1]:
            places[time >= own[:, None]] = len(padded) - 1
        rows = order[first:last]
        yield Block(rows, padded.take(places), own, unknown.words(rows))
        first = last


def end_of(ordered: np.ndarray, first: int, tokens: int, equal: bool) -> int:
    """Where the block that begins with text `first` ends."""
    if equal:
        end = int(np.searchsorted(ordered, ordered[first], side="right"))
        return min(end, first + max(tokens // max(int(ordered[first]), 1), 1))
    # the longest text that may come last makes all others as long
    most = first + max(tokens // max(int(ordered[first]), 1), 1)
    own = ordered[first:most]
    fits = own * np.arange(1, len(own) + 1) <= tokens
    return first + max(int(np.count_nonzero(fits)), 1)


class Unknown:
    """The words behind UNKNOWN ids, by text."""

    def __init__(self, encoded: Encoded):
        self.all = encoded.words
        if len(self.all):
            ends = np.cumsum(encoded.ids == UNKNOWN)
            before = np.concatenate([[0], ends])
            self.first = before[encoded.starts]
            self.last = before[encoded.starts + encoded.lengths]

    def words(self, rows: np.ndarray) -> list[str]:
        """The words of some texts, one text after the other."""
        if not len(self.all):
            return []
        found: list[str] = []
        for first, last in zip(self.first[rows].tolist(), self.last[rows].tolist(), strict=True):
            found += self.all[first:last]
        return found
