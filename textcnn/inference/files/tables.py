"""Blocks of answers as tables of Arrow, from which Parquet is written."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from textcnn.errors import InputError
from textcnn.inference.files.columns import CarriedColumns
from textcnn.inference.files.encoding import Encoding, cell_text, valid

KINDS = {
    "text": pa.string(),
    "texts": pa.list_(pa.string()),
    "bool": pa.bool_(),
    "float32": pa.float32(),
    "float64": pa.float64(),
}
UNFIT = (pa.ArrowException, OverflowError, UnicodeError, TypeError, ValueError)


def with_types(
    carried: CarriedColumns, known: Mapping[str, pa.DataType], rows: Sequence[Mapping[str, Any]]
) -> CarriedColumns:
    """
    Args:
        known: the types in the file.
        rows: the first ones, from whose values types are guessed that the file lacks.
    """
    types = [
        known.get(name) or guessed_type([row.get(name) for row in rows]) for name in carried.names
    ]
    return replace(carried, types=tuple(types))


def guessed_type(values: Sequence[Any]) -> pa.DataType:
    """Numbers and truth values keep their type.

    Everything else becomes strings, lists and objects as JSON: their fields differ from row to row.
    """
    try:
        guessed = pa.array(values).type
    except UNFIT:
        return pa.string()
    keep = pa.types.is_primitive(guessed) and not pa.types.is_null(guessed)
    return guessed if keep else pa.string()


def schema(encoding: Encoding) -> pa.Schema:
    assert encoding.carried is not None
    own = [KINDS[kind] for kind in encoding.columns.own.values()]
    types = [pa.int64(), *encoding.carried.types, *own]
    return pa.schema(list(map(pa.field, map(valid, encoding.names()), types)))


def table(encoding: Encoding, rows: Sequence[Sequence[Any]], numbers: Sequence[int]) -> pa.Table:
    """
    Args:
        rows: cells in the order of the columns.
        numbers: of the rows, for messages.

    Raises:
        InputError: a cell doesn't fit the type of its column.
    """
    fields = schema(encoding)
    cells = zip(*rows, strict=True)
    columns = [typed(each, field, numbers) for each, field in zip(cells, fields, strict=True)]
    return pa.table(columns, fields)


def typed(cells: Sequence[Any], field: pa.Field, numbers: Sequence[int]) -> pa.Array:
    """Arguments and errors as of `table`, for one column."""
    if pa.types.is_string(field.type):
        cells = [None if cell is None else valid(cell_text(cell)) for cell in cells]
    try:
        return pa.array(cells, field.type)
    except UNFIT:
        pass
    for number, cell in zip(numbers, cells, strict=True):
        try:
            pa.array([cell], field.type)
        except UNFIT:
            raise InputError(
                f"row {number:,}: column {field.name!r} holds {cell!r:.40}, but the first rows "
                f"hold {field.type}; leave it out by columns=, or write JSON Lines"
            ) from None
    raise AssertionError("each cell fits, but not all")
