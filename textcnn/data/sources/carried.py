"""Columns that are neither text nor label, carried along for what is reported about the texts."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from textcnn.data.input_texts import ROW
from textcnn.system.atomic import without_nan

# Beside `text` and `label`: the other columns of a row as a JSON object. ROW is its number in its
# file or split, from 1 without the header.
OTHERS = "others"


def others_json(row: Mapping[str, Any], used: Collection[str]) -> str:
    """The columns of a row but for those used, as JSON; columns without a name are left out."""
    others = {name: value for name, value in row.items() if name and name not in used}
    try:
        return json.dumps(without_nan(others), default=str)
    except (ValueError, RecursionError):  # too deep, or an infinite number as a key
        return json.dumps(dict.fromkeys(others))


def columns_to_carry(schema: pa.Schema, used: Sequence[str]) -> list[str]:
    """The columns in use, and the others but for images and other bytes, which may be large."""
    others = [field.name for field in schema if field.name not in used and not bytes_in(field.type)]
    return [*used, *others]


def bytes_in(kind: pa.DataType) -> bool:
    """Whether a type holds bytes, or lists or objects of bytes."""
    plain = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
    if any(check(kind) for check in (*plain, pa.types.is_binary_view)):
        return True
    return any(bytes_in(kind.field(place).type) for place in range(kind.num_fields))


def table_others(table: pa.Table, used: Collection[str], features: Any) -> pa.Array:
    """The column OTHERS of an Arrow table.

    Args:
        features: of `datasets`, which may know the names of classes.
    """
    names = [name for name in table.column_names if name and name not in used]
    cells = {name: column_cells(table[name], features.get(name)) for name in names}
    rows = (
        {name: cells[name][row] for name in names} for row in range(len(table))
    )  # not `to_pylist` of the table: a column may be unreadable
    return pa.array([others_json(row, ()) for row in rows], pa.string())


def column_cells(column: pa.ChunkedArray, feature: Any) -> list[Any]:
    """The cells of a column, None where Python has no such value; ids of classes are names."""
    try:
        cells: list[Any] = column.to_pylist()
    except (ValueError, OverflowError, pa.ArrowException):  # a year 10,000, or not UTF-8
        return [None] * len(column)
    names = getattr(feature, "names", None)
    if names is None:
        return cells
    return [names[id] if isinstance(id, int) and 0 <= id < len(names) else None for id in cells]


def numbered(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The blocks of a file or split with the column ROW."""
    first = 1
    for table in tables:
        numbers = pa.array(np.arange(first, first + len(table)))
        first += len(table)
        yield table.append_column(ROW, numbers)
