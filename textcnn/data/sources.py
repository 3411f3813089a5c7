"""Where rows come from: what each source gives for train, validation and test."""

from collections.abc import Callable, Mapping
from functools import partial

from datasets import Dataset

from textcnn.data.bundled import read_bundled
from textcnn.data.files import StringOrList, read_files
from textcnn.data.hub import choose_splits, describe_origin, prepare, read_split, split_sizes
from textcnn.errors import InputError

Readers = dict[str, Callable[[], Dataset]]


def open_source(
    source: str,
    given: dict[str, StringOrList | None],
    *,
    path: str | None,
    name: str | None,
    revision: str | None,
    text: StringOrList,
    label: str,
) -> tuple[Readers, list[str]]:
    """How to read the rows of each key that the source has rows for, and notes for the user.

    Args:
        given: the values of data.train, data.validation and data.test.

    Raises:
        InputError: keys that the source doesn't use, or a Hub dataset that can't be had.
    """
    hub_keys = {"data.path": path, "data.name": name, "data.revision": revision}
    check_used(source, {} if source == "hub" else hub_keys)
    columns = [text] if isinstance(text, str) else text
    if source == "bundled":
        check_used(source, given)
        return {"data.train": read_bundled}, []
    if source == "files":
        files = {key: value for key, value in given.items() if value is not None}
        return {k: partial(read_files, k, v, columns, label) for k, v in files.items()}, []
    if not path:
        raise InputError("data.source=hub needs data.path=<owner/name or directory>, got null")
    builder = prepare(path, name, revision)
    splits = choose_splits(split_sizes(builder), given, path)
    readers: Readers = {
        key: partial(read_split, builder, key, split, path, columns, label)
        for key, split in splits.items()
    }
    return readers, describe_origin(builder, path, revision)


def check_used(source: str, unused: Mapping[str, StringOrList | None]) -> None:
    """Refuse a key that says something, but not to this source."""
    for key, value in unused.items():
        if value is not None:
            fitting = "files" if key in {"data.train", "data.validation", "data.test"} else "hub"
            raise InputError(f"{key} is given, but data.source is {source}; add data={fitting}")


def no_train(source: str, path: str | None) -> str:
    """What to say where a source has nothing to train on."""
    if source == "hub":
        return f"{path} has no split train to train on, or another key has it; set data.train"
    return "data.source=files needs data.train=<file>, got null"
