"""Texts to predict, one after another: none is kept, so the input can have any size."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from textcnn.data.sources.lines import csv_rows, decode, json_cell, json_rows
from textcnn.errors import InputError

FORMATS = {".jsonl": "jsonl", ".csv": "csv", ".tsv": "tsv"}


def read_texts(source: str, format: str | None, columns: Sequence[str]) -> Iterator[str]:
    """The texts in a file, or in standard input if `source` is "-".

    Args:
        format: `lines` (each line is a text, even an empty one), `jsonl`, `csv` or `tsv`; None
            uses the ending of the file, else `lines`.
        columns: the text columns of all formats except `lines`, joined in order by a blank.

    Raises:
        InputError: the file is missing or not UTF-8, or a row lacks a column or can't be parsed.
    """
    if source == "-":
        lines = decode(sys.stdin.buffer, "standard input")
        yield from parse_texts(lines, "standard input", format, columns)
        return
    path = Path(source).expanduser()
    if not path.is_file() and not path.is_fifo():
        raise InputError(f"input={source}: no such file (looked from {Path.cwd()})")
    with path.open("rb") as file:
        name, format = str(path), format or FORMATS.get(path.suffix.lower())
        yield from parse_texts(decode(file, name), name, format, columns)


def parse_texts(
    lines: Iterator[str], name: str, format: str | None, columns: Sequence[str]
) -> Iterator[str]:
    """The texts in the lines of a file.

    Args:
        name: of the file, for messages.
    """
    if format == "jsonl":
        for where, row in json_rows(lines, name):
            yield " ".join(json_cell(where, row, column) for column in columns)
    elif format in {"csv", "tsv"}:
        rows = csv_rows(lines, name, delimiter="," if format == "csv" else "\t")
        header = next(rows, [])
        if not header:
            raise InputError(f"{name} is empty: it has no header, so no column {columns[0]!r}")
        for column in columns:
            if column not in header:
                known = ", ".join(header)
                raise InputError(f"{name} has no column {column!r}; it has {known}; set data.text")
        places = [header.index(column) for column in columns]
        for cells in rows:
            yield " ".join(cells[place] for place in places)
    else:
        for line in lines:
            yield line.rstrip("\r\n")
