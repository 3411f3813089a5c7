"""Train, validation and test: which rows belong to which split, drawn by class and seed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa

from textcnn.data.duplicates import first_of_each, handle_duplicates
from textcnn.data.labelled import LabelledTexts, has_label_sets, label_names, label_texts
from textcnn.data.labels.class_counts import support_warnings
from textcnn.data.labels.cleaning import clean_labels
from textcnn.data.labels.renaming import Renaming, renamed_tables
from textcnn.data.labels.spelling import Spelling, spellings
from textcnn.data.labels.unseen import FIX, handle_unseen
from textcnn.data.sources.label_cells import ALL_WEIGHTS_ARE_ZERO
from textcnn.data.sources.missing_labels import drop_missing
from textcnn.data.sources.source import KEYS, Readers, Source
from textcnn.errors import InputError


@dataclass(frozen=True)
class Splits:
    """Three sets of rows with the same classes."""

    train: LabelledTexts
    validation: LabelledTexts
    test: LabelledTexts
    notes: tuple[str, ...] = ()  # for the user: how the rows were chosen
    warnings: tuple[str, ...] = ()  # for the user: what may be wrong with the labels
    unlabelled: LabelledTexts | None = None  # more training texts; their labels mean nothing

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the classes; a label id is an index into them."""
        return self.train.names

    def by_name(self) -> dict[str, LabelledTexts]:
        return {"train": self.train, "validation": self.validation, "test": self.test}

    def fingerprints(self) -> dict[str, str]:
        rows = self.by_name()
        if self.unlabelled is not None:
            rows["unlabelled"] = self.unlabelled
        return {name: each.fingerprint for name, each in rows.items()}


@dataclass(frozen=True)
class Division:
    """How rows are divided into splits, as the keys `data.*` and `seed` say."""

    # drawn from the training rows if the split has no rows of its own; None: leave it empty then
    validation_fraction: float | None = 0.1
    test_fraction: float | None = 0.1
    duplicates: str = "drop"  # texts that occur in two splits: drop, keep or error
    max_examples: int | None = None  # limit of rows per split
    folds: int | None = None  # cross-validation: deal the training rows into this many folds
    fold: int | None = None  # the fold to test, from 1; None: the first
    unseen_label: str = "error"  # of rows whose class training lacks: error, wrong or drop
    rename: Mapping[str, str] | None = None  # other names for classes, see `Renaming`
    known: Sequence[str] = ()  # classes of an earlier training; they need no rows
    known_before: Sequence[str] = ()  # the same before `rename`
    part: tuple[int, int] | None = None  # test this part of the training rows, of so many
    seed: int = 0

    @cached_property
    def renaming(self) -> Renaming:
        return Renaming(self.rename or {})

    def divide(self, tables: dict[str, pa.Table], notes: Sequence[str] = ()) -> Splits:
        """Make the three splits.

        Args:
            tables: by key (data.train and others) the rows of the source, see `label_texts`.
            notes: what the user should know about the rows; they come first in `Splits.notes`.

        Raises:
            InputError: only one class, too few rows, unknown classes, texts in two splits.
        """
        tables, renamed = renamed_tables(tables, self.renaming, self.known_before)
        names = label_names(tables["data.train"]["label"], self.known)
        several = has_label_sets(tables["data.train"])
        if len(names) < 2 - several:
            held = f"only one class ({names[0]}), not two" if names else "no labels, not one"
            raise InputError(f"data.train holds {held} or more; check data.label")
        chosen, unseen = {}, []
        for key, rows in tables.items():
            rows, known, note = handle_unseen(rows, names, key, self.unseen_label)
            chosen[key] = label_texts(rows, known, key, fix=FIX)
            unseen += note
        generator = np.random.default_rng(self.seed)
        train = chosen["data.train"]
        fractions = self.drawn_fractions(list(tables))
        size = len(train)
        if self.folds is not None:
            chosen["data.test"], train = self.deal(train, generator)
        for key, fraction in fractions.items():
            drawn = draw(train.strata, round(fraction * size), generator, key)
            chosen[key], train = train.select(drawn), train.select(~drawn)
        empty = train.select(np.empty(0, np.int64))
        chosen = {key: chosen.get(key, empty) for key in KEYS} | {"data.train": train}
        chosen, found = handle_duplicates(chosen, self.duplicates)
        kept = {key: self.keep(chosen[key], key) for key in KEYS}
        cuts = [
            f"{key}: {len(rows):,} of {len(chosen[key]):,} rows kept (data.max_examples)"
            for key, rows in kept.items()
            if len(rows) < len(chosen[key])
        ]
        train, validation, test = kept.values()
        if self.part is not None:
            test, train = self.leave_out(train, *self.part)
        check_learnable(train, self.known)
        notes = (*notes, *renamed, *unseen, *found, *cuts, *target_notes(train))
        warnings = tuple(support_warnings({"validation": validation, "test": test}, fractions))
        return Splits(train, validation, test, notes, warnings)

    def leave_out(
        self, rows: LabelledTexts, part: int, parts: int
    ) -> tuple[LabelledTexts, LabelledTexts]:
        """The rows of a part, from 1, and those of the others, without the same texts."""
        inside = parts_of(rows, parts, self.seed) == part - 1
        seen = np.isin(rows.text_hashes, rows.text_hashes[inside])
        others = ~inside & ~seen if self.duplicates == "drop" else ~inside
        if not others.any():
            raise InputError("training.out_of_fold: all training texts are the same; leave it out")
        return rows.select(inside), rows.select(others)

    def drawn_fractions(self, given: Sequence[str]) -> dict[str, float]:
        """By key, the fraction of the training rows to draw for it.

        Args:
            given: the keys that have rows of their own.

        Raises:
            InputError: no row would be left to train on.
        """
        wanted = {"data.test": self.test_fraction, "data.validation": self.validation_fraction}
        if self.folds is not None:
            del wanted["data.test"]
        fractions = {
            key: fraction
            for key, fraction in wanted.items()
            if key not in given and fraction is not None
        }
        if sum(fractions.values()) >= 1:
            shown = " and ".join(f"{key}_fraction={value}" for key, value in fractions.items())
            raise InputError(f"{shown} leave nothing to train on; their sum must be below 1")
        return fractions

    def deal(
        self, rows: LabelledTexts, generator: np.random.Generator
    ) -> tuple[LabelledTexts, LabelledTexts]:
        """The rows of the test fold and those of the others; folds are stratified by class."""
        assert self.folds is not None
        if len(rows) < self.folds:
            raise InputError(
                f"data.folds={self.folds} is too many for {len(rows)} rows; "
                f"give at most {len(rows)}"
            )
        tested = dealt(rows.strata, self.folds, generator) == (self.fold or 1) - 1
        return rows.select(tested), rows.select(~tested)

    def keep(self, rows: LabelledTexts, key: str) -> LabelledTexts:
        """At most `max_examples` rows: the same fraction, but at least one row, of every class."""
        if self.max_examples is None or len(rows) <= self.max_examples:
            return rows
        strata = len(np.unique(rows.strata))
        if self.max_examples < strata:
            raise InputError(
                f"data.max_examples={self.max_examples} is too few for {key}, which has "
                f"{strata} classes; give at least {strata}"
            )
        # a new generator, so that evaluation, which reads only test, draws the same rows
        generator = np.random.default_rng(self.seed)
        return rows.select(~draw(rows.strata, len(rows) - self.max_examples, generator, key))


def check_learnable(train: LabelledTexts, known: Collection[str] = ()) -> None:
    """
    Args:
        known: classes that an earlier training learned.

    Raises:
        InputError: no training text counts, or a class has no probability in any.
    """
    if train.weights is not None and not train.weights.any():
        raise InputError(ALL_WEIGHTS_ARE_ZERO)
    found = np.empty(0, bool) if train.targets is None else np.any(train.targets, axis=0)
    lost = [train.names[place] for place in np.flatnonzero(~found)]
    if name := next((name for name in lost if name not in known), None):
        raise InputError(
            f"no training text gives the class {name!r} any probability; leave the class out, or "
            "give more rows"
        )


def target_notes(train: LabelledTexts) -> list[str]:
    """How soft labels and weights are read, for the user."""
    notes = []
    if train.targets is not None and train.multi_label:
        notes.append("soft labels: a text counts as one of each label of at least 0.5")
    elif train.targets is not None:
        sure = (train.targets == 1).any(axis=1).mean()
        notes.append(
            f"soft labels: {100 * sure:.0f} % of the training texts have a certain class; splits "
            "and counts go by the most probable one"
        )
    if train.weights is not None:
        least, most = train.weights.min(), train.weights.max()
        notes.append(f"weights of the training texts: {least:.3g} to {most:.3g}")
    return notes


def dealt(strata: np.ndarray, parts: int, generator: np.random.Generator) -> np.ndarray:
    """(rows,) int64: the part of each row, counted from 0; parts are stratified."""
    part = np.empty(len(strata), np.int64)
    part[shuffled_by_stratum(strata, generator)] = np.arange(len(strata)) % parts
    return part


def parts_of(rows: LabelledTexts, parts: int, seed: int) -> np.ndarray:
    """The part of each training row for `training.out_of_fold`, from 0: (rows,) int64.

    Raises:
        InputError: there are fewer rows than parts.
    """
    if len(rows) < parts:
        raise InputError(
            f"training.teacher_folds={parts} is too many for {len(rows)} training texts; give at "
            f"most {len(rows)}"
        )
    return dealt(rows.strata, parts, np.random.default_rng([seed, parts]))


def load_splits(source: Source, division: Division) -> Splits:
    """Read all rows of a source and divide them into three splits.

    A split without rows of its own is drawn from the training rows: the same fraction of every
    class, by seed, but never the last row of a class. Given test rows are never drawn from. Texts
    that occur in two splits are handled as `division` says. Finally each split is limited to
    `max_examples` rows, in the same way.

    Raises:
        InputError: rows that can't be read, only one class, too few rows, unknown classes, or keys
            that contradict each other.
    """
    readers, notes = source.open()
    if "data.train" not in readers:
        raise InputError(source.no_train)
    if division.folds is not None:
        notes += leave_out_test(readers, source)
    division.drawn_fractions(list(readers))  # refuse contradictions before reading
    tables = {key: read() for key, read in readers.items()}
    tables, more, warnings = clean_labels(tables, source)
    source.check_classes(label_names(tables["data.train"]["label"]))
    notes += [*source.notes, *more]
    if source.source == "bundled":
        rows = tables["data.train"]
        tables["data.train"] = unique = first_of_each(rows)
        notes.append(f"{len(rows) - len(unique)} of {len(rows)} texts were duplicates: dropped")
    splits = division.divide(tables, notes)
    return replace(splits, warnings=(*warnings, *splits.warnings))


def leave_out_test(readers: Readers, source: Source) -> list[str]:
    """Drop the test split for cross-validation, which tests on training rows.

    Raises:
        InputError: data.test is given.
    """
    if source.test is not None:
        both = "train+test" if source.source == "hub" else "[<train>,<test>]"
        raise InputError(
            f"data.folds tests on the folds of data.train, but data.test={source.test} is given; "
            f"set data.test=null, and data.train={both} to use all rows"
        )
    if readers.pop("data.test", None) is None:
        return []
    return ["data.folds: the split test is not used; set data.train=train+test to use its rows too"]


def load_test(
    readers: Readers, division: Division, names: Sequence[str]
) -> tuple[LabelledTexts, list[str]] | None:
    """The test rows of a source, with the classes of a trained classifier, and notes for the user.

    Args:
        names: of the classes, by id.

    Returns:
        None if the source has no test rows of its own, so that they have to be drawn.
    """
    if "data.test" not in readers or division.folds is not None:
        return None
    table, notes = drop_missing(readers["data.test"](), "data.test")
    given = sorted(spellings(table["label"]))
    # a class may have no test row, so that its new name is not refused
    notes += [f"data.rename: no test row has {each}" for each in division.renaming.unknown(given)]
    notes += division.renaming.notes(given)
    table = Spelling(names, known=True).unify(division.renaming.unify(table))
    table, known, more = handle_unseen(table, names, "data.test", division.unseen_label)
    rows = label_texts(table, known, "data.test", fix=FIX)
    return division.keep(rows, "data.test"), [*notes, *more]


def draw(strata: np.ndarray, count: int, generator: np.random.Generator, key: str) -> np.ndarray:
    """Choose `count` rows at random, the same fraction of every stratum.

    Systematic sampling: rows are sorted by stratum and shuffled within it, and every n-th row is
    chosen. One row of each stratum is never chosen, so that training knows every class.

    Args:
        strata: (rows,)
        key: the split that the rows are for, for messages.

    Returns:
        (rows,) bool

    Raises:
        InputError: too few rows, or `count` is 0.
    """
    order = shuffled_by_stratum(strata, generator)
    keep_one = np.unique(strata[order], return_index=True)[1]
    candidates = np.delete(order, keep_one)
    if len(candidates) == 0:
        raise InputError(
            f"{len(strata)} rows of {len(keep_one)} classes are too few to draw {key} from, as one "
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
    """(rows,) int64: all rows sorted by stratum, in random order within each."""
    return np.lexsort((generator.random(len(strata)), strata))
