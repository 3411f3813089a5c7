"""Texts with their classes: some or all rows of a source."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from textcnn.data.input_texts import ROW
from textcnn.data.sources.carried import OTHERS
from textcnn.data.texts import Texts, text_digest
from textcnn.errors import InputError

NAMES_SHOWN = 20
# Columns of probabilities, beside the classes in `label`: of classes of which a text has one, so
# that they add up to 1; and of labels that a text has or lacks.
SHARES, PRESENCES = "shares", "presences"
# Rows that are copied together for a fingerprint: an Arrow column of strings holds at most 2 GB.
ROWS_AT_ONCE = 10_000


@dataclass(frozen=True)
class LabelledTexts:
    """Rows of a source, in order, with their classes and perhaps weights and soft labels."""

    source: Texts  # every text of the source
    rows: np.ndarray  # (texts,) int64, indices into `source`
    labels: np.ndarray  # (texts,) int64 class ids; for label sets (texts, classes) bool
    names: tuple[str, ...]  # of the classes, by id
    weights: np.ndarray | None = None  # (texts,) float32, of each text in the loss; None: all 1
    # (texts, classes) float32, the probability of each class; `labels` then has the most probable
    # class, the first of equal ones, and for label sets those of at least 0.5; None: hard labels
    targets: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def text(self, index: int) -> str:
        return self.source[self.rows[index]]

    def texts(self, count: int | None = None) -> list[str]:
        """The first `count` texts; None: all."""
        chosen: list[str] = self.source.column.take(pa.array(self.rows[:count])).to_pylist()
        return chosen

    @property
    def numbers(self) -> np.ndarray:
        """(texts,) int64: the row of each text in its file or split, from 1 without the header."""
        numbers: np.ndarray = self.source.numbers[self.rows]
        return numbers

    def others(self) -> list[dict[str, Any]]:
        """The other columns of each text; empty dictionaries where none were read."""
        if self.source.others is None:
            return [{} for _ in self.rows]
        cells = self.source.others.take(pa.array(self.rows)).to_pylist()
        return [{} if cell is None else json.loads(cell) for cell in cells]

    def select(self, chosen: np.ndarray) -> "LabelledTexts":
        """Some of these rows: a bool mask, or indices in the order to use."""
        columns: dict[str, Any] = {
            name: None if (column := getattr(self, name)) is None else column[chosen]
            for name in ("rows", "labels", "weights", "targets")
        }
        return replace(self, **columns)

    @property
    def multi_label(self) -> bool:
        return self.labels.ndim == 2

    @property
    def soft_labels(self) -> np.ndarray:
        """(texts, classes) float32: `targets`, or 1 for the classes that a text has."""
        if self.targets is not None:
            return self.targets
        member = self.labels if self.multi_label else np.eye(len(self.names))[self.labels]
        return member.astype(np.float32)

    @property
    def text_hashes(self) -> np.ndarray:
        """(texts,) uint64: equal for texts that differ in case and white space only."""
        return self.source.text_hashes[self.rows]

    @property
    def counts(self) -> np.ndarray:
        """(classes,) int64: number of texts in each class; of soft labels the most probable."""
        if self.multi_label:
            return self.labels.sum(axis=0)
        return np.bincount(self.labels, minlength=len(self.names))

    @cached_property
    def strata(self) -> np.ndarray:
        """(texts,) int64: the groups from which stratified draws take equal fractions.

        The class of a text; of several labels the rarest, which needs it most; for no label the
        number of classes.
        """
        if not self.multi_label:
            return self.labels
        rarity = np.argsort(np.argsort(self.counts, kind="stable"))  # 0 for the rarest class
        ranks = np.where(self.labels, rarity, len(self.names))  # (texts, classes)
        return ranks.min(axis=1, initial=len(self.names))

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of every text, its classes, soft labels and weight, in order."""
        return self.digest()

    def digest(self, *, rows_at_once: int = ROWS_AT_ONCE) -> str:
        """
        Args:
            rows_at_once: texts that are copied together, which limits memory.
        """
        column = self.source.column
        blocks = np.array_split(self.rows, len(self.rows) // rows_at_once + 1)
        chunks = [chunk for block in blocks for chunk in column.take(pa.array(block)).chunks]
        texts = text_digest(pa.chunked_array(chunks, pa.string()))
        parts = [texts.encode(), json.dumps(self.names).encode(), self.labels.tobytes()]
        if self.weights is not None:
            parts.append(self.weights.tobytes())
        if self.targets is not None:
            parts += [b"targets", self.targets.tobytes()]
        return hashlib.sha256(b"\0".join(parts)).hexdigest()


def join(first: LabelledTexts, second: LabelledTexts) -> LabelledTexts:
    """The rows of two splits with the same classes, in order."""
    assert first.names == second.names
    source, places = first.source, second.rows
    if second.source is not source:
        chunks = [*source.column.chunks, *second.source.column.chunks]
        source = Texts(pa.chunked_array(chunks, pa.string()), source.kept)
        places = places + len(first.source)
    weights = None
    if first.weights is not None or second.weights is not None:
        both = [
            np.ones(len(each), np.float32) if each.weights is None else each.weights
            for each in (first, second)
        ]
        weights = np.concatenate(both)
    targets = None
    if first.targets is not None or second.targets is not None:
        targets = np.concatenate([first.soft_labels, second.soft_labels])
    return LabelledTexts(
        source,
        np.concatenate([first.rows, places]),
        np.concatenate([first.labels, second.labels]),
        first.names,
        weights,
        targets,
    )


def has_label_sets(rows: pa.Table) -> bool:
    """Whether a text of these rows has any number of labels, not one class."""
    return pa.types.is_list(rows["label"].type) and SHARES not in rows.column_names


def label_names(labels: pa.ChunkedArray, known: Sequence[str] = ()) -> tuple[str, ...]:
    """The names of the classes: in numerical order if all are whole numbers, else by spelling.

    Args:
        labels: strings or lists of strings.
        known: more classes, which may be among the labels.
    """
    flat = pc.list_flatten(labels) if pa.types.is_list(labels.type) else labels
    names = list(dict.fromkeys([*pc.unique(flat).to_pylist(), *known]))
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
    fix: str = "",
    kept: bool = True,
) -> LabelledTexts:
    """Rows with class ids in place of class names.

    Args:
        rows: `text`, `label` (a string or a list of strings) and optionally `weight`. For soft
            labels `label` has the classes, and SHARES or PRESENCES the probability of each.
        names: of the classes, by id.
        key: what messages call the rows.
        first_row: the number of the first row in messages.
        known_from: where `names` come from, for messages.
        fix: what to do about a row with another class, for messages.
        kept: see `Texts`.

    Raises:
        InputError: a class is not in `names`.
    """
    labels = rows["label"]
    several = pa.types.is_list(labels.type)
    soft = next((name for name in (SHARES, PRESENCES) if name in rows.column_names), None)
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
            f"{known}{fix}"
        )
    numbers = ids.to_numpy().astype(np.int64)
    if several:
        matrix = np.zeros((len(rows), len(names)), dtype=bool)  # (texts, classes)
        matrix[owners, numbers] = True
        numbers = matrix
    targets = None
    if soft is not None:
        targets = np.zeros((len(rows), len(names)), np.float32)  # (texts, classes)
        shares = pc.list_flatten(rows[soft]).to_numpy().astype(np.float32)
        # added: a text may name a class twice, in two spellings
        np.add.at(targets, (owners, ids.to_numpy()), shares)
        targets = targets.clip(max=1)
        numbers = targets.argmax(axis=1) if soft == SHARES else targets >= 0.5
    weights = rows["weight"].to_numpy() if "weight" in rows.column_names else None
    texts = Texts(
        rows["text"],
        kept,
        numbers=rows[ROW].to_numpy() if ROW in rows.column_names else None,
        others=rows[OTHERS] if OTHERS in rows.column_names else None,
    )
    return LabelledTexts(texts, np.arange(len(rows)), numbers, tuple(names), weights, targets)
