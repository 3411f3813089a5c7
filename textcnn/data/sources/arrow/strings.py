"""Strings in Arrow's columns of any type."""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from textcnn.data.sources.lines import is_empty
from textcnn.errors import InputError


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


def text_strings(column: Column, encoding: str | None = None) -> pa.ChunkedArray:
    """A column of texts as strings; lists of tokens are joined by blanks, and bytes are decoded.

    Args:
        encoding: of bytes; None: UTF-8.

    Raises:
        InputError: as `strings`.
    """
    values, kind = plain_values(column.values), plain_values(column.values).type
    if is_list(kind) and is_string(kind.value_type):
        tokens = pa.list_(pa.string())
        values = pc.binary_join(values.cast(tokens), " ")
    elif is_bytes(kind):
        values = decoded(replace(column, values=values), encoding)
    return strings(replace(column, values=values))


def decoded(column: Column, encoding: str | None) -> pa.ChunkedArray:
    """Strings of bytes.

    Raises:
        InputError: a cell can't be decoded.
    """
    texts, encoding = [], encoding or "utf-8"
    for number, cell in enumerate(column.values.to_pylist()):
        try:
            texts.append(None if cell is None else cell.decode(encoding))
        except UnicodeDecodeError as error:
            raise InputError(
                f"{column.row(number)}: column {column.name!r} is not {encoding.upper()} "
                f"({error.reason} at byte {error.start + 1}); correct it, or set data.encoding"
            ) from None
    return pa.chunked_array([pa.array(texts, pa.large_string())])


def check_utf8(column: Column) -> None:
    """
    Raises:
        InputError: a string is not UTF-8: other programs write any bytes into columns of strings.
    """
    try:
        column.values.validate(full=True)
    except pa.ArrowInvalid:
        raw = pa.binary() if pa.types.is_string(column.values.type) else pa.large_binary()
        chunks = [chunk.view(raw) for chunk in column.values.chunks]
        decoded(replace(column, values=pa.chunked_array(chunks)), None)
        raise


def strings(column: Column, nulls: bool = False) -> pa.ChunkedArray:
    """A column as strings.

    Args:
        nulls: some cells may be null.

    Raises:
        InputError: a cell is null or not UTF-8, or the column holds lists, objects or bytes.
    """
    values = plain_values(column.values)
    kind = values.type
    if pa.types.is_nested(kind) or is_bytes(kind):
        raise InputError(f"{column.where}, column {column.name!r} holds {kind}, not single values")
    null = find(pc.is_null(values, nan_is_null=True), True)
    if null is not None and not nulls:
        raise InputError(is_empty(column.row(null), column.name, null=True))
    if is_string(kind):
        values = values.cast(pa.large_string()) if pa.types.is_string_view(kind) else values
        check_utf8(replace(column, values=values))
    return values if pa.types.is_string(kind) else values.cast(pa.large_string())


def plain_values(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """The values of a dictionary-encoded column, such as the categories of pandas."""
    if pa.types.is_dictionary(values.type):
        return values.cast(values.type.value_type)
    return values


def is_string(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def is_bytes(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_binary_view(kind)
        or pa.types.is_fixed_size_binary(kind)
    )


def is_list(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )


def find(values: pa.ChunkedArray, value: object) -> int | None:
    """The index of the first `value`; None if there is none."""
    place: int = pc.index(values, value).as_py()
    return None if place < 0 else place
