"""JSON Lines and lists of JSON, with the line in every error message. Imports are light."""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from textcnn.errors import InputError, OnBadRow, refuse

ROWS = (
    "textcnn reads an object for each row, one per line or all in one list; pandas writes them "
    "with to_json(orient='records')"
)
SURROGATE = (
    "holds half of a surrogate pair, which is not a character; remove it, for example with "
    "Python's text.encode(errors='ignore').decode()"
)


def json_rows(
    lines: Iterable[str], name: str, on_bad_row: OnBadRow = refuse
) -> Iterator[tuple[str, dict[str, Any]]]:
    """(place, columns) of each row of a JSON Lines file, or of a file with one list of objects.

    The place is the file and the line, or the row of the list. Blank lines are skipped.

    Args:
        on_bad_row: gets the error of a row that can't be used, which is left out if it returns.

    Raises:
        InputError: a row is not a JSON object, or a list can't be parsed.
    """
    numbered = enumerate(lines, start=1)
    number, line = next(((n, each) for n, each in numbered if each.strip()), (1, ""))
    places: Iterable[tuple[str, Any]]
    if line.lstrip().startswith("["):
        rows = parsed_list("".join([line, *(each for _, each in numbered)]), name, number)
        places = ((f"{name}, row {row}", each) for row, each in enumerate(rows, start=1))
    else:
        rest = ((n, each) for n, each in chain([(number, line)], numbered) if each.strip())
        places = parsed_lines(rest, name, on_bad_row)
    for where, row in places:
        if isinstance(row, dict):
            yield where, row
        else:
            wanted = '{"text": ...}'
            on_bad_row(InputError(f"{where}: expected an object such as {wanted}, got {row!r:.40}"))


def parsed_lines(
    lines: Iterable[tuple[int, str]], name: str, on_bad_row: OnBadRow
) -> Iterator[tuple[str, Any]]:
    """(place, value) of each line; arguments as for `json_rows`."""
    for number, line in lines:
        where = f"{name}, line {number}"
        try:
            value = parsed(line, where)
        except InputError as error:
            on_bad_row(error)
        else:
            yield where, value


def parsed_list(text: str, name: str, line: int) -> list[Any]:
    """The list that a file holds.

    Args:
        line: where `text` begins.
    """
    try:
        rows: list[Any] = parse_json(text)
    except json.JSONDecodeError as error:
        where = f"{name}, line {line + error.lineno - 1}"
        raise InputError(f"{where}: not JSON: {error.msg} at column {error.colno}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name}, line {line}: not JSON: {error}") from None
    return rows


def parsed(line: str, where: str) -> Any:
    if line.startswith("\ufeff"):
        raise InputError(
            f"{where}: a byte order mark (U+FEFF); two files were joined here; give them as a list"
        )
    try:
        return parse_json(line.rstrip("\r\n"))
    except json.JSONDecodeError as error:
        ends_within = line.lstrip().startswith("{") and error.pos >= len(line.rstrip())
        hint = f"; {ROWS}" if ends_within else ""
        raise InputError(f"{where}: not JSON: {error.msg} at column {error.colno}{hint}") from None
    except (ValueError, RecursionError) as error:  # too long a number, too deep nesting
        raise InputError(f"{where}: not JSON: {error}") from None


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
        InputError: it is missing, null, a list or an object, holds NUL, or is not valid UTF-8,
            such as "\\ud800", which JSON can express.
    """
    check_has(where, row, column)
    value = row[column]
    if value is None:
        raise InputError(is_empty(where, column, null=True))
    if isinstance(value, list | dict):
        hint = f"; {ROWS}" if isinstance(value, dict) else ""
        raise InputError(
            f"{where}: column {column!r} must hold a single value, got {value!r:.40}{hint}"
        )
    cell = value if isinstance(value, str) else json.dumps(value)
    if "\0" in cell:
        raise InputError(f"{where}: column {column!r} holds a NUL character; remove it")
    try:
        cell.encode()
    except UnicodeEncodeError:
        raise InputError(f"{where}: column {column!r} {SURROGATE}") from None
    return cell


def check_has(where: str, row: dict[str, Any], column: str) -> None:
    """
    Raises:
        InputError: a JSON row lacks a column.
    """
    if column in row:
        return
    lists = {name: value[0] for name, value in row.items() if isinstance(value, list) and value}
    rows = [name for name, first in lists.items() if isinstance(first, dict)]
    hint = f"; write the list in {rows[0]!r} to a file of its own" if rows else ""
    hint += f"; {ROWS}" if any(isinstance(first, dict | list) for first in lists.values()) else ""
    raise InputError(f"{where}: no column {column!r}; it has {', '.join(row)}{hint}")


def json_text(where: str, row: dict[str, Any], column: str) -> str:
    """A column of texts: a single value, or a list of tokens, which are joined by blanks.

    Raises:
        InputError: as `json_cell`.
    """
    value = row.get(column)
    if isinstance(value, list) and all(isinstance(token, str) for token in value):
        row = {column: " ".join(value)}
    return json_cell(where, row, column)


def is_empty(where: str, column: str, null: bool = False) -> str:
    what = "null" if null else "empty"
    return f"{where}: column {column!r} is {what}; fill it or drop the row"
