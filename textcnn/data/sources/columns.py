"""The columns of a table that textcnn reads: texts, labels and weights."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from textcnn.data.labelled import PRESENCES, SHARES
from textcnn.data.sources.label_cells import NAMES_A_CLASS_TWICE, label_cells, weight
from textcnn.data.sources.lines import is_empty
from textcnn.errors import InputError
from textcnn.system.terminal import argument

WANTS_LISTS = "set data.multi_label=true if a text may have several labels"
WANTS_PROBABILITIES = "if these are probabilities of classes, set data.label_kind=probabilities"
WANTS_SEPARATOR = (
    ", not a list; set the separator between labels, for example "
    f"{argument('data.label_separator', '|')}"
)


@dataclass(frozen=True)
class Columns:
    """The columns that hold the text, the label or labels, and the weight of a row."""

    text: tuple[str, ...]  # joined in this order by a blank
    labels: tuple[str, ...]  # one, unless `kind` has a column for each class or annotator
    multi_label: bool = False
    separator: str | None = None  # between several labels in a string; None: they are lists
    kind: str = "names"  # what `labels` hold: names, probabilities, votes or indicators
    classes: tuple[str, ...] | None = None  # in the order of `labels`, or of a list in one
    weight: str | None = None

    @property
    def label(self) -> str:
        return self.labels[0]

    @property
    def names(self) -> list[str]:
        more = [] if self.weight is None else [self.weight]
        return list(dict.fromkeys([*self.text, *self.labels, *more]))

    @property
    def known_classes(self) -> tuple[str, ...]:
        """The classes that the configuration names; empty if only the rows know them."""
        if self.classes is not None:
            return self.classes
        one_each = self.kind == "indicators" or (len(self.labels) > 1 and self.kind != "votes")
        return self.labels if one_each else ()

    def of(self, key: str) -> "Columns":
        """The columns to read of data.train, data.validation or data.test: only training weighs."""
        return self if key == "data.train" else replace(self, weight=None)

    @property
    def schema(self) -> pa.Schema:
        """Of the rows made from these columns, see `label_texts`."""
        soft = self.kind in ("probabilities", "votes")
        label = pa.list_(pa.string()) if self.multi_label or soft else pa.string()
        fields = {"text": pa.string(), "label": label}
        if soft:
            fields[PRESENCES if self.multi_label else SHARES] = pa.list_(pa.float64())
        if self.weight is not None:
            fields["weight"] = pa.float32()
        return pa.schema(fields)


@dataclass(frozen=True)
class Column:
    """A column of a table, with what messages say about it."""

    values: pa.ChunkedArray
    where: str  # the name of the table
    name: str
    first_row: int = 1  # the number of the first row in messages
    rows: np.ndarray | None = None  # (values,) row of each value; None: one value per row

    def row(self, value: int) -> str:
        row = value if self.rows is None else self.rows[value]
        return f"{self.where}, row {row + self.first_row}"


def table_rows(
    table: pa.Table, columns: Columns, where: str, features: Any = None, first_row: int = 1
) -> pa.Table:
    """The rows of a table as `columns.schema` says.

    Args:
        where: what messages call the table.
        features: the features of `datasets`, which may know the names of classes.
        first_row: the number of the first row in messages.

    Raises:
        InputError: a cell is null, a label is empty or not a class, or a column holds no single
            values.
    """
    texts = [strings(Column(table[name], where, name, first_row)) for name in columns.text]
    text = texts[0]
    if len(texts) > 1:
        wide = [column.cast(pa.large_string()) for column in texts]
        text = pc.binary_join_element_wise(*wide, pa.scalar(" ", pa.large_string()))
    made = {"text": text, **table_labels(table, columns, where, features or {}, first_row)}
    if columns.weight is not None:
        cells = enumerate(table[columns.weight].to_pylist(), start=first_row)
        made["weight"] = pa.array(
            [weight(f"{where}, row {row}", columns.weight, cell) for row, cell in cells],
            pa.float32(),
        )
    return pa.table(made).cast(columns.schema)


def table_labels(
    table: pa.Table, columns: Columns, where: str, features: Any, first_row: int
) -> dict[str, pa.Array | pa.ChunkedArray]:
    """The columns of `columns.schema` between `text` and `weight`. Arguments as `table_rows`."""
    if columns.kind != "names":
        for name in columns.labels:
            check_fields_differ(Column(table[name], where, name))
        given = [named(table[name], features.get(name)) for name in columns.labels]
        rows = enumerate(zip(*given, strict=True), start=first_row)
        made = [label_cells(f"{where}, row {row}", cells, columns) for row, cells in rows]
        fields = [field for field in columns.schema if field.name not in ("text", "weight")]
        return {
            field.name: pa.array([row[field.name] for row in made], field.type) for field in fields
        }
    label = Column(table[columns.label], where, columns.label, first_row)
    feature = features.get(columns.label)
    if columns.multi_label:
        return {"label": label_lists(label, feature, columns.separator)}
    return {"label": single_labels(label, feature)}


def check_fields_differ(column: Column) -> None:
    """
    Raises:
        InputError: the objects of the column name a class twice.
    """
    kind = column.values.type
    if pa.types.is_struct(kind) and len({field.name for field in kind}) < kind.num_fields:
        raise InputError(f"{column.where}: column {column.name!r} {NAMES_A_CLASS_TWICE}")


def named(values: pa.ChunkedArray, feature: Any) -> list[Any]:
    """The cells of a column; ids of classes become their names, and -1 no class."""
    names = getattr(feature, "names", None)
    cells: list[Any] = values.to_pylist()
    if names is None:
        return cells
    return [None if id is None or id < 0 else names[id] for id in cells]


def strings(column: Column) -> pa.ChunkedArray:
    """A column as strings.

    Raises:
        InputError: a cell is null, or the column holds lists, objects or bytes.
    """
    values = column.values
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    kind = values.type
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        raise InputError(f"{column.where}, column {column.name!r} holds {kind}, not single values")
    null = find(pc.is_null(values, nan_is_null=True), True)
    if null is not None:
        raise InputError(is_empty(column.row(null), column.name))
    return values if pa.types.is_string(kind) else values.cast(pa.large_string())


def single_labels(column: Column, feature: Any) -> pa.ChunkedArray:
    if is_list(column.values.type):
        raise InputError(f"{column.where}, column {column.name!r} holds lists; {WANTS_LISTS}")
    kind = column.values.type
    if pa.types.is_struct(kind) or pa.types.is_map(kind):
        raise InputError(
            f"{column.where}, column {column.name!r} holds objects; {WANTS_PROBABILITIES}"
        )
    return class_names(column, feature)


def label_strings(column: Column) -> pa.ChunkedArray:
    """A column of labels as strings.

    Raises:
        InputError: as `strings`, or the column holds fractions.
    """
    kind = column.values.type
    if pa.types.is_floating(kind):
        raise InputError(
            f"{column.where}, column {column.name!r} holds {kind}; labels are strings, "
            "whole numbers, or true and false"
        )
    return strings(column)


def class_names(column: Column, feature: Any) -> pa.ChunkedArray:
    """Labels as strings; ids of classes become their names.

    Args:
        feature: the feature of `datasets`; a ClassLabel has names.

    Raises:
        InputError: as `label_strings`, or a label is empty or not a class.
    """
    values = column.values
    names = getattr(feature, "names", None)
    given = label_strings(column)
    if names is not None:
        wrong = find(pc.or_(pc.less(values, 0), pc.greater_equal(values, len(names))), True)
        if wrong is not None:
            raise InputError(
                f"{column.row(wrong)}: column {column.name!r} holds {values[wrong]}, which is "
                f"not one of its {len(names)} classes; drop the row"
            )
        given = pc.take(pa.chunked_array([pa.array(names, pa.large_string())]), values)
    empty = find(given, "")
    if empty is not None:
        raise InputError(is_empty(column.row(empty), column.name))
    return given


def label_lists(column: Column, feature: Any, separator: str | None) -> pa.ListArray:
    """Any number of labels per row.

    Args:
        separator: between the labels in a string; None: the column holds lists.

    Raises:
        InputError: as `class_names`, or a list is null.
    """
    values, where, name = column.values, column.where, column.name
    if is_list(values.type):
        null = find(pc.is_null(values), True)
        if null is not None:
            raise InputError(f"{column.row(null)}: column {name!r} is null; write [] for no labels")
        rows = pc.list_parent_indices(values).to_numpy()
        inner = Column(pc.list_flatten(values), where, name, column.first_row, rows)
        flat = class_names(inner, getattr(feature, "feature", None))
    elif separator is None:
        raise InputError(f"{where}, column {name!r} holds {values.type}{WANTS_SEPARATOR}")
    else:
        cells = label_strings(column).combine_chunks()
        parts = pc.split_pattern(cells, separator)
        trimmed = pc.utf8_trim_whitespace(parts.flatten())
        given = pc.not_equal(trimmed, "")
        rows = pc.list_parent_indices(parts).filter(given).to_numpy()
        flat = pa.chunked_array([trimmed.filter(given)])
    counts = np.bincount(rows, minlength=len(values))
    offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]), pa.int32())
    return pa.ListArray.from_arrays(offsets, flat.cast(pa.string()).combine_chunks())


def find(values: pa.ChunkedArray, value: object) -> int | None:
    """The index of the first `value`; None if there is none."""
    place: int = pc.index(values, value).as_py()
    return None if place < 0 else place


def is_list(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )


def check_columns(
    where: str | Path, names: Sequence[str], columns: Sequence[str], weight: str | None = None
) -> None:
    """
    Raises:
        InputError: a column of `columns` is not among `names`.
    """
    for column in columns:
        if column not in names:
            key = "data.weight" if column == weight else "data.text and data.label"
            raise InputError(
                f"{where} has no column {column!r}; it has {', '.join(names)}; set {key}"
            )
