"""Rows from files: CSV, TSV, JSON Lines and Parquet, as tables of `text` and `label`.

Messages count rows from 1 without the header, and lines as editors do.
"""

import glob
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

import textcnn
from textcnn.data.cache import CACHED_BYTES, cached
from textcnn.data.sources.bounded import read_bounded
from textcnn.data.sources.columns import (
    WANTS_LISTS,
    WANTS_PROBABILITIES,
    WANTS_SEPARATOR,
    Columns,
    check_columns,
    table_rows,
)
from textcnn.data.sources.label_cells import label_cells, weight
from textcnn.data.sources.lines import check_names, csv_rows, decode, is_empty, json_cell, json_rows
from textcnn.errors import InputError
from textcnn.system.terminal import argument

StringOrList = str | list[str]

ENDINGS = (".csv", ".tsv", ".jsonl", ".parquet")
STREAMED_ROWS = 1000  # per block


def read_files(key: str, given: StringOrList, columns: Columns) -> pa.Table:
    """Rows of `columns.schema` from files, in order.

    Args:
        key: the configuration key that names the files, for messages.
        given: a path, a glob pattern or a list of them.

    Raises:
        InputError: a file can't be used; the message names it, and row, line or column.
    """
    return pa.concat_tables(read_file(path, columns.of(key)) for path in find_files(key, given))


def holds_objects(key: str, given: StringOrList, column: str) -> bool:
    """Whether a file of JSON Lines or Parquet holds an object in the first row of a column."""
    for path in find_files(key, given):
        ending = path.suffix.lower()
        if ending == ".jsonl":
            with path.open("rb") as file:
                _, row = next(json_rows(decode(file, str(path)), str(path)), ("", {}))
            if isinstance(row.get(column), dict):
                return True
        elif ending == ".parquet":
            with suppress(pa.ArrowException, OSError), pq.ParquetFile(path) as table:
                place = table.schema_arrow.get_field_index(column)
                kind = pa.null() if place < 0 else table.schema_arrow.field(place).type
                if pa.types.is_struct(kind) or pa.types.is_map(kind):
                    return True
    return False


def find_files(key: str, given: StringOrList, endings: Sequence[str] = ENDINGS) -> list[Path]:
    """The files of a path, a glob pattern or a list of them, in order.

    Args:
        endings: that the names of the files may have.

    Raises:
        InputError: no such file, a directory, or an unknown ending.
    """
    found: list[Path] = []
    for pattern in [given] if isinstance(given, str) else given:
        expanded = Path(pattern).expanduser()
        # Path.glob refuses absolute patterns
        matches = glob.glob(str(expanded)) if not expanded.exists() else [expanded]  # noqa: PTH207
        files = [path for path in sorted(map(Path, matches)) if path.is_file()]
        if expanded.is_dir():
            named = argument(key, expanded / "*.csv")
            raise InputError(f"{key}={pattern} is a directory; name its files, for example {named}")
        if not files:
            raise InputError(f"{key}={pattern}: no such file (looked from {Path.cwd()})")
        found += files
    for path in found:
        if path.suffix.lower() not in endings:
            raise InputError(f"{path}: textcnn reads {', '.join(endings)}, got {path.suffix!r}")
    return found


def stream_files(key: str, given: StringOrList, columns: Columns) -> Iterator[pa.Table]:
    """The rows of `read_files` block by block, so that files need not fit into memory."""
    for path in find_files(key, given):
        rows = 0
        stream = stream_parquet if path.suffix.lower() == ".parquet" else stream_lines
        for block in stream(path, columns.of(key)):
            rows += len(block)
            yield block
        if rows == 0:
            raise InputError(f"{path} holds no rows")


def stream_lines(path: Path, columns: Columns) -> Iterator[pa.Table]:
    with path.open("rb") as file:
        rows = line_rows(file, str(path), columns)
        while block := list(islice(rows, STREAMED_ROWS)):
            yield pa.Table.from_pylist(block, columns.schema)


def stream_parquet(path: Path, columns: Columns) -> Iterator[pa.Table]:
    with open_parquet(path, columns) as file:
        features, first_row = known_features(file.schema_arrow), 1
        for batch in file.iter_batches(STREAMED_ROWS, columns=columns.names):
            table = pa.Table.from_batches([batch])
            yield table_rows(table, columns, str(path), features, first_row)
            first_row += len(table)


@contextmanager
def open_parquet(path: Path, columns: Columns) -> Iterator[pq.ParquetFile]:
    """
    Raises:
        InputError: the file can't be read as Parquet, or lacks a column.
    """
    try:
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            check_names(str(path), names)
            check_columns(path, names, columns.names, columns.weight)
            yield file
    except (pa.ArrowException, OSError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path} can't be read as Parquet: {reason}") from error


def read_file(path: Path, columns: Columns) -> pa.Table:
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty")
    read = read_parquet if path.suffix.lower() == ".parquet" else read_lines
    rows = read(path, columns)
    if len(rows) == 0:
        raise InputError(f"{path} holds no rows")
    return rows


def read_lines(path: Path, columns: Columns) -> pa.Table:
    """Rows of CSV, TSV or JSON Lines, cached on the disk by `datasets` if its cache is writable.

    The readers of `datasets` would guess types: 007 would lose its zeros, dates their spelling, and
    the words "None", "NA" and "null" would be read as missing.
    """
    # imported here: it takes a second, and Parquet doesn't need it
    from datasets import Dataset, Features, disable_progress_bars
    from datasets.exceptions import DatasetGenerationError

    disable_progress_bars()
    # the stamp makes `datasets` read the file again after a change of the file or of textcnn
    source = {"path": str(path), "columns": columns, "stamp": stamp(path)}
    features = Features.from_arrow_schema(columns.schema)
    try:
        rows = Dataset.from_generator(examples, gen_kwargs=source, features=features)
    except OSError:  # the cache can't be written, so nothing is cached
        return pa.concat_tables([columns.schema.empty_table(), *stream_lines(path, columns)])
    except DatasetGenerationError as error:
        if isinstance(error.__cause__, InputError):
            raise error.__cause__ from None
        reason = " ".join(str(error.__cause__).split())
        raise InputError(f"{path} can't be read: {reason}") from error
    return rows.data.table.cast(columns.schema)


def examples(path: str, columns: Columns, stamp: str) -> Iterator[dict[str, Any]]:
    rows = 0
    with Path(path).open("rb") as file:
        for row in line_rows(file, path, columns):
            yield row
            rows += 1
    if rows == 0:  # which `datasets` reports unclearly
        raise InputError(f"{path} holds no rows")


def line_rows(file: IO[bytes], path: str, columns: Columns) -> Iterator[dict[str, Any]]:
    """The rows of CSV, TSV or JSON Lines, as `columns.schema` says."""
    lines = decode(file, path)
    ending = Path(path).suffix.lower()
    if ending == ".jsonl":
        for where, row in json_rows(lines, path):
            text = " ".join(json_cell(where, row, column) for column in columns.text)
            label = json_labels(where, row, columns)
            yield {"text": text} | label | json_weight(where, row, columns)
        return
    rows = csv_rows(lines, path, delimiter="," if ending == ".csv" else "\t")
    header = next(rows, None)
    if header is None:
        return
    check_columns(path, header, columns.names, columns.weight)
    text_places = [header.index(column) for column in columns.text]
    label_places = [header.index(column) for column in columns.labels]
    weight_place = None if columns.weight is None else header.index(columns.weight)
    for number, cells in enumerate(rows, start=1):
        where = f"{path}, row {number}"
        made: dict[str, Any] = {"text": " ".join(cells[place] for place in text_places)}
        if columns.kind == "names":
            made["label"] = csv_label(where, cells[label_places[0]], columns)
        else:
            made |= label_cells(where, [cells[place] for place in label_places], columns)
        if weight_place is not None:
            assert columns.weight is not None
            made["weight"] = weight(where, columns.weight, cells[weight_place])
        yield made


def json_labels(where: str, row: dict[str, Any], columns: Columns) -> dict[str, Any]:
    if columns.kind == "names":
        return {"label": json_label(where, row, columns)}
    for column in columns.labels:
        if column not in row:
            raise InputError(f"{where}: no column {column!r}; it has {', '.join(row)}")
    return label_cells(where, [row[column] for column in columns.labels], columns)


def json_weight(where: str, row: dict[str, Any], columns: Columns) -> dict[str, float]:
    if columns.weight is None:
        return {}
    if columns.weight not in row:
        raise InputError(f"{where}: no column {columns.weight!r}; it has {', '.join(row)}")
    return {"weight": weight(where, columns.weight, row[columns.weight])}


def csv_label(where: str, cell: str, columns: Columns) -> str | list[str]:
    if columns.multi_label:
        return several(where, cell, columns)
    if cell == "":
        raise InputError(is_empty(where, columns.label))
    return cell


def json_label(where: str, row: dict[str, Any], columns: Columns) -> str | list[str]:
    value = row.get(columns.label)
    if not columns.multi_label:
        if isinstance(value, list):
            raise InputError(f"{where}: column {columns.label!r} holds lists; {WANTS_LISTS}")
        if isinstance(value, dict):
            raise InputError(
                f"{where}: column {columns.label!r} holds an object; {WANTS_PROBABILITIES}"
            )
        if isinstance(value, float):
            raise InputError(
                f"{where}: column {columns.label!r} holds {value}; labels are strings, whole "
                "numbers, or true and false"
            )
        cell = json_cell(where, row, columns.label)
        if cell == "":
            raise InputError(is_empty(where, columns.label))
        return cell
    if not isinstance(value, list):
        return several(where, json_cell(where, row, columns.label), columns)
    labels = [json_cell(where, {columns.label: item}, columns.label) for item in value]
    if "" in labels:
        raise InputError(is_empty(where, columns.label))
    return labels


def several(where: str, cell: str, columns: Columns) -> list[str]:
    """The labels in a string, without surrounding white space and empty ones."""
    if columns.separator is None:
        raise InputError(f"{where}: column {columns.label!r} holds {cell!r:.40}{WANTS_SEPARATOR}")
    return [label for label in map(str.strip, cell.split(columns.separator)) if label]


def read_parquet(path: Path, columns: Columns) -> pa.Table:
    """Rows of Parquet, cached on the disk as Arrow, so that later runs decompress nothing."""
    if path.stat().st_size < CACHED_BYTES:
        return convert_parquet(path, columns)
    return cached(lambda: convert_parquet(path, columns), "rows", repr(columns), stamp(path))


def stamp(path: Path) -> str:
    """Identifies a file and its content: path, time of change and size."""
    stat = path.stat()
    return f"{path.resolve()} {stat.st_mtime_ns} {stat.st_size} textcnn {textcnn.__version__}"


def convert_parquet(path: Path, columns: Columns) -> pa.Table:
    with open_parquet(path, columns) as file:
        table = read_bounded(file, columns.names, str(path), path.stat().st_size)
        return table_rows(table, columns, str(path), known_features(file.schema_arrow))


def known_features(schema: pa.Schema) -> Any:
    """The features that `datasets` stored in a file it wrote; they may hold names of classes."""
    if b"huggingface" not in (schema.metadata or {}):
        return None
    from datasets import Features

    return Features.from_arrow_schema(schema)
