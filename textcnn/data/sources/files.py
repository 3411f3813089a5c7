"""Rows from files: CSV, TSV, JSON, Parquet and others, as tables of `text` and `label`.

Messages count rows from 1 without the header, and lines as editors do.
"""

import glob
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from textcnn.data.cache import CACHED_BYTES, cached_blocks, content_digest
from textcnn.data.sources.arrow.files import column_type, read_table, table_blocks
from textcnn.data.sources.class_folders import folder_rows, holds_classes
from textcnn.data.sources.columns import Columns
from textcnn.data.sources.csv_rows import csv_rows
from textcnn.data.sources.decoding import decode
from textcnn.data.sources.formats import (
    COMPRESSED,
    DELIMITERS,
    ENDINGS,
    JSON,
    TABLES,
    format_of,
    open_bytes,
)
from textcnn.data.sources.line_files import line_rows
from textcnn.data.sources.lines import json_rows
from textcnn.data.sources.missing_labels import is_to_fill_in, refuse_missing
from textcnn.errors import InputError
from textcnn.system.arguments import argument
from textcnn.system.paths import expanded

StringOrList = str | list[str]

SHEETS = (".xlsx", ".xls", ".ods")
STREAMED_ROWS = 1000  # per block


def read_files(key: str, given: StringOrList, columns: Columns) -> pa.Table:
    """Rows of `columns.schema` from files, in order.

    Args:
        key: the configuration key that names the files, for messages.
        given: a path, a glob pattern or a list of them.

    Raises:
        InputError: a file can't be used; the message names it, and row, line or column.
    """
    return pa.concat_tables(read_file(path, columns.of(key)) for path in find_files(key, given))


def holds_objects(key: str, given: StringOrList, columns: Columns) -> bool:
    """Whether a file of JSON or Arrow's columns holds an object in the first row of the labels."""
    for path in find_files(key, given):
        ending = format_of(path)
        if path.is_dir():
            continue
        if ending in JSON:
            with open_bytes(path) as file:
                lines = decode(file, str(path), columns.encoding)
                _, row = next(json_rows(lines, str(path)), ("", {}))
            if isinstance(row.get(columns.label), dict):
                return True
        elif ending in TABLES and path.stat().st_size:
            kind = column_type(path, columns.label)
            if pa.types.is_struct(kind) or pa.types.is_map(kind):
                return True
    return False


def find_files(
    key: str, given: StringOrList, endings: Sequence[str] = ENDINGS, folders: bool = True
) -> list[Path]:
    """The files of a path, a glob pattern or a list of them, in order.

    Args:
        endings: that the names of the files may have, before those of compression.
        folders: a directory that holds a folder for each class counts as a file.

    Raises:
        InputError: no such file, another directory, or an unknown ending.
    """
    found: list[Path] = []
    for pattern in [given] if isinstance(given, str) else given:
        typed = expanded(pattern)
        # Path.glob refuses absolute patterns
        matches = glob.glob(str(typed)) if not typed.exists() else [typed]  # noqa: PTH207
        files = [path for path in sorted(map(Path, matches)) if path.is_file()]
        if typed.is_dir():
            if not folders or not holds_classes(typed, ENDINGS):
                named = argument(key, typed / "*.csv")
                raise InputError(
                    f"{key}={pattern} is a directory; name its files, for example {named}"
                )
            files = [typed]
        if not files:
            raise InputError(f"{key}={pattern}: no such file (looked from {Path.cwd()})")
        found += files
    for path in found:
        if format_of(path) not in endings and not path.is_dir():
            fix = "; save the sheet as CSV" if path.suffix.lower() in SHEETS else ""
            raise InputError(
                f"{path}: textcnn reads {', '.join(endings)}, also with {', '.join(COMPRESSED)}; "
                f"got {path.suffix!r}{fix}"
            )
    return found


def stream_files(key: str, given: StringOrList, columns: Columns) -> Iterator[pa.Table]:
    """The rows of `read_files` block by block, so that files need not fit into memory."""
    for path in find_files(key, given):
        rows = 0
        for block in stream_file(path, columns.of(key)):
            policy = policy_of(path, columns)
            what = missing_in(path)
            yield refuse_missing(block, str(path), columns.label, policy, rows + 1, what)
            rows += len(block)
        if rows == 0:
            raise InputError(f"{path} holds no rows")


def stream_file(path: Path, columns: Columns) -> Iterator[pa.Table]:
    if not path.is_dir() and format_of(path) in TABLES:
        yield from table_blocks(path, columns, STREAMED_ROWS)
        return
    rows = file_rows(path, columns)
    while block := list(islice(rows, STREAMED_ROWS)):
        yield pa.Table.from_pylist(block, columns.schema)


def file_rows(path: Path, columns: Columns) -> Iterator[dict[str, Any]]:
    """The rows of a text file, or of a directory of classes, one after another."""
    if path.is_dir():
        yield from folder_rows(path, columns)
        return
    with open_bytes(path) as file:
        yield from line_rows(decode(file, str(path), columns.encoding), str(path), columns)


def read_file(path: Path, columns: Columns) -> pa.Table:
    if path.is_dir():
        rows = pa.concat_tables([columns.schema.empty_table(), *stream_file(path, columns)])
    elif path.stat().st_size == 0:
        raise InputError(f"{path} is empty")
    else:
        rows = (read_columns if format_of(path) in TABLES else read_lines)(path, columns)
    if len(rows) == 0:
        raise InputError(f"{path} holds no rows")
    labels, policy = ", ".join(columns.labels), policy_of(path, columns)
    return refuse_missing(rows, str(path), labels, policy, what=missing_in(path))


def policy_of(path: Path, columns: Columns) -> str:
    """What to do with rows without a label, see `data.missing_label`."""
    if path.is_dir() or format_of(path) not in DELIMITERS or not columns.header:
        return columns.missing_label
    with open_bytes(path) as file:
        lines = decode(file, str(path), columns.encoding)
        header = next(csv_rows(lines, str(path), DELIMITERS[format_of(path)], (), True), [])
    return "drop" if is_to_fill_in(header) else columns.missing_label


def missing_in(path: Path) -> str:
    """What a cell without a label holds in a file of text."""
    return "null or empty" if format_of(path) in JSON else "empty"


def read_lines(path: Path, columns: Columns) -> pa.Table:
    """Rows of a text file, cached on the disk.

    The readers of `datasets` would guess types: 007 would lose its zeros, dates their spelling, and
    the words "None", "NA" and "null" would be read as missing.
    """

    def blocks() -> Iterator[pa.Table]:
        yield columns.schema.empty_table()
        yield from stream_file(path, columns)

    return kept(path, columns, blocks)


def read_columns(path: Path, columns: Columns) -> pa.Table:
    """Rows of Arrow's columns, cached on the disk, so that later runs decompress nothing."""
    return kept(path, columns, lambda: iter([read_table(path, columns)]))


def kept(path: Path, columns: Columns, blocks: Callable[[], Iterator[pa.Table]]) -> pa.Table:
    """The rows of a file, from the cache if a file with the same content was read before."""
    if path.stat().st_size < CACHED_BYTES:
        return pa.concat_tables(blocks())
    return cached_blocks(blocks, "rows", repr(columns), format_of(path), content_digest(path))
