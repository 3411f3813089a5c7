"""Rows from the Hugging Face Hub, or from a directory in the Hub's layout, through `datasets`.

No code of a repository is run: `datasets` supports no loading scripts since version 4.
"""

import hashlib
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.compute as pc
from datasets import (
    ClassLabel,
    DatasetBuilder,
    Features,
    IterableDataset,
    ReadInstruction,
    load_dataset_builder,
)

from textcnn.data.cache import content_digest
from textcnn.data.sources.columns import Columns, check_columns, table_rows
from textcnn.data.sources.files import STREAMED_ROWS
from textcnn.data.sources.hub_errors import explain
from textcnn.errors import InputError, NoLabelsError
from textcnn.system.paths import expanded

HUB_ID = r"[\w.-]+/[\w.-]+"  # owner/name
COMMIT = r"[0-9a-f]{7,40}"


def open_hub(
    path: str,
    name: str | None,
    revision: str | None,
    given: Mapping[str, str | Sequence[str] | None],
    columns: Columns,
) -> tuple[dict[str, Callable[[], pa.Table]], list[str]]:
    """By key a reader of the rows of its split, and notes for the user.

    Args:
        path, name, revision: see `prepare`.
        given: the values of data.train, data.validation and data.test.

    Raises:
        InputError: the dataset can't be loaded, or lacks a split.
    """
    datasets.disable_progress_bars()
    builder = prepare(path, name, revision)
    splits = choose_splits(split_sizes(builder), given, path)
    readers: dict[str, Callable[[], pa.Table]] = {
        key: partial(read_split, builder, key, split, path, columns)
        for key, split in splits.items()
    }
    return readers, describe_origin(builder, path, revision)


def stream_hub(
    path: str,
    name: str | None,
    revision: str | None,
    given: Mapping[str, str | Sequence[str] | None],
    columns: Columns,
) -> tuple[dict[str, Callable[[], Iterator[pa.Table]]], list[str]]:
    """As `open_hub`, without downloading: the readers yield the rows of a split block by block."""
    datasets.disable_progress_bars()
    directory = expanded(path)
    with explained(path, name, revision):
        builder = find_builder(path, name, revision)
        splits = builder.as_streaming_dataset()
    for key, spec in given.items():
        if isinstance(spec, str) and re.search(r"[\[+]", spec):
            raise InputError(
                f"{key}={spec}: data.streaming=true reads whole splits; give one of "
                f"{', '.join(splits)}, and data.max_examples for fewer rows"
            )
    # the real sizes are unknown; different splits never overlap
    chosen = choose_splits(dict.fromkeys(splits, 1), given, path)
    streams: dict[str, Callable[[], Iterator[pa.Table]]] = {
        key: partial(stream_split, splits[split], key, split, (path, name, revision), columns)
        for key, split in chosen.items()
    }
    return streams, [] if directory.is_dir() else describe_origin(builder, path, revision)


def stream_split(
    rows: IterableDataset,
    key: str,
    split: str,
    origin: tuple[str, str | None, str | None],
    columns: Columns,
) -> Iterator[pa.Table]:
    where, first_row, columns = f"{origin[0]}, {split}", 1, columns.of(key)
    with explained(*origin):
        names = rows.column_names or list(next(iter(rows)))
        check_columns(where, names, columns.names, columns.weight, labels=columns.labels)
        rows = rows.select_columns(wanted(columns, rows.features))
        for table in rows.with_format("arrow").iter(batch_size=STREAMED_ROWS):
            check_labelled(key, where, table, columns, rows.features or {})
            yield table_rows(table, columns, where, rows.features, first_row)
            first_row += len(table)


def prepare(path: str, name: str | None, revision: str | None) -> DatasetBuilder:
    """Download a dataset and convert it to Arrow in the cache of `datasets`.

    Args:
        path: owner/name on the Hub, or a directory.
        name: the configuration; None: the only one, or the default.
        revision: commit, tag or branch; None: the newest.

    Raises:
        InputError: it can't be loaded.
    """
    with explained(path, name, revision):
        builder = find_builder(path, name, revision)
        builder.download_and_prepare()
    return builder


def find_builder(path: str, name: str | None, revision: str | None) -> DatasetBuilder:
    """The builder of a dataset: it knows the files and how to read them."""
    directory = expanded(path)
    local = directory.is_dir()
    if not local and not re.fullmatch(HUB_ID, path):
        raise InputError(
            f"data.path={path}: no such directory (looked from {Path.cwd()}), and not the id of a "
            "Hub dataset, which is owner/name, such as stanfordnlp/imdb"
        )
    if local and revision is not None:
        raise InputError(
            f"data.revision={revision} is for the Hub, but data.path={path} is a directory; "
            "leave it out"
        )
    # their log lines, such as retries, would clutter the one line of an error
    for library in ("datasets", "huggingface_hub"):
        logging.getLogger(library).setLevel(logging.ERROR)
    if local:
        return load_builder(str(directory.resolve()), name, cache_dir=local_cache(directory))
    builder = load_builder(path, name, revision=revision)
    check_commit(builder, path, revision)
    return builder


@contextmanager
def explained(path: str, name: str | None, revision: str | None) -> Iterator[None]:
    """Turn any error with a repository into an InputError of one line."""
    try:
        yield
    except (InputError, GeneratorExit):
        raise
    except Exception as error:  # a repository is foreign input and can fail in any way
        local = expanded(path).is_dir()
        raise InputError(explain(error, path, name, revision, local)) from error


def local_cache(directory: Path) -> str:
    """The cache directory for a local directory's rows, unique to its files and their content.

    By default `datasets` would reuse the rows of another directory, or outdated rows, if name and
    README.md are the same.
    """
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    contents = [(str(path.relative_to(directory)), content_digest(path)) for path in files]
    digest = hashlib.sha256(repr((str(directory.resolve()), contents)).encode()).hexdigest()[:16]
    return str(Path(datasets.config.HF_DATASETS_CACHE) / f"{directory.resolve().name}-{digest}")


def load_builder(path: str, name: str | None, **options: Any) -> DatasetBuilder:
    # pandas would read empty cells, NA and None in CSV as missing; other formats of `datasets` lack
    # this option
    strings = {"keep_default_na": False}
    try:
        builder = load_dataset_builder(path, name, **options)
    except ValueError as error:
        if "Couldn't find cache" not in str(error):
            raise
        # offline, and the cached dataset was CSV
        return load_dataset_builder(path, name, **options, **strings)
    if hasattr(builder.config, "keep_default_na"):
        return load_dataset_builder(path, name, **options, **strings)
    return builder


def from_cache(builder: DatasetBuilder) -> bool:
    """Whether the Hub wasn't reached: `datasets` then uses the newest cached copy."""
    return type(builder).__module__.endswith(".cache.cache")


def check_commit(builder: DatasetBuilder, path: str, revision: str | None) -> None:
    commit = str(builder.hash)
    pinned = revision is not None and re.fullmatch(COMMIT, revision)
    if from_cache(builder) and pinned and not commit.startswith(str(revision)):
        raise InputError(
            f"data.revision={revision}: the Hub can't be reached, and the cache has another commit "
            f"of {path}: {commit}"
        )


def describe_origin(builder: DatasetBuilder, path: str, revision: str | None) -> list[str]:
    """Notes for the user: the commit of the dataset."""
    if expanded(path).is_dir():
        return []
    commit = str(builder.hash)
    pinned = revision is not None and commit.startswith(revision)
    if from_cache(builder):
        unchecked = "" if pinned or revision is None else f"; {revision} may have moved since"
        return [f"{path}: the Hub was not reached; using commit {commit} from the cache{unchecked}"]
    return [f"{path}: commit {commit}" + ("" if pinned else f"; data.revision={commit} pins it")]


def choose_splits(
    sizes: dict[str, int], given: Mapping[str, str | Sequence[str] | None], path: str
) -> dict[str, str]:
    """By key, the split or slice of a split that it means.

    A key without a value means the split of its name, if it exists and no other key uses it.

    Args:
        sizes: the number of rows of each split.
        given: the values of data.train, data.validation and data.test.

    Raises:
        InputError: a split doesn't exist, or two keys use the same rows.
    """
    chosen = {
        key: value if isinstance(value, str) else "+".join(value)
        for key, value in given.items()
        if value is not None
    }
    parts = {key: split_parts(key, spec, sizes, path) for key, spec in chosen.items()}
    used = {part.splitname for slices in parts.values() for part in slices}
    for (key, ours), (other, theirs) in combinations(parts.items(), 2):
        if any(overlap(one, two) for one in ours for two in theirs):
            raise InputError(
                f"{key}={chosen[key]} and {other}={chosen[other]} overlap; give splits or slices "
                "that don't, such as train[:90%] and train[90%:]"
            )
    for key in given:
        name = key.removeprefix("data.")
        if key not in chosen and name in sizes and name not in used:
            chosen[key] = name
    return chosen


def split_parts(key: str, spec: str, sizes: dict[str, int], path: str) -> list[Any]:
    """The row ranges (`splitname`, `from_`, `to`) of a specification such as train[:10%]."""
    for name in re.findall(r"(?:^|\+)\s*([\w.-]+)", spec):
        if name not in sizes:
            raise InputError(
                f"{key}={spec}: {path} has no split {name!r}; it has {', '.join(sizes)}"
            )
    try:
        parts = ReadInstruction.from_spec(spec).to_absolute(sizes)
    except (ValueError, AssertionError) as error:
        said = " ".join(str(error).split()).rstrip(".")
        reason = "" if said.startswith("Unrecognized") else f" ({said})"  # it repeats `spec`
        raise InputError(
            f"{key}={spec} is not a split or slice{reason}; write train, train[:10%] or "
            "train[100:200]"
        ) from error
    if not any(part.from_ < part.to for part in parts):
        raise InputError(f"{key}={spec} holds no rows")
    return list(parts)


def overlap(one: Any, two: Any) -> bool:
    same = one.splitname == two.splitname
    return bool(same and max(one.from_, two.from_) < min(one.to, two.to))


def split_sizes(builder: DatasetBuilder) -> dict[str, int]:
    return {name: info.num_examples for name, info in builder.info.splits.items()}


def read_split(
    builder: DatasetBuilder, key: str, split: str, path: str, columns: Columns
) -> pa.Table:
    """Rows of `columns.schema`; labels are the Hub's class names, if it has them.

    Raises:
        InputError: a column doesn't exist, a cell is null, or a row has no label.
    """
    where, columns = f"{path}, {split}", columns.of(key)
    rows = builder.as_dataset(split=split)
    check_columns(where, rows.column_names, columns.names, columns.weight, labels=columns.labels)
    rows = rows.select_columns(wanted(columns, rows.features))
    table = rows.with_format("arrow")[:]
    check_labelled(key, where, table, columns, rows.features)
    return table_rows(table, columns, where, rows.features)


def wanted(columns: Columns, features: Features | None) -> list[str]:
    """The columns to read; of streamed text files the types are unknown, and no others are read."""
    return columns.names if features is None else columns.wanted(features.arrow_schema)


def check_labelled(
    key: str, where: str, table: pa.Table, columns: Columns, features: Mapping[str, Any]
) -> None:
    """Refuse rows without a label, which the Hub marks by the class -1.

    In a column of plain numbers -1 may be a class, so there only a split of all -1 is refused.

    Raises:
        InputError
    """
    if columns.kind != "names":
        return
    if columns.missing_label == "drop" and isinstance(features.get(columns.label), ClassLabel):
        return  # `table_rows` makes them null
    labels, named = table[columns.label], isinstance(features.get(columns.label), ClassLabel)
    if not named and not pa.types.is_integer(labels.type):
        return
    unlabelled = pc.equal(labels, -1)
    number = pc.sum(unlabelled).as_py() or 0
    if number == len(labels) or (named and number):
        error = NoLabelsError if number == len(labels) else InputError
        raise error(
            f"{where}: {number} of {len(labels)} rows have no label (-1), first in row "
            f"{pc.index(unlabelled, True).as_py() + 1}; give {key} a split or slice that has labels"
        )
