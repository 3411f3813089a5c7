"""Rows of CSV and TSV, as spreadsheets and other programs write them."""

import csv
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from textcnn.data.sources.decoding import STANDARD_INPUT
from textcnn.errors import InputError, OnBadRow, refuse

DELIMITERS = (",", ";", "\t")
SAMPLED_LINES = 20
SEP_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)  # Excel's own
UNCLOSED = "unexpected end of data"  # a quote that nothing closes
JOINED = "two files were joined here; give them as a list, data.train=[a.csv,b.csv]"


def csv_rows(
    lines: Iterable[str],
    name: str,
    delimiter: str,
    wanted: Sequence[str] = (),
    header: bool = True,
    on_bad_row: OnBadRow = refuse,
) -> Iterator[list[str]]:
    """The names of the columns and then the rows of a CSV file; blank lines are skipped.

    Blanks around names, and empty columns behind the last name, are dropped.

    Args:
        name: of the file, for messages.
        delimiter: the usual one of this format. Another of DELIMITERS is used if only it gives the
            wanted columns, or a first line `sep=;` says so.
        wanted: the columns to read.
        header: False: the file has no names, so the columns are named 1, 2, ...
        on_bad_row: gets the error of a row that can't be used, which is left out if it returns.

    Raises:
        InputError: a row has more or fewer columns than the header, two columns have the same
            name, quotes are not in pairs, or a second header follows.
    """
    csv.field_size_limit(sys.maxsize)
    lines = iter(lines)
    most = 1 if name == STANDARD_INPUT or header else SAMPLED_LINES
    start, said = first_lines(lines, most)
    skipped = 0 if said is None else 1  # lines before those that the reader counts
    delimiter = said or chosen_delimiter(start, delimiter, wanted, header)
    reader = csv.reader(chain(start, lines), delimiter=delimiter, strict=True)
    names: list[str] = []
    number = 1 + skipped  # where the row starts; a row with quoted line ends has several
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            if not names or str(error).startswith(UNCLOSED):  # where would the next row begin?
                raise unreadable(error, f"{name}, line {number}") from None
            on_bad_row(unreadable(error, f"{name}, line {number}"))
            row = []
        if row is None:
            return
        if row and not names:
            names = column_names(row, wanted) if header else numbered(row)
            if set(wanted) & set(names) or not wanted:
                check_names(name, names)
            yield names
            row = [] if header else row
        if row and not is_usual(row, names):
            try:
                row = checked_row(row, names, f"{name}, line {number}", delimiter, header)
            except InputError as error:
                on_bad_row(error)
                row = []
        if row:
            yield row
        number = reader.line_num + 1 + skipped


def first_lines(lines: Iterator[str], most: int) -> tuple[list[str], str | None]:
    """Some lines, of which one is not blank, or the delimiter that Excel's first line says."""
    start = list(islice(lines, 1))
    if start and (said := SEP_LINE.fullmatch(start[0])):
        return [], said[1]
    while len(start) < most or not any(map(str.strip, start)):
        if (line := next(lines, None)) is None:
            break
        start.append(line)
    return start, None


def unreadable(error: csv.Error, where: str) -> InputError:
    reason = str(error).partition(" - ")[0]  # the rest is a hint for programmers
    fix = "quote cells that hold quotes or line ends, and double the quotes in them"
    if reason.startswith("new-line"):
        reason = "a carriage return without a line feed"
        fix = "end lines with line feeds, for example with tr '\\r' '\\n', or quote the cell"
    return InputError(f"{where}: {reason}; {fix}")


def is_usual(row: Sequence[str], names: Sequence[str]) -> bool:
    """Whether a row has a cell for each name, and is no header of a second file."""
    return len(row) == len(names) and row[0].strip() != names[0] and row[0][:1] != "\ufeff"


def checked_row(
    row: list[str], names: Sequence[str], where: str, delimiter: str, header: bool
) -> list[str]:
    """A row of as many cells as there are names.

    Raises:
        InputError: it has others, or is the header of a second file.
    """
    first = row[0].removeprefix("\ufeff")
    joined = len(first) < len(row[0])
    cells = [first.strip('"'), *row[1:]]
    again = header and len(names) > 1 and [cell.strip() for cell in cells[: len(names)]] == names
    if again or joined:
        what = "the header again" if again else "a byte order mark (U+FEFF) before the first cell"
        raise InputError(f"{where}: {what}; {JOINED}")
    width = len(names)
    if len(row) > width and not any(map(str.strip, row[width:])):
        row = row[:width]  # empty columns at the end
    if len(row) != width:
        fix = (
            f"quote cells that hold {delimiter!r}" if len(row) > width else "fill it up or drop it"
        )
        if any("\ufeff" in cell for cell in row):
            fix = f"it holds U+FEFF: {JOINED}"
        shown = f"the header has {width} ({', '.join(names)})"
        if not header:
            shown = f"the first row has {width}"
        raise InputError(f"{where}: {len(row)} columns, but {shown}; {fix}")
    return row


def column_names(cells: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """The names in a header without blanks around them, and without empty ones at its end."""
    names = [cell if cell in wanted else cell.strip() for cell in cells]
    while len(names) > 1 and not names[-1]:
        names.pop()
    return names


def numbered(cells: Sequence[str]) -> list[str]:
    return [str(number) for number in range(1, len(cells) + 1)]


def check_names(name: str, columns: Sequence[str]) -> None:
    """
    Raises:
        InputError: two columns have the same name; columns without a name can't be chosen anyway.
    """
    twice = [column for column in columns if column and columns.count(column) > 1]
    if twice:
        raise InputError(f"{name}: two columns are named {twice[0]!r}; rename one")


def chosen_delimiter(lines: Sequence[str], usual: str, wanted: Sequence[str], header: bool) -> str:
    """The delimiter under which the first lines have the wanted columns.

    Args:
        lines: with a header, up to its first line; else some rows.
        usual: preferred if it gives the columns, too.
    """
    others = [each for each in DELIMITERS if each != usual]
    tables = {each: split_lines(lines, each) for each in (usual, *others)}
    widths = {each: max(map(len, rows), default=0) for each, rows in tables.items()}

    def fits(delimiter: str) -> bool:
        rows = tables[delimiter]
        if not rows:
            return False
        if header:
            has = wanted or [""]  # any two columns
            names = column_names(rows[0], wanted)
            return set(has) <= set(names) if wanted else len(names) > 1
        least = max((int(each) for each in wanted if each.isdecimal()), default=1)
        return len({len(row) for row in rows}) == 1 and widths[delimiter] >= least

    fitting = [each for each in tables if fits(each)]
    if fitting:
        return fitting[0]
    # for the message: the one that separates anything
    return usual if widths[usual] > 1 else max(tables, key=lambda each: widths[each])


def split_lines(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    """The rows of some lines; none if their quotes don't fit this delimiter."""
    try:
        return [row for row in csv.reader(lines, delimiter=delimiter) if row]
    except csv.Error:
        return []
