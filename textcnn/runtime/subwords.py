"""Sums of rows over the subwords of words outside the vocabulary."""

from collections.abc import Sequence
from typing import Self

import numpy as np

from textcnn.runtime.hash_table import HashTable
from textcnn.runtime.tables import Table, Tables
from textcnn.text.subwords import subwords_of

LOWER = 0xFFFFFFFF  # a short key is the lower half of a key
REMEMBERED = 20_000  # words whose sums are kept


class SubwordRows:
    """A row of numbers for each subword that it knows."""

    def __init__(self, keys: np.ndarray, rows: Table):
        """
        Args:
            keys: (subwords,) int64, or uint32 for their lower halves.
            rows: (subwords, dim)
        """
        self.short = keys.dtype == np.uint32
        if len(keys) and int(keys.min()) < 0:
            raise ValueError("the keys of subwords are below 0")
        self.table, self.rows = HashTable(keys.astype(np.uint64), 1), rows
        self.sums_of: dict[str, np.ndarray] = {}  # of words that have been seen
        self.means_of: dict[str, np.ndarray] = {}

    @classmethod
    def of(cls, name: str, tables: Tables, dim: int) -> Self | None:
        """The subwords of that name; None if there are none.

        Raises:
            KeyError, ValueError: the tables don't fit each other.
        """
        if f"{name}.keys" not in tables:
            return None
        keys = tables.whole(f"{name}.keys", ("int64", "uint32"), None)
        return cls(keys, tables.table(f"{name}.weights", len(keys), dim))

    def sums(self, words: Sequence[str]) -> np.ndarray:
        """(words, dim): the sum of the rows of each word's subwords."""
        return self.remembered(words, self.sums_of, mean=False)

    def means(self, words: Sequence[str]) -> np.ndarray:
        """(words, dim): the mean row of those of a word's subwords that are known; 0 if none is."""
        return self.remembered(words, self.means_of, mean=True)

    def remembered(
        self, words: Sequence[str], memory: dict[str, np.ndarray], mean: bool
    ) -> np.ndarray:
        found = {word: row for word in words if (row := memory.get(word)) is not None}
        new = list({word: None for word in words if word not in found})
        if new:
            rows = self.compute(new, mean)
            if len(memory) + len(new) > REMEMBERED:
                memory.clear()
            found.update(zip(new, rows, strict=True))
            memory.update(zip(new[:REMEMBERED], rows[:REMEMBERED], strict=True))
        return np.array([found[word] for word in words], np.float32).reshape(len(words), -1)

    def compute(self, words: Sequence[str], mean: bool) -> np.ndarray:
        subwords = subwords_of(words)
        keys = subwords.keys.astype(np.uint64)
        numbers = self.table.look_up(keys & np.uint64(LOWER) if self.short else keys)
        known = numbers > 0
        before = np.concatenate([[0], np.cumsum(known)])[subwords.offsets]  # (words + 1,)
        rows = self.rows.rows(numbers[known] - 1)  # (known subwords, dim)
        counts = np.diff(before)[:, None]
        sums = np.zeros((len(words), self.rows.shape[1]), np.float32)
        some = np.flatnonzero(counts[:, 0])  # reduceat gives a bag without rows the next row
        if len(some):
            sums[some] = np.add.reduceat(rows, before[some], axis=0)
        return sums / np.maximum(counts, 1, dtype=np.float32) if mean else sums
