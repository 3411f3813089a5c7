"""Train, validation and test: rows of text and class, drawn by class and seed."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from datasets import ClassLabel, Dataset, Features, Value

from textcnn.data.bundled import read_bundled
from textcnn.data.files import StringOrList, read_files
from textcnn.errors import InputError


@dataclass(frozen=True)
class Splits:
    """Three sets of rows with the columns `text` (a string) and `label` (an id, by its name)."""

    train: Dataset
    validation: Dataset
    test: Dataset
    notes: tuple[str, ...] = ()  # what a user should know of how the rows were chosen

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the classes, sorted; a label id is an index into them."""
        return tuple(self.train.features["label"].names)

    def fingerprints(self) -> dict[str, str]:
        return {
            "train": fingerprint(self.train),
            "validation": fingerprint(self.validation),
            "test": fingerprint(self.test),
        }


def fingerprint(rows: Dataset) -> str:
    """A hash of every text and class name, in order."""
    names = rows.features["label"].names
    digest = hashlib.sha256()
    for batch in rows.iter(batch_size=1000):
        for text, label in zip(batch["text"], batch["label"], strict=True):
            for string in (text, names[label]):
                encoded = string.encode("utf-8", "surrogatepass")
                digest.update(len(encoded).to_bytes(8, "little") + encoded)
    return digest.hexdigest()


def load_splits(
    source: str,
    *,
    train: StringOrList | None,
    validation: StringOrList | None,
    test: StringOrList | None,
    text: StringOrList,
    label: str,
    validation_fraction: float,
    test_fraction: float,
    seed: int,
) -> Splits:
    """All rows of a source, in three splits.

    A split that is not given is drawn from the training rows: the same share of every class, by
    `seed`, but never the last row of a class. What is given as test is never drawn from.

    Raises:
        InputError: rows that can't be read, one class only, too few rows, unknown classes, keys
            that contradict each other.
    """
    files = {"data.train": train, "data.validation": validation, "data.test": test}
    shares = {"data.test": test_fraction, "data.validation": validation_fraction}
    check_sources(source, files, shares)
    notes = []
    if source == "bundled":
        rows, duplicates = drop_duplicates(read_bundled())
        given = {}
        notes.append(f"{duplicates} of {len(rows) + duplicates} texts were duplicates: dropped")
    else:
        columns = [text] if isinstance(text, str) else text
        given = {k: read_files(k, v, columns, label) for k, v in files.items() if v is not None}
        rows = given.pop("data.train")
    rows = with_classes(rows, sort_labels(rows), "data.train")
    names = rows.features["label"].names
    if len(names) < 2:
        raise InputError(f"the training rows hold one class only ({names[0]}); two are the least")
    chosen = {key: with_classes(split, names, key) for key, split in given.items()}
    generator = np.random.default_rng(seed)
    size = len(rows)
    for key, share in shares.items():
        if key not in chosen:
            drawn = draw(np.asarray(rows["label"]), round(share * size), generator, key)
            chosen[key] = rows.select(np.flatnonzero(drawn))
            rows = rows.select(np.flatnonzero(~drawn))
    return Splits(rows, chosen["data.validation"], chosen["data.test"], tuple(notes))


def check_sources(
    source: str, files: dict[str, StringOrList | None], shares: dict[str, float]
) -> None:
    """
    Raises:
        InputError: files that would not be read, no file to train on, nothing left to train on.
    """
    given = [key for key, value in files.items() if value is not None]
    if source == "bundled" and given:
        raise InputError(f"{given[0]} is given, but data.source is bundled; add data=files")
    if source == "files" and "data.train" not in given:
        raise InputError("data.source=files needs data.train=<file>, got null")
    drawn = {f"{key}_fraction": share for key, share in shares.items() if key not in given}
    if sum(drawn.values()) >= 1:
        shown = " and ".join(f"{key}={share}" for key, share in drawn.items())
        raise InputError(f"{shown} leave nothing to train on; together they must be below 1")


def load_test(test: StringOrList, text: StringOrList, label: str, names: Sequence[str]) -> Dataset:
    """Rows to score from files, with the classes of a trained classifier."""
    columns = [text] if isinstance(text, str) else text
    return with_classes(read_files("data.test", test, columns, label), names, "data.test")


def drop_duplicates(rows: Dataset) -> tuple[Dataset, int]:
    """The rows whose text did not occur before, and how many were dropped."""
    first = {text: row for row, text in reversed(list(enumerate(rows["text"])))}
    return rows.select(sorted(first.values())), len(rows) - len(first)


def sort_labels(rows: Dataset) -> list[str]:
    """The class names of rows: by number if all are whole numbers, else by spelling."""
    names = set(rows["label"])
    try:
        return sorted(names, key=lambda name: (int(name), name))
    except ValueError:
        return sorted(names)


def with_classes(rows: Dataset, names: Sequence[str], key: str) -> Dataset:
    """The rows with label ids instead of label names."""
    ids = {name: id for id, name in enumerate(names)}
    labels = rows["label"][:]
    for row, name in enumerate(labels, start=1):
        if name not in ids:
            known = ", ".join(names)
            raise InputError(f"{key}, row {row}: the label {name!r} is not in training: {known}")
    features = Features({"text": Value("string"), "label": ClassLabel(names=list(names))})
    columns = {"text": rows["text"][:], "label": [ids[name] for name in labels]}
    return Dataset.from_dict(columns, features=features)


def draw(labels: np.ndarray, count: int, generator: np.random.Generator, key: str) -> np.ndarray:
    """Choose `count` rows at random, the same share of every class: a mask.

    Systematic sampling: the rows lie sorted by class and shuffled within it, and every n-th is
    taken. Of each class one row is never taken, so that training knows every class.
    """
    order = np.lexsort((generator.random(len(labels)), labels))
    keep_one = np.unique(labels[order], return_index=True)[1]
    candidates = np.delete(order, keep_one)
    count = min(count, len(candidates))
    if count == 0:
        raise InputError(
            f"{len(labels)} rows are too few to draw {key} from; give a file, or a larger "
            f"{key}_fraction"
        )
    every = (np.arange(count) + generator.random()) * len(candidates) / count
    drawn = np.zeros(len(labels), dtype=bool)
    drawn[candidates[every.astype(int)]] = True
    return drawn
