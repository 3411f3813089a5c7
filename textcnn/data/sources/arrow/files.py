"""Rows of Parquet, Arrow and Feather files: columns with types."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq

from textcnn.data.sources.arrow.bounded import read_bounded
from textcnn.data.sources.columns import Columns, check_columns, table_rows
from textcnn.data.sources.csv_rows import check_names
from textcnn.data.sources.formats import compression_of, format_of, open_bytes
from textcnn.errors import InputError


def read_table(path: Path, columns: Columns) -> pa.Table:
    """All rows of a file as `columns.schema` says.

    Raises:
        InputError: it can't be read, lacks a column, or a cell can't be used.
    """
    batches = list(table_blocks(path, columns, None))
    return pa.concat_tables([columns.schema.empty_table(), *batches])


def table_blocks(path: Path, columns: Columns, size: int | None) -> Iterator[pa.Table]:
    """The rows of a file block by block.

    Args:
        size: rows of a block, at most; None: all rows at once.

    Raises:
        InputError: as `read_table`.
    """
    with explained(path), open_columns(path, columns.wanted, size) as (names, metadata, blocks):
        check_names(str(path), names)
        check_columns(path, names, columns.names, columns.weight, labels=columns.labels)
        features, first_row = known_features(metadata), 1
        for table in blocks:
            yield table_rows(table, columns, str(path), features, first_row)
            first_row += len(table)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:  # names are not UTF-8
        kind = {".parquet": "Parquet", ".feather": "Feather"}.get(format_of(path), "Arrow")
        reason = " ".join(str(error).split())
        raise InputError(f"{path} can't be read as {kind}: {reason}") from error


@contextmanager
def open_columns(
    path: Path, wanted: Callable[[pa.Schema], list[str]], size: int | None
) -> Iterator[tuple[list[str], pa.Schema, Iterator[pa.Table]]]:
    """The names of all columns, the schema, and the wanted columns block by block.

    No block is read before the caller has looked at the names.
    """
    source: Any = str(path)
    if compression_of(path) is not None:
        with open_bytes(path) as file:
            source = pa.BufferReader(file.read())
    if format_of(path) == ".parquet":
        with pq.ParquetFile(source) as parquet:
            schema = parquet.schema_arrow
            yield schema.names, schema, parquet_blocks(parquet, path, wanted(schema), size)
        return
    table = open_arrow(source)
    yield table.schema.names, table.schema, arrow_blocks(table, wanted(table.schema), size)


def parquet_blocks(
    file: pq.ParquetFile, path: Path, wanted: list[str], size: int | None
) -> Iterator[pa.Table]:
    # a name with a dot may mean a field of an object too, which `select` leaves out
    if size is None:
        yield read_bounded(file, wanted, str(path), path.stat().st_size).select(wanted)
        return
    for batch in file.iter_batches(size, columns=wanted):
        yield pa.Table.from_batches([batch]).select(wanted)


def open_arrow(source: Any) -> pa.Table:
    """Arrow's file format (also Feather's), Arrow's stream, or the first version of Feather.

    The file is mapped into memory, so only what is used is read.
    """
    file = pa.memory_map(source) if isinstance(source, str) else source
    if file.size() == 0:
        raise pa.ArrowInvalid("it is empty")
    try:
        return pa.ipc.open_file(file).read_all()
    except pa.ArrowInvalid:
        file.seek(0)
    if file.read(4) == b"FEA1":
        file.seek(0)
        return pyarrow.feather.read_table(file)
    file.seek(0)
    return pa.ipc.open_stream(file).read_all()


def arrow_blocks(table: pa.Table, wanted: list[str], size: int | None) -> Iterator[pa.Table]:
    table = table.select(wanted)
    for column in table.columns:
        for chunk in column.chunks:
            check_structure(chunk)
    step = size or max(len(table), 1)
    for start in range(0, len(table), step):
        yield table.slice(start, step)


def check_structure(chunk: pa.Array) -> None:
    """Check what Arrow trusts: offsets that point outside would read foreign memory.

    Raises:
        pa.ArrowInvalid: the file is damaged, or forged.
    """
    views = {pa.string(): pa.binary(), pa.large_string(): pa.large_binary()}
    # as bytes, since `strings` names the row of what is not UTF-8
    kind = views.get(chunk.type)
    (chunk if kind is None else chunk.view(kind)).validate(full=True)


def column_type(path: Path, column: str) -> pa.DataType:
    """The type of a column; null if there is no such column.

    Raises:
        InputError: the file can't be read.
    """
    with explained(path), open_columns(path, lambda _: [column], None) as (_, schema, _blocks):
        place = schema.get_field_index(column)
        return pa.null() if place < 0 else schema.field(place).type


def known_features(schema: pa.Schema) -> Any:
    """The features that `datasets` stored in a file it wrote; they may hold names of classes."""
    if b"huggingface" not in (schema.metadata or {}):
        return None
    from datasets import Features

    return Features.from_arrow_schema(schema)
