"""Rows from files: CSV, TSV, JSON Lines and Parquet, through `datasets`.

Rows are counted from 1, without the header; lines as an editor counts them.
"""

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from datasets import ClassLabel, Dataset, Features, Value, concatenate_datasets, load_dataset
from datasets.exceptions import DatasetGenerationError

from textcnn.data.lines import csv_rows, decode, json_cell, json_rows
from textcnn.errors import InputError

StringOrList = str | list[str]

ENDINGS = (".csv", ".tsv", ".jsonl", ".parquet")
COLUMNS = Features({"text": Value("string"), "label": Value("string")})


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
    ending = path.suffix.lower()
    try:
        if ending == ".jsonl":
            rows = read_json_lines(path, text, label)
        elif ending == ".parquet":
            rows = select_columns(path, load_one("parquet", path), text, label)
        else:
            options = csv_options(path, delimiter="," if ending == ".csv" else "\t")
            rows = select_columns(path, load_one("csv", path, **options), text, label)
    except DatasetGenerationError as error:
        if isinstance(error.__cause__, InputError):
            raise error.__cause__ from None
        reason = " ".join(str(error.__cause__).split())
        raise InputError(f"{path} can't be read as {ending[1:]}: {reason}") from error
    if len(rows) == 0:
        raise InputError(f"{path} holds no rows")
    return rows


def load_one(format: str, path: Path, **options: Any) -> Dataset:
    # `datasets` takes paths for globs, so the path is escaped.
    files = {"train": [glob.escape(str(path.resolve()))]}
    return load_dataset(format, data_files=files, split="train", **options)


def csv_options(path: Path, delimiter: str) -> dict[str, Any]:
    """How `datasets` shall read a CSV file: as it stands, every cell a string.

    Without `features` numbers would lose their spelling (007), and words such as "None", "NA" and
    "null" would be read as nothing.
    """
    with path.open("rb") as file:
        rows = csv_rows(decode(file, str(path)), str(path), delimiter)
        header = next(rows, [])
        for _ in rows:  # to the end, so that what is wrong is found, with its line
            pass
    return {
        "features": Features({name: Value("string") for name in header}),
        "delimiter": delimiter,
        "keep_default_na": False,
        "encoding": "utf-8-sig",
    }


def read_json_lines(path: Path, text: Sequence[str], label: str) -> Dataset:
    """`datasets` would take dates for times and guess types, so the lines are parsed here."""
    # The time stamp makes `datasets` read the file again when it has changed.
    source = {"path": str(path), "text": text, "label": label, "stamp": path.stat().st_mtime_ns}
    return Dataset.from_generator(json_examples, gen_kwargs=source, features=COLUMNS)


def json_examples(
    path: str, text: Sequence[str], label: str, stamp: int
) -> Iterator[dict[str, str]]:
    with Path(path).open("rb") as file:
        for where, row in json_rows(decode(file, path), path):
            yield {
                "text": " ".join(json_cell(where, row, column) for column in text),
                "label": json_cell(where, row, label, may_be_empty=False),
            }


def select_columns(path: Path, rows: Dataset, text: Sequence[str], label: str) -> Dataset:
    """The rows with the two columns `text` and `label`, both strings, none null."""
    for column in [*text, label]:
        if column not in rows.column_names:
            raise InputError(
                f"{path} has no column {column!r}; it has {', '.join(rows.column_names)}; "
                "set data.text and data.label"
            )
    table = rows.with_format("arrow")[:]
    for column in [*text, label]:
        values = table.column(column)
        if pa.types.is_nested(values.type) or pa.types.is_binary(values.type):
            raise InputError(f"{path}, column {column!r} holds {values.type}, not single values")
        row = pc.index(pc.is_null(values, nan_is_null=True), True).as_py()
        if row < 0 and column == label:
            row = pc.index(values.cast(pa.large_string()), "").as_py()
        if row >= 0:
            raise InputError(
                f"{path}, row {row + 1}: column {column!r} is empty; fill it or drop the row"
            )
    strings = [table.column(column).cast(pa.large_string()) for column in text]
    labels = table.column(label).cast(pa.large_string())
    if isinstance(rows.features[label], ClassLabel):
        labels = pa.chunked_array([rows.features[label].int2str(table.column(label).to_pylist())])
    joined = pc.binary_join_element_wise(*strings, pa.scalar(" ", pa.large_string()))
    return Dataset(pa.table({"text": joined, "label": labels}).cast(COLUMNS.arrow_schema))
