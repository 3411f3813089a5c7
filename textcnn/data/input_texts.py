"""Texts to predict, one after another: none is kept, so the input can have any size."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from textcnn.data.sources.csv_rows import csv_rows
from textcnn.data.sources.decoding import STANDARD_INPUT, decode
from textcnn.data.sources.fasttext import without_labels
from textcnn.data.sources.formats import DELIMITERS, TABLES, format_of, open_bytes
from textcnn.data.sources.lines import json_rows, json_text
from textcnn.errors import InputError
from textcnn.system.paths import expanded

FORMATS = {".jsonl": "jsonl", ".json": "jsonl", ".csv": "csv", ".tsv": "tsv"}


def read_texts(
    source: str,
    format: str | None,
    columns: Sequence[str],
    *,
    encoding: str | None = None,
    header: bool = True,
) -> Iterator[str]:
    """The texts in a file, or in standard input if `source` is "-".

    Args:
        format: `lines` (each line is a text, even an empty one), `jsonl`, `csv` or `tsv`; None
            uses the ending of the file, else lines, whose labels in fastText's format are left out.
        columns: the text columns of all formats except `lines`, joined in order by a blank.
        encoding: see `decode`.
        header: see `csv_rows`.

    Raises:
        InputError: the file is missing or can't be decoded, or a row lacks a column or can't be
            parsed.
    """
    if source == "-":
        lines = decode(sys.stdin.buffer, STANDARD_INPUT, encoding)
        yield from parse_texts(lines, STANDARD_INPUT, format, columns, header)
        return
    path = expanded(source)
    if path.is_dir():
        raise InputError(f"input={source} is a directory; give a file")
    if not path.is_file() and not path.is_fifo():
        raise InputError(f"input={source}: no such file (looked from {Path.cwd()})")
    if format is None and format_of(path) in TABLES:
        raise InputError(
            f"input={source}: predict reads lines, JSON Lines, CSV and TSV, not {format_of(path)}; "
            "convert it to JSON Lines"
        )
    with open_bytes(path) as file:
        name, format = str(path), format or FORMATS.get(format_of(path))
        yield from parse_texts(decode(file, name, encoding), name, format, columns, header)


def parse_texts(
    lines: Iterator[str],
    name: str,
    format: str | None,
    columns: Sequence[str],
    header: bool = True,
) -> Iterator[str]:
    """The texts in the lines of a file.

    Args:
        name: of the file, for messages.
        format: see `read_texts`.
    """
    if format == "jsonl":
        for where, row in json_rows(lines, name):
            yield " ".join(json_text(where, row, column) for column in columns)
    elif format in {"csv", "tsv"}:
        rows = csv_rows(lines, name, DELIMITERS[f".{format}"], columns, header)
        names = next(rows, [])
        if not names:
            raise InputError(f"{name} is empty: it has no header, so no column {columns[0]!r}")
        for column in columns:
            if column not in names:
                known = ", ".join(names)
                raise InputError(f"{name} has no column {column!r}; it has {known}; set data.text")
        places = [names.index(column) for column in columns]
        for cells in rows:
            yield " ".join(cells[place] for place in places)
    else:
        for line in lines:
            line = line.rstrip("\r\n")
            yield line if format == "lines" else without_labels(line)
