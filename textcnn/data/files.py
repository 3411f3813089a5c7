"""Rows from files: CSV, TSV, JSON Lines and Parquet, as a `datasets.Dataset`.

Rows are counted from 1, without the header; lines as an editor counts them.
"""

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Dataset, Features, concatenate_datasets
from datasets.exceptions import DatasetGenerationError

import textcnn
from textcnn.data.columns import COLUMNS, check_columns, table_rows
from textcnn.data.lines import check_names, csv_rows, decode, is_empty, json_cell, json_rows
from textcnn.errors import InputError

StringOrList = str | list[str]

ENDINGS = (".csv", ".tsv", ".jsonl", ".parquet")


def read_files(key: str, given: StringOrList, text: Sequence[str], label: str) -> Dataset:
    """Rows of the strings `text` and `label` from files, in order.

    Args:
        key: the configuration key that named the files, for messages.
        given: a path, a glob or a list of them.
        text: the text columns; several are joined in this order, by a space.
        label: the column of class names.

    Raises:
        InputError: what can't be used, with its file and row, line or column.
    """
    return concatenate_datasets([read_file(path, text, label) for path in find_files(key, given)])


def find_files(key: str, given: StringOrList) -> list[Path]:
    """The files that a path, a glob or a list of them names, in order."""
    found: list[Path] = []
    for pattern in [given] if isinstance(given, str) else given:
        expanded = Path(pattern).expanduser()
        # Path.glob would take no absolute patterns
        matches = glob.glob(str(expanded)) if not expanded.exists() else [expanded]  # noqa: PTH207
        files = [path for path in sorted(map(Path, matches)) if path.is_file()]
        if not files:
            raise InputError(f"{key}={pattern}: no such file (looked from {Path.cwd()})")
        found += files
    for path in found:
        if path.suffix.lower() not in ENDINGS:
            raise InputError(f"{path}: textcnn reads {', '.join(ENDINGS)}, got {path.suffix!r}")
    return found


def read_file(path: Path, text: Sequence[str], label: str) -> Dataset:
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty")
    read = read_parquet if path.suffix.lower() == ".parquet" else read_lines
    rows = read(path, text, label)
    if len(rows) == 0:
        raise InputError(f"{path} holds no rows")
    return rows


def read_lines(path: Path, text: Sequence[str], label: str) -> Dataset:
    """Rows of CSV, TSV or JSON Lines, kept by `datasets` on the disk.

    Its own readers would guess types: 007 would lose its zeros, dates their spelling, and words
    such as "None", "NA" and "null" would be read as nothing.
    """
    stat = path.stat()
    # With these `datasets` reads the file again when it has changed, or the way it is read.
    stamp = (str(path.resolve()), stat.st_mtime_ns, stat.st_size, textcnn.__version__)
    # tuples: it would take lists for shards
    source = {"path": str(path), "text": tuple(text), "label": label, "stamp": stamp}
    try:
        return Dataset.from_generator(examples, gen_kwargs=source, features=COLUMNS)
    except DatasetGenerationError as error:
        if isinstance(error.__cause__, InputError):
            raise error.__cause__ from None
        reason = " ".join(str(error.__cause__).split())
        raise InputError(f"{path} can't be read: {reason}") from error


def examples(
    path: str, text: Sequence[str], label: str, stamp: tuple[str | int, ...]
) -> Iterator[dict[str, str]]:
    rows = 0
    with Path(path).open("rb") as file:
        for where, cells in line_cells(file, path, [*text, label]):
            row = {"text": " ".join(cells[:-1]), "label": cells[-1]}
            if row["label"] == "":
                raise InputError(is_empty(where, label))
            yield row
            rows += 1
    if rows == 0:  # of which `datasets` makes nothing
        raise InputError(f"{path} holds no rows")


def broken(string: str) -> bool:
    """Whether it can't be written as UTF-8: "\\ud800", which JSON can spell."""
    try:
        string.encode()
    except UnicodeEncodeError:
        return True
    return False


def line_cells(
    file: IO[bytes], path: str, columns: Sequence[str]
) -> Iterator[tuple[str, list[str]]]:
    """Where each row of CSV, TSV or JSON Lines is, and its cells in `columns`."""
    lines = decode(file, path)
    ending = Path(path).suffix.lower()
    if ending == ".jsonl":
        for where, row in json_rows(lines, path):
            cells = [json_cell(where, row, column) for column in columns]
            if any(map(broken, cells)):
                raise InputError(f"{where}: half of a surrogate pair, which is no character")
            yield where, cells
        return
    rows = csv_rows(lines, path, delimiter="," if ending == ".csv" else "\t")
    header = next(rows, None)
    if header is not None:
        check_columns(path, header, columns)
        places = [header.index(column) for column in columns]
        for number, cells in enumerate(rows, start=1):
            yield f"{path}, row {number}", [cells[place] for place in places]


def read_parquet(path: Path, text: Sequence[str], label: str) -> Dataset:
    columns = list(dict.fromkeys([*text, label]))
    try:
        names = pq.read_schema(path).names
        check_names(str(path), names)
        check_columns(path, names, columns)
        table = pq.read_table(path, columns=columns)
        features = Features.from_arrow_schema(table.schema)
        return table_rows(table, features, str(path), text, label)
    except (pa.ArrowException, OSError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path} can't be read as Parquet: {reason}") from error
