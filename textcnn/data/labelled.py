"""Texts with their classes: some or all rows of a source."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from textcnn.data.texts import Texts, text_digest
from textcnn.errors import InputError

NAMES_SHOWN = 20
# Rows that are copied at a time: a column of strings holds 2 GB at most.
HASHED_AT_ONCE = 10_000


@dataclass(frozen=True)
class LabelledTexts:
    """Rows of a source, in order, and the classes of each."""

    source: Texts  # every text of the source
    rows: np.ndarray  # (texts,) int64, which of the source's these are
    labels: np.ndarray  # (texts,) int64 ids, or with several labels a text (texts, classes) bool
    names: tuple[str, ...]  # of the classes, by id

    def __len__(self) -> int:
        return len(self.rows)

    def text(self, index: int) -> str:
        return self.source[self.rows[index]]

    def texts(self, count: int | None = None) -> list[str]:
        """The first `count` texts, or all."""
        chosen: list[str] = self.source.column.take(pa.array(self.rows[:count])).to_pylist()
        return chosen

    def select(self, chosen: np.ndarray) -> "LabelledTexts":
        """Some of these rows: a mask, or places in the order to take them in."""
        return replace(self, rows=self.rows[chosen], labels=self.labels[chosen])

    @property
    def multi_label(self) -> bool:
        return self.labels.ndim == 2

    @property
    def text_hashes(self) -> np.ndarray:
        """A hash of each text but for case and white space: (texts,) uint64."""
        return self.source.text_hashes[self.rows]

    @property
    def counts(self) -> np.ndarray:
        """(classes,) int64: the texts of each class."""
        if self.multi_label:
            return self.labels.sum(axis=0)
        return np.bincount(self.labels, minlength=len(self.names))

    @cached_property
    def strata(self) -> np.ndarray:
        """(texts,) int64: what rows are drawn by, so that every class gets its share.

        The class; of several the rarest, which needs it most; of none the number of classes.
        """
        if not self.multi_label:
            return self.labels
        rarity = np.argsort(np.argsort(self.counts, kind="stable"))  # 0 for the rarest class
        ranks = np.where(self.labels, rarity, len(self.names))  # (texts, classes)
        return ranks.min(axis=1, initial=len(self.names))

    @cached_property
    def fingerprint(self) -> str:
        """A hash of every text and its classes, in order."""
        column = self.source.column
        blocks = np.array_split(self.rows, len(self.rows) // HASHED_AT_ONCE + 1)
        chunks = [chunk for block in blocks for chunk in column.take(pa.array(block)).chunks]
        texts = text_digest(pa.chunked_array(chunks, pa.string()))
        parts = [texts.encode(), json.dumps(self.names).encode(), self.labels.tobytes()]
        return hashlib.sha256(b"\0".join(parts)).hexdigest()


def label_names(labels: pa.ChunkedArray) -> tuple[str, ...]:
    """The names of the classes: by number if all are whole numbers, else by spelling.

    Args:
        labels: strings or lists of strings.
    """
    flat = pc.list_flatten(labels) if pa.types.is_list(labels.type) else labels
    names = pc.unique(flat).to_pylist()
    try:
        return tuple(sorted(names, key=lambda name: (int(name), name)))
    except ValueError:
        return tuple(sorted(names))


def label_texts(
    rows: pa.Table,
    names: Sequence[str],
    key: str,
    first_row: int = 1,
    known_from: str = "training",
    kept: bool = True,
) -> LabelledTexts:
    """Rows of `text` and `label` with the ids of the classes in place of their names.

    Args:
        key: what the rows are called in messages.
        first_row: the number of the first in messages.
        known_from: where `names` were found, in messages.
        kept: see `Texts`.

    Raises:
        InputError: a class that is not among `names`.
    """
    labels = rows["label"]
    several = pa.types.is_list(labels.type)
    flat = pc.list_flatten(labels) if several else labels
    ids = pc.index_in(flat, pa.array(names, pa.string())).combine_chunks()
    owners = pc.list_parent_indices(labels).to_numpy() if several else np.arange(len(rows))
    if ids.null_count:
        place = pc.index(pc.is_null(ids), True).as_py()
        more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
        known = ", ".join(names[:NAMES_SHOWN]) + more
        name = flat[place].as_py()
        raise InputError(
            f"{key}, row {owners[place] + first_row}: the label {name!r} is not in {known_from}: "
            f"{known}"
        )
    numbers = ids.to_numpy().astype(np.int64)
    if several:
        matrix = np.zeros((len(rows), len(names)), dtype=bool)  # (texts, classes)
        matrix[owners, numbers] = True
        numbers = matrix
    return LabelledTexts(Texts(rows["text"], kept), np.arange(len(rows)), numbers, tuple(names))
