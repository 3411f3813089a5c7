"""Train, validation and test: rows of text and class, drawn by class and seed."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from datasets import ClassLabel, Dataset

from textcnn.data.duplicates import handle_duplicates
from textcnn.data.files import StringOrList
from textcnn.data.sources import no_train, open_source
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
    path: str | None,
    name: str | None,
    revision: str | None,
    train: StringOrList | None,
    validation: StringOrList | None,
    test: StringOrList | None,
    text: StringOrList,
    label: str,
    validation_fraction: float,
    test_fraction: float,
    duplicates: str,
    max_examples: int | None,
    seed: int,
) -> Splits:
    """All rows of a source, in three splits.

    A split that the source has no rows for is drawn from the training rows: the same share of
    every class, by `seed`, but never the last row of a class. What is given as test is never drawn
    from. Texts that two splits share are handled as `duplicates` says. At the end each split is
    cut down to `max_examples` rows, in the same way.

    Raises:
        InputError: rows that can't be read, one class only, too few rows, unknown classes, keys
            that contradict each other.
    """
    given = {"data.train": train, "data.validation": validation, "data.test": test}
    readers, notes = open_source(
        source, given, path=path, name=name, revision=revision, text=text, label=label
    )
    if "data.train" not in readers:
        raise InputError(no_train(source, path))
    shares = {"data.test": test_fraction, "data.validation": validation_fraction}
    shares = {key: share for key, share in shares.items() if key not in readers}
    check_shares(shares)
    chosen = {key: read() for key, read in readers.items()}
    if source == "bundled":
        rows, dropped = drop_duplicates(chosen["data.train"])
        chosen["data.train"] = rows
        notes.append(f"{dropped} of {len(rows) + dropped} texts were duplicates: dropped")
    names = sort_labels(chosen["data.train"])
    if len(names) < 2:
        raise InputError(f"data.train holds one class only ({names[0]}); two are the least")
    chosen = {key: with_classes(rows, names, key) for key, rows in chosen.items()}
    chosen |= draw_splits(chosen["data.train"], shares, seed)
    chosen, found = handle_duplicates(chosen, duplicates)
    notes += found
    kept = {key: keep(chosen[key], max_examples, seed, key) for key in given}
    notes += [
        f"{key}: {len(rows):,} of {len(chosen[key]):,} rows kept (data.max_examples)"
        for key, rows in kept.items()
        if len(rows) < len(chosen[key])
    ]
    train_rows, validation_rows, test_rows = kept.values()
    return Splits(train_rows, validation_rows, test_rows, tuple(notes))


def check_shares(shares: dict[str, float]) -> None:
    if sum(shares.values()) >= 1:
        shown = " and ".join(f"{key}_fraction={share}" for key, share in shares.items())
        raise InputError(f"{shown} leave nothing to train on; together they must be below 1")


def draw_splits(rows: Dataset, shares: dict[str, float], seed: int) -> dict[str, Dataset]:
    """For each key a share of all rows, drawn by class, and the others to train on."""
    generator = np.random.default_rng(seed)
    size = len(rows)
    chosen = {}
    for key, share in shares.items():
        drawn = draw(np.asarray(rows["label"][:]), round(share * size), generator, key)
        chosen[key] = rows.select(np.flatnonzero(drawn))
        rows = rows.select(np.flatnonzero(~drawn))
    return chosen | {"data.train": rows}


def keep(rows: Dataset, max_examples: int | None, seed: int, key: str) -> Dataset:
    """At most so many rows: the same share of every class, at least one of each, by `seed`."""
    if max_examples is None or len(rows) <= max_examples:
        return rows
    labels = np.asarray(rows["label"][:])
    classes = len(np.unique(labels))
    if max_examples < classes:
        raise InputError(
            f"data.max_examples={max_examples} is too few for {key}, which has {classes} classes"
        )
    # a generator of its own, so that evaluation, which reads test alone, draws the same rows
    generator = np.random.default_rng(seed)
    dropped = draw(labels, len(rows) - max_examples, generator, key)
    return rows.select(np.flatnonzero(~dropped))


def load_test(
    names: Sequence[str],
    source: str,
    *,
    path: str | None,
    name: str | None,
    revision: str | None,
    train: StringOrList | None,
    validation: StringOrList | None,
    test: StringOrList | None,
    text: StringOrList,
    label: str,
    max_examples: int | None,
    seed: int,
) -> Dataset | None:
    """The test rows of a source, with the classes of a trained classifier.

    None where the source has no rows of its own for test, so that they have to be drawn.
    """
    given = {"data.train": train, "data.validation": validation, "data.test": test}
    readers, _ = open_source(
        source, given, path=path, name=name, revision=revision, text=text, label=label
    )
    if "data.test" not in readers:
        return None
    rows = with_classes(readers["data.test"](), names, "data.test")
    return keep(rows, max_examples, seed, "data.test")


def drop_duplicates(rows: Dataset) -> tuple[Dataset, int]:
    """The rows whose text did not occur before, and how many were dropped."""
    first = {text: row for row, text in reversed(list(enumerate(rows["text"])))}
    return rows.select(sorted(first.values())), len(rows) - len(first)


def sort_labels(rows: Dataset) -> list[str]:
    """The class names of rows: by number if all are whole numbers, else by spelling."""
    names = set(rows["label"][:])
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
            more = f" and {len(names) - 20} more" if len(names) > 20 else ""
            known = ", ".join(names[:20]) + more
            raise InputError(f"{key}, row {row}: the label {name!r} is not in training: {known}")
    numbers = np.array([ids[name] for name in labels])
    labelled = rows.remove_columns("label")
    return labelled.add_column("label", numbers, feature=ClassLabel(names=list(names)))


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
