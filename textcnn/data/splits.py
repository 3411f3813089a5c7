"""Train, validation and test: rows of text and class, drawn by class and seed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from textcnn.data.duplicates import first_of_each, handle_duplicates
from textcnn.data.labelled import LabelledTexts, label_names, label_texts
from textcnn.data.sources.source import KEYS, Readers, Source
from textcnn.errors import InputError


@dataclass(frozen=True)
class Splits:
    """Three sets of rows, with the same classes."""

    train: LabelledTexts
    validation: LabelledTexts
    test: LabelledTexts
    notes: tuple[str, ...] = ()  # what a user should know of how the rows were chosen

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the classes; a label id is an index into them."""
        return self.train.names

    def by_name(self) -> dict[str, LabelledTexts]:
        return {"train": self.train, "validation": self.validation, "test": self.test}

    def fingerprints(self) -> dict[str, str]:
        return {name: rows.fingerprint for name, rows in self.by_name().items()}


@dataclass(frozen=True)
class Division:
    """Which rows are for what, as the keys `data.*` and `seed` say."""

    validation_fraction: float = 0.1  # of all rows, where no others are for it
    test_fraction: float = 0.1
    duplicates: str = "drop"  # texts that two splits share: drop, keep or error
    max_examples: int | None = None  # rows kept of each split
    folds: int | None = None  # cross-validation: the training rows are dealt into so many
    fold: int | None = None  # the one to test, from 1; None is the first
    seed: int = 0

    def divide(self, tables: dict[str, pa.Table], notes: Sequence[str] = ()) -> Splits:
        """Three splits.

        Args:
            tables: the rows of each key that there are rows for, at least of data.train.
            notes: what is known of them.

        Raises:
            InputError: one class only, too few rows, unknown classes, shared texts.
        """
        names = label_names(tables["data.train"]["label"])
        several = pa.types.is_list(tables["data.train"]["label"].type)
        if len(names) < 2 - several:
            held = f"one class only ({names[0]}); two are" if names else "no labels; one is"
            raise InputError(f"data.train holds {held} the least")
        chosen = {key: label_texts(rows, names, key) for key, rows in tables.items()}
        generator = np.random.default_rng(self.seed)
        train = chosen["data.train"]
        shares = self.shares(list(tables))
        size = len(train)
        if self.folds is not None:
            chosen["data.test"], train = self.deal(train, generator)
        for key, share in shares.items():
            drawn = draw(train.strata, round(share * size), generator, key)
            chosen[key], train = train.select(drawn), train.select(~drawn)
        chosen["data.train"] = train
        chosen, found = handle_duplicates(chosen, self.duplicates)
        kept = {key: self.keep(chosen[key], key) for key in KEYS}
        cuts = [
            f"{key}: {len(rows):,} of {len(chosen[key]):,} rows kept (data.max_examples)"
            for key, rows in kept.items()
            if len(rows) < len(chosen[key])
        ]
        train, validation, test = kept.values()
        return Splits(train, validation, test, (*notes, *found, *cuts))

    def shares(self, given: Sequence[str]) -> dict[str, float]:
        """What to draw from the training rows.

        Raises:
            InputError: nothing would be left.
        """
        shares = {"data.test": self.test_fraction, "data.validation": self.validation_fraction}
        if self.folds is not None:
            del shares["data.test"]
        shares = {key: share for key, share in shares.items() if key not in given}
        if sum(shares.values()) >= 1:
            shown = " and ".join(f"{key}_fraction={share}" for key, share in shares.items())
            raise InputError(f"{shown} leave nothing to train on; together they must be below 1")
        return shares

    def deal(
        self, rows: LabelledTexts, generator: np.random.Generator
    ) -> tuple[LabelledTexts, LabelledTexts]:
        """The fold to test, and the others: as many of each class in every fold, or one more."""
        assert self.folds is not None
        if len(rows) < self.folds:
            raise InputError(f"data.folds={self.folds} is too many for {len(rows)} rows")
        fold = np.empty(len(rows), np.int64)
        fold[shuffled_by_stratum(rows.strata, generator)] = np.arange(len(rows)) % self.folds
        tested = fold == (self.fold or 1) - 1
        return rows.select(tested), rows.select(~tested)

    def keep(self, rows: LabelledTexts, key: str) -> LabelledTexts:
        """At most so many rows: the same share of every class, at least one of each, by seed."""
        if self.max_examples is None or len(rows) <= self.max_examples:
            return rows
        strata = len(np.unique(rows.strata))
        if self.max_examples < strata:
            raise InputError(
                f"data.max_examples={self.max_examples} is too few for {key}, which has "
                f"{strata} classes"
            )
        # a generator of its own, so that evaluation, which reads test alone, draws the same rows
        generator = np.random.default_rng(self.seed)
        return rows.select(~draw(rows.strata, len(rows) - self.max_examples, generator, key))


def load_splits(source: Source, division: Division) -> Splits:
    """All rows of a source, in three splits.

    A split that the source has no rows for is drawn from the training rows: the same share of
    every class, by seed, but never the last row of a class. What is given as test is never drawn
    from. Texts that two splits share are handled as `division` says. At the end each split is cut
    down to `max_examples` rows, in the same way.

    Raises:
        InputError: rows that can't be read, one class only, too few rows, unknown classes, keys
            that contradict each other.
    """
    readers, notes = source.open()
    if "data.train" not in readers:
        raise InputError(source.no_train)
    if division.folds is not None:
        notes += leave_out_test(readers, source)
    division.shares(list(readers))  # what contradicts itself needs no reading
    tables = {key: read() for key, read in readers.items()}
    if source.source == "bundled":
        rows = tables["data.train"]
        tables["data.train"] = unique = first_of_each(rows)
        notes.append(f"{len(rows) - len(unique)} of {len(rows)} texts were duplicates: dropped")
    return division.divide(tables, notes)


def leave_out_test(readers: Readers, source: Source) -> list[str]:
    """Cross-validation tests on training rows; others would never be looked at."""
    if source.test is not None:
        both = "train+test" if source.source == "hub" else "[<train>,<test>]"
        raise InputError(
            f"data.folds tests on each fold of data.train, but data.test={source.test} is given; "
            f"set data.test=null, and data.train={both} to use all rows"
        )
    if readers.pop("data.test", None) is None:
        return []
    return ["data.folds: the split test is not used; data.train=train+test would use its rows too"]


def load_test(readers: Readers, division: Division, names: Sequence[str]) -> LabelledTexts | None:
    """The test rows of a source, with the classes of a trained classifier.

    None where the source has no rows of its own for test, so that they have to be drawn.
    """
    if "data.test" not in readers or division.folds is not None:
        return None
    rows = label_texts(readers["data.test"](), names, "data.test")
    return division.keep(rows, "data.test")


def draw(strata: np.ndarray, count: int, generator: np.random.Generator, key: str) -> np.ndarray:
    """Choose `count` rows at random, the same share of every stratum: a mask.

    Systematic sampling: the rows lie sorted by stratum and shuffled within it, and every n-th is
    taken. Of each stratum one row is never taken, so that training knows every class.
    """
    order = shuffled_by_stratum(strata, generator)
    keep_one = np.unique(strata[order], return_index=True)[1]
    candidates = np.delete(order, keep_one)
    if len(candidates) == 0:
        raise InputError(
            f"{len(strata)} rows of {len(keep_one)} classes are too few to draw {key} from: one "
            f"row of each class stays in training; check data.label, or give {key}"
        )
    count = min(count, len(candidates))
    if count == 0:
        raise InputError(
            f"{len(strata)} rows are too few to draw {key} from; give a file, or a larger "
            f"{key}_fraction"
        )
    every = (np.arange(count) + generator.random()) * len(candidates) / count
    drawn = np.zeros(len(strata), dtype=bool)
    drawn[candidates[every.astype(int)]] = True
    return drawn


def shuffled_by_stratum(strata: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """All rows, those of one stratum together, in random order within it."""
    return np.lexsort((generator.random(len(strata)), strata))
