"""Rows from files: CSV, TSV, JSON Lines and Parquet, through `datasets`.

Rows are counted from 1, without the header; lines as an editor counts them.
"""

import csv
import glob
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from datasets import ClassLabel, Dataset, Features, Value, concatenate_datasets, load_dataset
from datasets.exceptions import DatasetGenerationError

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
        matches = [expanded] if expanded.exists() else map(Path, sorted(glob.glob(str(expanded))))
        files = [path for path in matches if path.is_file()]
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


def check_utf8(path: Path) -> None:
    """Read the file once as UTF-8, and say where it is not."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                raise InputError(
                    f"{path}, line {number}: not UTF-8 (byte 0x{line[error.start]:02x} at column "
                    f"{error.start + 1}); convert it, as with iconv -f latin1 -t utf8"
                ) from None


def csv_options(path: Path, delimiter: str) -> dict[str, Any]:
    """How `datasets` shall read a CSV file: as it stands, every cell a string.

    Without `features` numbers would lose their spelling (007), and words such as "None", "NA" and
    "null" would be read as nothing.
    """
    check_utf8(path)
    csv.field_size_limit(sys.maxsize)
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter)
        header = next(filter(None, reader), [])
        twice = [name for name in header if header.count(name) > 1]
        if twice:
            raise InputError(f"{path}: two columns are named {twice[0]!r}")
        for row in reader:
            if row and len(row) != len(header):
                raise InputError(
                    f"{path}, line {reader.line_num}: {len(row)} columns, but the header has "
                    f"{len(header)} ({', '.join(header)}); quote cells that hold {delimiter!r}"
                )
    features = Features({name: Value("string") for name in header})
    return {
        "features": features,
        "delimiter": delimiter,
        "keep_default_na": False,
        "encoding": "utf-8-sig",
    }


def read_json_lines(path: Path, text: Sequence[str], label: str) -> Dataset:
    """`datasets` would take dates for times and guess types, so the lines are parsed here."""
    check_utf8(path)
    # The time stamp makes `datasets` read the file again when it has changed.
    source = {"path": path.resolve(), "text": text, "label": label, "stamp": path.stat().st_mtime}
    return Dataset.from_generator(json_rows, gen_kwargs=source, features=COLUMNS)


def json_rows(path: Path, text: Sequence[str], label: str, stamp: float) -> Iterator[dict]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            where = f"{path}, line {number}"
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                raise InputError(f"{where}: not JSON: {error}") from None
            if not isinstance(row, dict):
                raise InputError(f"{where}: not a JSON object with columns, got {line.strip()}")
            texts = [json_string(where, row, column) for column in text]
            yield {"text": " ".join(texts), "label": json_string(where, row, label, empty=False)}


def json_string(where: str, row: dict, column: str, empty: bool = True) -> str:
    value = row.get(column)
    if value is None and column not in row:
        raise InputError(
            f"{where}: no column {column!r}; it has {', '.join(row)}; set data.text and data.label"
        )
    if value is None or (value == "" and not empty):
        raise InputError(f"{where}: column {column!r} is empty; fill in a value or drop the row")
    if isinstance(value, list | dict):
        raise InputError(f"{where}: column {column!r} holds {value}; it must hold a single value")
    return value if isinstance(value, str) else json.dumps(value)


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
                f"{path}, row {row + 1}: column {column!r} is empty; fill in a value or drop the row"
            )
    strings = [table.column(column).cast(pa.large_string()) for column in text]
    labels = table.column(label).cast(pa.large_string())
    if isinstance(rows.features[label], ClassLabel):
        labels = pa.chunked_array([rows.features[label].int2str(table.column(label).to_pylist())])
    joined = pc.binary_join_element_wise(*strings, pa.scalar(" ", pa.large_string()))
    return Dataset(pa.table({"text": joined, "label": labels}).cast(COLUMNS.arrow_schema))
