"""Text files line by line, with the line in every error message. Imports are light."""

import csv
import json
import sys
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from textcnn.errors import InputError

SURROGATE = (
    "holds half of a surrogate pair, which is not a character; remove it, for example with "
    "Python's text.encode(errors='ignore').decode()"
)


def decode(lines: Iterable[bytes], name: str) -> Iterator[str]:
    """The lines of a file as strings, with their line ends, without a byte order mark.

    Raises:
        InputError: a line is not UTF-8.
    """
    for number, line in enumerate(lines, start=1):
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            is_utf16 = number == 1 and line.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
            likely = "utf16" if is_utf16 else "latin1"
            raise InputError(
                # error.object: the line without its byte order mark
                f"{name}, line {number}: not UTF-8 (byte 0x{error.object[error.start]:02x} at "
                f"column {error.start + 1}); convert it, for example with iconv -f {likely} -t utf8"
            ) from None


def csv_rows(lines: Iterable[str], name: str, delimiter: str) -> Iterator[list[str]]:
    """The header and then the rows of a CSV file; blank lines are skipped.

    Raises:
        InputError: a row has more or fewer columns than the header, two columns have the same
            name, or quotes are not in pairs.
    """
    csv.field_size_limit(sys.maxsize)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    header: list[str] | None = None
    line = 1  # where the row starts; a row with quoted line ends has several
    try:
        for row in reader:
            if header is None and row:
                header = row
                check_names(name, header)
            elif row and header and len(row) != len(header):
                more = len(row) > len(header)
                fix = f"quote cells that hold {delimiter!r}" if more else "fill it up or drop it"
                raise InputError(
                    f"{name}, line {line}: {len(row)} columns, but the header has {len(header)} "
                    f"({', '.join(header)}); {fix}"
                )
            if row:
                yield row
            line = reader.line_num + 1
    except csv.Error as error:
        reason = str(error).partition(" - ")[0]  # the rest is a hint for programmers
        fix = "quote cells that hold quotes or line ends, and double the quotes in them"
        if reason.startswith("new-line"):
            reason = "a carriage return without a line feed"
            fix = "end lines with line feeds, for example with tr '\\r' '\\n', or quote the cell"
        raise InputError(f"{name}, line {line}: {reason}; {fix}") from None


def check_names(name: str, columns: Sequence[str]) -> None:
    twice = [column for column in columns if columns.count(column) > 1]
    if twice:
        raise InputError(f"{name}: two columns are named {twice[0]!r}; rename one")


def json_rows(lines: Iterable[str], name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(file and line, columns) of each row of a JSON Lines file; blank lines are skipped.

    Raises:
        InputError: a line is not a JSON object.
    """
    for number, line in enumerate(lines, start=1):
        where = f"{name}, line {number}"
        if not line.strip():
            continue
        try:
            row = parse_json(line.rstrip("\r\n"))
        except json.JSONDecodeError as error:
            raise InputError(f"{where}: not JSON: {error.msg} at column {error.colno}") from None
        except (ValueError, RecursionError) as error:  # too long a number, too deep nesting
            raise InputError(f"{where}: not JSON: {error}") from None
        if not isinstance(row, dict):
            raise InputError(
                f'{where}: expected an object such as {{"text": ...}}, got {row!r:.40}'
            )
        yield where, row


class RepeatedKeys(dict[str, Any]):
    """A JSON object that has a key twice; it keeps the last value."""


def parse_json(text: str) -> Any:
    """JSON, as `json.loads` reads it, where an object with a key twice is a `RepeatedKeys`."""
    return json.loads(text, object_pairs_hook=json_object)


def json_object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    return made if len(made) == len(pairs) else RepeatedKeys(made)


def json_cell(where: str, row: dict[str, Any], column: str) -> str:
    """A column of a JSON row as a string.

    Raises:
        InputError: it is missing, null, a list or an object, or not valid UTF-8, such as "\\ud800",
            which JSON can express.
    """
    if column not in row:
        raise InputError(f"{where}: no column {column!r}; it has {', '.join(row)}")
    value = row[column]
    if value is None:
        raise InputError(is_empty(where, column))
    if isinstance(value, list | dict):
        raise InputError(f"{where}: column {column!r} must hold a single value, got {value!r:.40}")
    cell = value if isinstance(value, str) else json.dumps(value)
    try:
        cell.encode()
    except UnicodeEncodeError:
        raise InputError(f"{where}: column {column!r} {SURROGATE}") from None
    return cell


def is_empty(where: str, column: str) -> str:
    return f"{where}: column {column!r} is empty; fill it or drop the row"
