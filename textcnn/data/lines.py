"""Text files line by line, with the line in every error message. Imports nothing heavy."""

import csv
import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from textcnn.errors import InputError


def decode(lines: Iterable[bytes], name: str) -> Iterator[str]:
    """The lines of a file as strings, their ends kept, a byte order mark dropped.

    Raises:
        InputError: where a line is not UTF-8.
    """
    for number, line in enumerate(lines, start=1):
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise InputError(
                f"{name}, line {number}: not UTF-8 (byte 0x{line[error.start]:02x} at column "
                f"{error.start + 1}); convert it, as with iconv -f latin1 -t utf8"
            ) from None


def csv_rows(lines: Iterable[str], name: str, delimiter: str) -> Iterator[list[str]]:
    """The header and then the rows of a CSV file, all of one width; blank lines are skipped.

    Raises:
        InputError: a row is not as wide as the header, or two columns have one name.
    """
    csv.field_size_limit(sys.maxsize)
    reader = csv.reader(lines, delimiter=delimiter)
    header: list[str] | None = None
    for row in filter(None, reader):
        if header is None:
            header = row
            twice = [column for column in header if header.count(column) > 1]
            if twice:
                raise InputError(f"{name}: two columns are named {twice[0]!r}; rename one")
        elif len(row) != len(header):
            raise InputError(
                f"{name}, line {reader.line_num}: {len(row)} columns, but the header has "
                f"{len(header)} ({', '.join(header)}); quote cells that hold {delimiter!r}"
            )
        yield row


def json_rows(lines: Iterable[str], name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Where each row of a JSON Lines file is, and its columns; blank lines are skipped.

    Raises:
        InputError: a line is no JSON object.
    """
    for number, line in enumerate(lines, start=1):
        where = f"{name}, line {number}"
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            raise InputError(f"{where}: not JSON: {error}") from None
        if not isinstance(row, dict):
            raise InputError(
                f'{where}: expected an object such as {{"text": ...}}, got {row!r:.40}'
            )
        yield where, row


def json_cell(where: str, row: dict[str, Any], column: str, may_be_empty: bool = True) -> str:
    """A column of a JSON row as a string.

    Raises:
        InputError: it is missing, null, a list or an object, or empty where it may not be.
    """
    if column not in row:
        raise InputError(f"{where}: no column {column!r}; it has {', '.join(row)}")
    value = row[column]
    if value is None or (value == "" and not may_be_empty):
        raise InputError(f"{where}: column {column!r} is empty; fill in a value or drop the row")
    if isinstance(value, list | dict):
        raise InputError(f"{where}: column {column!r} must hold a single value, got {value!r:.40}")
    return value if isinstance(value, str) else json.dumps(value)
