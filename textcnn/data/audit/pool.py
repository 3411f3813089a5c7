"""All rows of a source, whatever their split, with the number of each row in its file."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from textcnn.data.labelled import LabelledTexts, has_label_sets, label_names, label_texts
from textcnn.data.labels.cleaning import clean_labels
from textcnn.data.sources.memory import Rows
from textcnn.data.sources.source import KEYS, Source
from textcnn.data.splits import Division, dealt
from textcnn.errors import InputError


@dataclass(frozen=True)
class Pool:
    """The rows of all splits, one after the other."""

    texts: list[str]
    labels: np.ndarray  # (texts,) class ids; for label sets (texts, classes) bool
    names: tuple[str, ...]  # of the classes, by id
    split: np.ndarray  # (texts,) index into KEYS
    number: np.ndarray  # (texts,) of the row in its split, from 1, without the header
    hashes: np.ndarray  # (texts,) uint64, see `hash_texts`
    notes: tuple[str, ...] = ()  # what the user should know about the rows
    warnings: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def multi_label(self) -> bool:
        return self.labels.ndim == 2

    def split_name(self, row: int) -> str:
        return KEYS[self.split[row]].removeprefix("data.")

    def label(self, row: int, labels: np.ndarray | None = None) -> list[str]:
        """The names of a row's classes: one, or for label sets any number.

        Args:
            labels: in place of the pool's own.
        """
        given = (self.labels if labels is None else labels)[row]
        if self.multi_label:
            return [name for name, present in zip(self.names, given, strict=True) if present]
        return [self.names[given]]

    def rows(self, chosen: np.ndarray) -> Rows:
        """Some rows, as training takes them from memory."""
        places = np.flatnonzero(chosen)
        labels = [self.label(int(row)) for row in places]
        return Rows(
            [self.texts[row] for row in places],
            labels if self.multi_label else [label for (label,) in labels],
        )

    @cached_property
    def strata(self) -> np.ndarray:
        """See `LabelledTexts.strata`."""
        if not self.multi_label:
            return self.labels
        rarest_first = np.argsort(self.labels.sum(axis=0), kind="stable")
        ordered = self.labels[:, rarest_first]
        return np.where(ordered.any(axis=1), ordered.argmax(axis=1), len(self.names))

    def folds(self, count: int, seed: int) -> np.ndarray:
        """The fold of each row, from 0 (texts,) int64; equal texts are in the same fold.

        Raises:
            InputError: there are fewer different texts than folds.
        """
        _, first, same = np.unique(self.hashes, return_index=True, return_inverse=True)
        if len(first) < count:
            raise InputError(
                f"data.folds={count} is too many for {len(first)} different texts; give at most "
                f"{len(first)}"
            )
        return dealt(self.strata[first], count, np.random.default_rng(seed))[same]


def read_pool(source: Source, division: Division) -> Pool:
    """Read every row of a source.

    Args:
        division: limits the rows of each split to `max_examples`.

    Raises:
        InputError: rows can't be read, or hold only one class.
    """
    readers, notes = source.open()
    read = {key: readers[key]() for key in KEYS if key in readers}
    if not read:
        raise InputError(source.no_train)
    tables, more, warnings = clean_labels(read, source)
    several = has_label_sets(next(iter(tables.values())))
    columns = [table["label"] for table in tables.values()]
    names = label_names(pa.chunked_array([chunk for each in columns for chunk in each.chunks]))
    if len(names) < 2 - several:
        held = f"only one class ({names[0]})" if names else "no labels"
        raise InputError(f"the rows hold {held}, so no label can be wrong; check data.label")
    parts: list[LabelledTexts] = []
    split: list[np.ndarray] = []
    numbers: list[np.ndarray] = []
    for key, table in tables.items():
        rows = division.keep(label_texts(table, names, key), key)
        parts.append(rows)
        before = source.corrections.numbers(key, len(read[key]))
        if len(table) < len(before):  # rows without a label are left out
            before = before[read[key]["label"].is_valid().to_numpy()]
        numbers.append(before[rows.rows])
        split.append(np.full(len(rows), KEYS.index(key)))
    return Pool(
        [text for part in parts for text in part.texts()],
        np.concatenate([part.labels for part in parts]),
        names,
        np.concatenate(split),
        np.concatenate(numbers),
        np.concatenate([part.text_hashes for part in parts]),
        (*notes, *source.notes, *more),
        tuple(warnings),
    )
