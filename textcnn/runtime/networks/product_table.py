"""What each token adds to the sums of a network's convolutions, computed when it is first needed.

A convolution over embeddings is a sum of such rows, one for each token of a window.
"""

from collections.abc import Sequence
from operator import mul
from threading import Lock
from typing import Any

import numpy as np

from textcnn.runtime.description import Network
from textcnn.runtime.subwords import SubwordRows
from textcnn.runtime.tables import Tables
from textcnn.text.vocabulary import PADDING, UNKNOWN

SPARE = 4096  # rows for words outside the vocabulary; more in one block have no vectors of subwords
NEVER = np.float32(-1e30)  # what the token of no window adds: such a window never has the maximum


class ProductTable:
    """The rows of one network.

    Attributes:
        nowhere: the id of what is in no window of a text.
    """

    def __init__(self, network: Network, tables: Tables, prefix: str, size: int, memory: int):
        """
        Args:
            prefix: of the network's tensors.
            size: of the vocabulary.
            memory: limit in bytes; a table that needs more is computed anew for each block.

        Raises:
            KeyError, ValueError: the tensors don't fit the network.
        """
        self.size, self.nowhere = size, size
        widths = [each.kernel_size for each in network.convolutions]
        self.kernels: list[np.ndarray] = []  # (dim, places x filters)
        if network.embedding == "vectors":
            self.source = tables.table(f"{prefix}embedding", size, None)
            dim = self.source.shape[1]
            for number, width in enumerate(widths):
                name = f"{prefix}convolutions.{number}.weight"
                kernel = tables.floats(name, None, width, dim)
                self.kernels.append(kernel.transpose(2, 1, 0).reshape(dim, -1))
            self.places = widths or [1]
            self.filters = [
                each.shape[1] // width for each, width in zip(self.kernels, widths, strict=True)
            ]
            self.filters = self.filters or [dim]
        else:
            self.places = [1] * len(widths) if network.region == "bow" else widths
            self.source = tables.table(f"{prefix}rows", size, sum(self.places), None)
            self.filters = [self.source.shape[2]] * len(widths)
        self.subwords = None
        if network.embedding == "vectors":
            self.subwords = subword_vectors(tables, prefix, self.source.shape[1])
        self.spare = SPARE if self.subwords is not None else 0
        ids = size + 1 + self.spare
        numbers = sum(map(mul, self.places, self.filters))
        self.whole = 4 * ids * numbers <= memory
        self.begin()

    def begin(self) -> None:
        """Start with tables without any row."""
        ids = self.size + 1 + self.spare
        # memory that is never written takes none
        self.rows = self.empty(ids) if self.whole else []
        self.ready = np.zeros(ids, bool)
        self.numbers: dict[str, int] = {}  # of words that have a spare row
        self.more = np.zeros((self.spare, *self.source.shape[1:]), np.float32)  # their vectors
        self.alone = Lock()  # for spare rows

    def __getstate__(self) -> dict[str, Any]:
        """Without rows, which can be computed again, and the lock, which can't be pickled."""
        made = ("rows", "ready", "numbers", "more", "alone")
        return {name: each for name, each in vars(self).items() if name not in made}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.begin()

    def empty(self, count: int) -> list[np.ndarray]:
        """Tables of so many rows, one for each convolution, without values."""
        widths = map(mul, self.places, self.filters)
        return [np.empty((count, width), np.float32) for width in widths]

    def local(self, ids: np.ndarray) -> tuple[np.ndarray, list[np.ndarray], int]:
        """
        Args:
            ids: (texts, time)

        Returns:
            ids: (texts, time) numbers of rows; that of PADDING is PADDING.
            rows: for each convolution (numbers, places x filters), those of these ids at least.
            nowhere: the number of the row of what is in no window.
        """
        if self.whole:
            if not self.ready.take(ids).all():
                wanted = np.zeros(len(self.ready), bool)  # np.unique's first call imports for 30 ms
                wanted[ids], wanted[PADDING], wanted[self.nowhere] = True, True, True
                missing = np.flatnonzero(wanted & ~self.ready)
                self.fill(self.rows, missing, missing)
                self.ready[missing] = True
            return ids, self.rows, self.nowhere
        distinct, places = np.unique(np.append(ids, np.int32(PADDING)), return_inverse=True)
        distinct = np.append(distinct, self.nowhere)
        rows = self.empty(len(distinct))
        self.fill(rows, np.arange(len(distinct)), distinct)
        return places[:-1].reshape(ids.shape), rows, len(distinct) - 1

    def fill(self, rows: list[np.ndarray], numbers: np.ndarray, ids: np.ndarray) -> None:
        """Write the rows of these ids at these numbers."""
        known = ids < self.size
        added = self.source.rows(np.where(known, ids, PADDING))
        if not known.all():
            added[ids > self.nowhere] = self.more[ids[ids > self.nowhere] - self.nowhere - 1]
        first = 0
        for i, (table, places) in enumerate(zip(rows, self.places, strict=True)):
            if added.ndim == 3:  # (numbers, places, filters)
                table[numbers] = added[:, first : first + places].reshape(len(numbers), -1)
                first += places
            else:
                table[numbers] = added @ self.kernels[i] if self.kernels else added
            table[numbers[ids == PADDING]] = 0.0
            table[numbers[ids == self.nowhere]] = NEVER

    def number_words(self, ids: np.ndarray, words: Sequence[str]) -> np.ndarray:
        """The ids (texts, time), with spare rows where they are UNKNOWN; under `alone` only."""
        assert self.subwords is not None
        new = [word for word in dict.fromkeys(words) if word not in self.numbers]
        if len(self.numbers) + len(new) > self.spare:
            self.numbers.clear()
            new = list(dict.fromkeys(words))[: self.spare]
        if new:
            place = np.arange(len(self.numbers), len(self.numbers) + len(new))
            means = self.subwords.means(new)
            if means.shape[1] < self.source.shape[1]:  # multichannel
                means = np.concatenate([means, means], axis=1)
            unknown = self.source.rows(np.array([UNKNOWN]))
            self.more[place] = np.where(means.any(axis=1, keepdims=True), means, unknown)
            numbers = place + self.nowhere + 1
            self.ready[numbers] = False
            self.numbers.update(zip(new, numbers.tolist(), strict=True))
        numbered = ids.copy()
        numbered[ids == UNKNOWN] = [self.numbers.get(word, UNKNOWN) for word in words]
        return numbered


def subword_vectors(tables: Tables, prefix: str, dim: int) -> SubwordRows | None:
    """The vectors of subwords, of the dimension of the embedding or, with two channels, half."""
    name = f"{prefix}subwords"
    if f"{name}.keys" not in tables:
        return None
    own = tables.table(f"{name}.weights", None, None).shape[1]
    if own not in (dim, dim / 2):
        raise ValueError(f"{name}.weights has {own} dimensions, expected {dim}")
    return SubwordRows.of(name, tables, own)
