"""The columns of a table that textcnn reads: texts, labels and weights."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from textcnn.data.labelled import PRESENCES, SHARES
from textcnn.data.sources.arrow.strings import (
    Column,
    find,
    is_list,
    plain_values,
    strings,
    text_strings,
)
from textcnn.data.sources.carried import OTHERS, columns_to_carry, table_others
from textcnn.data.sources.label_cells import NAMES_A_CLASS_TWICE, label_cells, weight
from textcnn.data.sources.lines import is_empty
from textcnn.data.sources.missing_labels import missing_as, refuse_missing
from textcnn.errors import InputError, NoLabelsError
from textcnn.system.arguments import argument

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
    # how files are read
    encoding: str | None = None  # of text files; None: see `decode`
    header: bool = True  # of CSV and TSV; False: columns are named 1, 2, ...
    missing_label: str = "error"  # rows without a label: error or drop
    carry: bool = False  # the other columns too, see `textcnn.data.sources.carried`

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
        if self.carry:
            fields[OTHERS] = pa.string()
        return pa.schema(fields)

    def wanted(self, schema: pa.Schema) -> list[str]:
        """The columns to read of a table."""
        return columns_to_carry(schema, self.names) if self.carry else self.names


def table_rows(
    table: pa.Table, columns: Columns, where: str, features: Any = None, first_row: int = 1
) -> pa.Table:
    """The rows of a table as `columns.schema` says; `label` is null where there is none.

    Args:
        where: what messages call the table.
        features: the features of `datasets`, which may know the names of classes.
        first_row: the number of the first row in messages.

    Raises:
        InputError: a text is null or not UTF-8, a label is missing or not a class, or a column
            holds no single values.
    """
    texts = [
        text_strings(Column(table[name], where, name, first_row), columns.encoding)
        for name in columns.text
    ]
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
    if columns.carry:
        made[OTHERS] = table_others(table, columns.names, features or {})
    rows = pa.table(made).cast(columns.schema)
    labels = ", ".join(columns.labels)
    what = missing_as([table[name] for name in columns.labels], rows["label"])
    return refuse_missing(rows, where, labels, columns.missing_label, first_row, what)


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
    values, feature = table[columns.label], features.get(columns.label)
    if columns.missing_label == "drop" and getattr(feature, "names", None) is not None:
        values = pc.if_else(pc.less(values, 0), pa.scalar(None, values.type), values)
    label = Column(values, where, columns.label, first_row)
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
    """A column of labels as strings; null where there is none.

    Raises:
        InputError: as `strings`, or the column holds fractions.
    """
    values = plain_values(column.values)
    kind = values.type
    if pa.types.is_floating(kind):  # pandas makes numbers of whole numbers beside a null
        values = pc.if_else(pc.is_nan(values), pa.scalar(None, kind), values)
        whole = pc.all(pc.equal(pc.trunc(values), values)).as_py()
        if whole is False or pc.any(pc.is_inf(values)).as_py():
            raise InputError(
                f"{column.where}, column {column.name!r} holds {kind}; labels are strings, "
                "whole numbers, or true and false"
            )
        values = values.cast(pa.int64())
    return strings(replace(column, values=values), nulls=True)


def class_names(column: Column, feature: Any) -> pa.ChunkedArray:
    """Labels as strings, null where there is none; ids of classes become their names.

    Args:
        feature: the feature of `datasets`; a ClassLabel has names.

    Raises:
        InputError: as `label_strings`, or a label is not a class.
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
    empty = pc.equal(pc.utf8_trim_whitespace(given), "")
    return pc.if_else(empty, pa.scalar(None, given.type), given) if pc.any(empty).as_py() else given


def label_lists(column: Column, feature: Any, separator: str | None) -> pa.ListArray:
    """Any number of labels per row; null where the list is.

    Args:
        separator: between the labels in a string; None: the column holds lists.

    Raises:
        InputError: as `class_names`, or a label in a list is null.
    """
    values, where, name = plain_values(column.values), column.where, column.name
    missing = pc.is_null(values)
    if is_list(values.type):
        rows = pc.list_parent_indices(values).to_numpy()
        inner = Column(pc.list_flatten(values), where, name, column.first_row, rows)
        flat = class_names(inner, getattr(feature, "feature", None))
        if (null := find(pc.is_null(flat), True)) is not None:
            missing = inner.values[null].as_py() is None
            raise InputError(is_empty(inner.row(null), name, null=missing))
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
    labels = flat.cast(pa.string()).combine_chunks()
    mask = missing.combine_chunks() if missing.null_count == 0 else missing
    return pa.ListArray.from_arrays(offsets, labels, mask=mask)


def check_columns(
    where: str | Path,
    names: Sequence[str],
    columns: Sequence[str],
    weight: str | None = None,
    header: bool | None = None,
    labels: Sequence[str] = (),
) -> None:
    """
    Args:
        labels: those of `columns` that hold labels.
        header: True: the names are the first row; False: they are the numbers of the columns;
            None: the file stores them.

    Raises:
        InputError: a column of `columns` is not among `names`; NoLabelsError if it is of `labels`.
    """
    for column in columns:
        if column in names:
            continue
        error = NoLabelsError if column in labels else InputError
        if header is False:
            raise error(
                f"{where} has no column {column!r}; without a header (data.header=false) columns "
                f"are numbers from 1 to {len(names)}, such as data.text=1 data.label=2"
            )
        key = "data.weight" if column == weight else "data.text and data.label"
        hint = ""
        if header and not set(columns) & set(names):
            hint = "; if its first row holds no names, data.header=false data.text=1 data.label=2"
        raise error(f"{where} has no column {column!r}; it has {', '.join(names)}; set {key}{hint}")
