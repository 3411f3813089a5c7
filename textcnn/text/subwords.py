"""The parts of words: character n-grams, as in fastText (Bojanowski et al. 2017).

"Enriching Word Vectors with Subword Information".
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from textcnn.text.ranges import ranges

SHORTEST, LONGEST = 3, 6  # characters of a subword, the marks of a word's ends included
START, END = "<", ">"
# An odd number: the keys of character n-grams are polynomials in it.
BASE = np.uint64(0x9E3779B97F4A7C15)
POSITIVE = np.uint64(2**63 - 1)


class Subwords(NamedTuple):
    """The subwords of some words, end to end."""

    keys: np.ndarray  # (all subwords,) int64, at least 0: equal for equal subwords
    offsets: np.ndarray  # (words + 1,) int64: word i has keys[offsets[i] : offsets[i + 1]]

    def select(self, words: np.ndarray) -> "Subwords":
        """Those of some of the words, in this order."""
        counts = np.diff(self.offsets)[words]
        offsets = np.concatenate([[0], np.cumsum(counts)])
        return Subwords(self.keys[ranges(self.offsets[words], counts)], offsets)


def subwords_of(words: Sequence[str]) -> Subwords:
    """The character n-grams of each word between the marks < and >, in the order of their starts.

    `<at>` has the subwords `<at`, `<at>` and `at>`. A word of one character has one subword, and an
    empty word none.
    """
    characters = "".join([f"{START}{word}{END}" for word in words])
    codes = np.frombuffer(characters.encode("utf-32-le", "surrogatepass"), np.uint32)
    lengths = np.fromiter(map(len, words), np.int64, len(words)) + 2
    ends = np.cumsum(lengths)
    left = np.repeat(ends, lengths) - np.arange(len(codes))  # characters from here to a word's end
    keys = np.zeros((len(codes), LONGEST - SHORTEST + 1), np.uint64)
    key = np.zeros(len(codes), np.uint64)
    for length in range(1, LONGEST + 1):
        last = np.zeros(len(codes), np.uint64)
        last[: max(len(codes) - length + 1, 0)] = codes[length - 1 :]
        key = key * BASE + last
        if length >= SHORTEST:
            keys[:, length - SHORTEST] = key & POSITIVE
    there = left[:, None] >= np.arange(SHORTEST, LONGEST + 1)  # (characters, lengths)
    before = np.concatenate([[0], np.cumsum(there.sum(axis=1))])
    offsets = before[np.concatenate([[0], ends])]
    return Subwords(keys[there].astype(np.int64), offsets)
