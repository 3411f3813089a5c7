"""Texts to predict, one after another: none is kept, so the input can have any size."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from textcnn.data.sources.csv_rows import csv_rows
from textcnn.data.sources.decoding import STANDARD_INPUT, decode, undecoded
from textcnn.data.sources.fasttext import without_labels
from textcnn.data.sources.formats import DELIMITERS, TABLES, format_of, open_bytes
from textcnn.data.sources.lines import json_rows, json_text
from textcnn.errors import InputError
from textcnn.system.paths import expanded

if TYPE_CHECKING:
    import pyarrow as pa

ROW = "row"  # the column of InputRow.number, beside those of the input
SHOWN = 5  # skipped rows whose numbers are reported
FORMATS = {".jsonl": "jsonl", ".json": "jsonl", ".csv": "csv", ".tsv": "tsv"}


class InputRow(NamedTuple):
    """A text, with what else its row holds."""

    number: int  # in the input, from 1, without the header; rows that are skipped count
    text: str
    others: Mapping[str, Any]  # columns to carry to the output


class SkippedRows:
    """Counts the rows that are left out."""

    def __init__(self) -> None:
        self.count = 0
        self.first: list[int] = []  # the numbers of the first of them
        self.reason = ""  # of the very first

    def add(self, row: int, error: InputError) -> None:
        self.reason = self.reason or str(error)
        self.count += 1
        if len(self.first) < SHOWN:
            self.first.append(row)

    def __str__(self) -> str:
        numbers = ", ".join(f"{row:,}" for row in self.first)
        more = ", ..." if self.count > len(self.first) else ""
        rows = "row" if self.count == 1 else "rows"
        return f"skipped {self.count:,} {rows} ({numbers}{more}); the first: {self.reason}"


class InputRows:
    """The rows of a file or of standard input, one after another.

    Attributes:
        names: of the columns to carry, in the order of the input; None where every row has its own,
            as in JSON Lines. Known once the first row was asked for.
        types: of these columns, if the file has types.
        skipped: the bad rows so far.
        never_seen: columns to carry that no row of JSON Lines had so far.
    """

    def __init__(
        self,
        source: str,
        format: str | None,
        columns: Sequence[str],
        *,
        encoding: str | None = None,
        header: bool = True,
        carry: Sequence[str] | None = (),
        skip: bool = False,
    ):
        """
        Args:
            source: a file, or "-" for standard input.
            format: `lines` (each line is a text, even an empty one), `jsonl`, `csv` or `tsv`; None
                uses the ending of the file, else lines, whose labels in fastText's format are left
                out.
            columns: the text columns of all formats except lines, joined in order by a blank.
            encoding: see `decode`.
            header: see `csv_rows`.
            carry: the other columns that rows hold; None: all, except columns without a name, and
                bytes in Parquet.
            skip: count rows that can't be used, and leave them out; False: refuse the first.
        """
        self.source, self.format, self.columns = source, format, list(columns)
        self.encoding, self.header = encoding, header
        self.carry = None if carry is None else list(dict.fromkeys(carry))
        self.names: list[str] | None = []
        self.types: dict[str, pa.DataType] = {}
        self.skipped = SkippedRows()
        self.skip = skip
        self.number = 0  # of the row before
        self.never_seen = set(carry or ())  # columns to carry that no row had

    def __iter__(self) -> Iterator[InputRow]:
        """
        Raises:
            InputError: the file is missing or can't be read, lacks a column, or, unless `skip`, has
                a row that can't be used.
        """
        if self.source == "-":
            yield from self.parse(sys.stdin.buffer, STANDARD_INPUT, self.format)
            return
        path = expanded(self.source)
        if path.is_dir():
            raise InputError(f"input={self.source} is a directory; give a file")
        if not path.is_file() and not path.is_fifo():
            raise InputError(f"input={self.source}: no such file (looked from {Path.cwd()})")
        if self.format is None and format_of(path) in TABLES:
            yield from self.table(path)
            return
        with open_bytes(path) as file:
            yield from self.parse(file, str(path), self.format or FORMATS.get(format_of(path)))

    def parse(self, lines: Any, name: str, format: str | None) -> Iterator[InputRow]:
        """
        Args:
            lines: of bytes.
            name: of the file, for messages.
        """
        decoded = decode(lines, name, self.encoding, lenient=self.skip)
        if format == "jsonl":
            yield from self.json(decoded, name)
        elif format in {"csv", "tsv"}:
            yield from self.delimited(decoded, name, DELIMITERS[f".{format}"])
        else:
            yield from self.lines(decoded, name, labels=format != "lines")

    def bad(self, error: InputError) -> None:
        """Skip and count the next row."""
        if not self.skip:
            raise error
        self.number += 1
        self.skipped.add(self.number, error)

    def row(self, text: str, others: Mapping[str, Any]) -> InputRow:
        self.number += 1
        return InputRow(self.number, text, others)

    def undecoded(self, line: str, name: str) -> bool:
        """Skip and count the next row if it could not be decoded."""
        if not self.skip or (reason := undecoded(line)) is None:
            return False
        self.bad(InputError(f"{name}, row {self.number + 1}: {reason}"))
        return True

    def lines(self, lines: Iterator[str], name: str, labels: bool) -> Iterator[InputRow]:
        for line in lines:
            if not self.undecoded(line, name):
                text = line.rstrip("\r\n")
                yield self.row(without_labels(text) if labels else text, {})

    def json(self, lines: Iterator[str], name: str) -> Iterator[InputRow]:
        self.names = None if self.carry is None else list(self.carry)
        for where, row in json_rows(lines, name, self.bad):
            try:
                text = " ".join([json_text(where, row, column) for column in self.columns])
            except InputError as error:
                self.bad(error)
                continue
            yield self.row(text, self.json_others(row))

    def json_others(self, row: dict[str, Any]) -> dict[str, Any]:
        if self.carry is None:
            return {name: row[name] for name in row if name and name not in self.columns}
        self.never_seen.difference_update(row)
        return {name: row.get(name) for name in self.carry}  # an object need not have all

    def delimited(self, lines: Iterator[str], name: str, delimiter: str) -> Iterator[InputRow]:
        rows = csv_rows(lines, name, delimiter, self.columns, self.header, self.bad)
        names = next(rows, [])
        if not names:
            raise InputError(f"{name} is empty: it has no header, so no column {self.columns[0]!r}")
        if reason := undecoded("".join(names)):
            raise InputError(f"{name}, line 1: {reason}")
        self.names = self.carried(names, name)
        text_places = [names.index(column) for column in self.columns]
        places = [(column, names.index(column)) for column in self.names]
        for cells in rows:
            if not self.undecoded("".join(cells) if self.skip else "", name):
                text = " ".join([cells[place] for place in text_places])
                yield self.row(text, {column: cells[place] for column, place in places})

    def carried(self, names: Sequence[str], where: str) -> list[str]:
        """The columns to carry.

        Raises:
            InputError: the input lacks one of these, or of the text columns.
        """
        known = ", ".join(names)
        for column in self.columns:
            if column not in names:
                raise InputError(f"{where} has no column {column!r}; it has {known}; set data.text")
        self.never_seen.clear()
        for column in self.carry or ():
            if column not in names:
                raise InputError(f"{where} has no column {column!r}; it has {known}; set columns")
        if self.carry is not None:
            return list(self.carry)
        return [name for name in names if name and name not in self.columns]

    def table(self, path: Path) -> Iterator[InputRow]:
        """The rows of a file of Arrow's columns."""
        from textcnn.data.sources.arrow.text_rows import text_rows  # imports Arrow
        from textcnn.data.sources.carried import columns_to_carry

        def carried(schema: "pa.Schema") -> list[str]:
            self.names = self.carried(schema.names, str(path))
            if self.carry is None:
                self.names = columns_to_carry(schema, self.columns)[len(self.columns) :]
            self.types = {name: schema.field(name).type for name in self.names}
            return self.names

        for text, others in text_rows(path, self.columns, carried, self.encoding):
            if isinstance(text, InputError):
                self.bad(text)
            else:
                yield self.row(text, others)


def read_texts(
    source: str,
    format: str | None,
    columns: Sequence[str],
    *,
    encoding: str | None = None,
    header: bool = True,
) -> Iterator[str]:
    """The texts in a file, or in standard input if `source` is "-"; as `InputRows`."""
    rows = InputRows(source, format, columns, encoding=encoding, header=header)
    return (row.text for row in rows)
