"""Rows from Python lists: texts, their labels, and perhaps a weight of each text."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from textcnn.data.labelled import SHARES
from textcnn.data.sources.columns import Columns
from textcnn.data.sources.label_cells import ALL_WEIGHTS_ARE_ZERO, LARGEST_WEIGHT, label_cells
from textcnn.data.sources.lines import SURROGATE, is_empty
from textcnn.errors import InputError


@dataclass(frozen=True)
class Rows:
    """Labelled texts of a Python program; any sequences, such as lists and NumPy arrays."""

    texts: Sequence[str] | np.ndarray
    # of each text a string, or with several labels a list or set of strings, or for soft labels
    # {class: probability}; None: no labels
    labels: Sequence[Any] | np.ndarray | None
    weights: Sequence[float] | np.ndarray | None = None  # of each text in the loss; None: all 1

    def table(self, key: str, multi_label: bool) -> pa.Table:
        """The rows as `label_texts` takes them; without labels only the column `text`.

        Args:
            key: what messages call the rows.
            multi_label: the labels of a text are a collection of strings.

        Raises:
            InputError: sequences of different length, no rows, a text or label that is not a
                string, an empty label, probabilities that don't add up to 1, a weight that is
                not a number from 0 to LARGEST_WEIGHT. The message names the row, counted from 1.
        """
        if isinstance(self.texts, str):
            raise InputError(f"{key}: texts must be a sequence of strings, got one string")
        if len(self.texts) == 0:
            raise InputError(f"{key} holds no rows")
        if self.labels is not None and len(self.labels) != len(self.texts):
            raise InputError(
                f"{key}: {len(self.texts)} texts, but {len(self.labels)} labels; give one per text"
            )
        texts = list(checked_strings(key, "text", enumerate(self.texts, start=1)))
        if self.labels is None:
            return pa.table({"text": pa.array(texts, pa.string())})
        columns = {"text": pa.array(texts, pa.string())}
        if any(isinstance(label, Mapping) for label in self.labels):
            columns |= soft_columns(key, self.labels)
        else:
            check = checked_label_sets if multi_label else checked_labels
            kind = pa.list_(pa.string()) if multi_label else pa.string()
            columns["label"] = pa.array(list(check(key, self.labels)), kind)
        if self.weights is not None:
            columns["weight"] = checked_weights(key, self.weights, len(texts))
        return pa.table(columns)


def soft_columns(key: str, labels: Iterable[Any]) -> dict[str, pa.Array]:
    """`label` and SHARES, from probabilities by class; a class name alone has the probability 1.

    Raises:
        InputError: see `Rows.table`.
    """
    columns = Columns((), ("label",), kind="probabilities")
    rows = []
    for row, label in enumerate(labels, start=1):
        given = {label: 1.0} if isinstance(label, str) else label
        rows.append(label_cells(f"{key}, row {row}", [given], columns))
        if rows[-1]["label"] is None:
            raise InputError(is_empty(f"{key}, row {row}", "label"))
    fields = [columns.schema.field(name) for name in ("label", SHARES)]
    return {field.name: pa.array([row[field.name] for row in rows], field.type) for field in fields}


def checked_labels(key: str, labels: Iterable[Any]) -> Iterator[str]:
    """One label per text."""
    for row, label in enumerate(checked_strings(key, "label", enumerate(labels, start=1)), start=1):
        if label == "":
            raise InputError(is_empty(f"{key}, row {row}", "label"))
        yield label


def checked_label_sets(key: str, labels: Iterable[Any]) -> Iterator[list[str]]:
    """Any number of labels per text."""
    for row, several in enumerate(labels, start=1):
        if isinstance(several, str) or not isinstance(several, Iterable):
            raise InputError(
                f"{key}, row {row}: labels must be a list or set of strings, got {several!r:.40}"
            )
        names = list(checked_strings(key, "label", ((row, name) for name in several)))
        if "" in names:
            raise InputError(is_empty(f"{key}, row {row}", "label"))
        yield names


def checked_strings(key: str, column: str, values: Iterable[tuple[int, Any]]) -> Iterator[str]:
    """
    Args:
        values: (row, value) pairs.

    Raises:
        InputError: a value is not a string, or can't be written as UTF-8.
    """
    for row, value in values:
        where = f"{key}, row {row}"
        if not isinstance(value, str):
            raise InputError(f"{where}: the {column} must be a string, got {value!r:.40}")
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise InputError(f"{where}: the {column} {SURROGATE}") from None
        yield str(value)  # NumPy's strings become Python's


def checked_weights(key: str, weights: Sequence[float] | np.ndarray, rows: int) -> pa.Array:
    """(rows,) float32.

    Raises:
        InputError: there are not `rows` weights, or one is not a number from 0 to LARGEST_WEIGHT.
    """
    try:
        values = np.asarray(weights, np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{key}: weights must be numbers, one per text") from None
    if values.shape != (rows,):
        raise InputError(
            f"{key}: weights must be one number per text, got shape {values.shape} for {rows} texts"
        )
    wrong = ~((values >= 0) & (values <= LARGEST_WEIGHT))
    if wrong.any():
        row = int(wrong.argmax())
        raise InputError(
            f"{key}, row {row + 1}: the weight must be a number from 0 to "
            f"{LARGEST_WEIGHT:,.0f}, got {values[row]}"
        )
    if not values.any():
        raise InputError(ALL_WEIGHTS_ARE_ZERO)
    return pa.array(values.astype(np.float32))
