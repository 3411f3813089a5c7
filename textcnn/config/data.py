"""The keys of the data: the source of the rows, and how they are split."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from textcnn.config.keys import chosen_by, command_line, key
from textcnn.config.label_columns import label_conflicts
from textcnn.config.quoting import names_by_name

# OmegaConf has no union of a string and a list, so the type is Any and `check` validates it.
StringOrList = Any

SOURCE_KEYS = (
    *("source", "path", "name", "revision", "train", "validation", "test"),
    *("text", "label", "label_kind", "classes", "multi_label", "label_separator", "weight"),
    *("unlabelled", "encoding", "header", "missing_label", "exclude", "relabel"),
)
SPLIT_KEYS = (
    *("validation_fraction", "test_fraction", "duplicates", "max_examples"),
    *("folds", "fold", "unseen_label", "rename"),
)
DUPLICATES = (
    "what to do with a text that occurs in two splits, ignoring case and white space: drop it from "
    "the earlier of train, validation and test; keep it; or stop with an error"
)
STREAMABLE = "data.streaming needs data=files or data=hub"


def duplicates(default: str) -> Any:
    return key(default, DUPLICATES, choices=("drop", "keep", "error"))


def as_written(names: Any) -> Any:
    """A name or a list of names; numbers and truth values as strings."""
    if isinstance(names, list):
        return [as_written(name) for name in names]
    return command_line(names) if isinstance(names, bool | int | float) else names


def encoding_conflicts(encoding: str | None) -> Iterator[str]:
    try:
        line = "\n".encode(encoding or "utf-8")
        fits = line == b"\n" or (len(line) > 1 and line.decode(encoding or "") == "\n")
    except (LookupError, ValueError):
        fits = False
    if not fits:
        yield (
            f"data.encoding takes an encoding of Python, got {encoding}; try "
            "data.encoding=windows-1252"
        )


@dataclass
class DataConfig:
    source: str = key("bundled", "where the rows come from", choices=("bundled", "files", "hub"))
    path: str | None = key(
        None,
        "data=hub: the dataset on the Hugging Face Hub, owner/name, or a local directory in the "
        "Hub's layout",
    )
    name: str | None = key(
        None, "data=hub: the dataset's configuration; required if the dataset has several"
    )
    revision: str | None = key(
        None,
        "data=hub: a commit, tag or branch of the dataset; pin a commit to always get the same "
        "rows; null: the newest",
    )
    train: StringOrList = key(
        None,
        "training rows: with data=files, a path, a glob or a list of them (.csv, .tsv, .jsonl, "
        ".json, .parquet, .arrow, .feather, .txt as fastText reads it; also with .gz, .bz2, .xz or "
        ".zst), or a directory with a folder for each class; with data=hub, a split or a slice "
        "such as train[:10%]; null: the Hub's train",
        strings=True,
        optional=True,
    )
    validation: StringOrList = key(
        None,
        "validation rows, given like data.train; null: the Hub's validation split if there is one, "
        "else data.validation_fraction of the training rows",
        strings=True,
        optional=True,
    )
    test: StringOrList = key(
        None,
        "test rows, given like data.train; null: the Hub's test split if there is one, else "
        "data.test_fraction of the training rows",
        strings=True,
        optional=True,
    )
    unlabelled: StringOrList = key(
        None,
        "texts without labels that a student learns from, with teacher= or training.out_of_fold: a "
        "path, a glob or a list of them (as data.train, of which data.text is read; .txt: a text "
        "per line); null: none",
        strings=True,
        optional=True,
    )
    text: StringOrList = key(
        "text",
        "the text column, or a list of columns that are joined in this order with a space",
        strings=True,
    )
    label: StringOrList = key(
        "label",
        "the column of class names, or what data.label_kind says; a list of columns, one per class "
        "or annotator: without data.label_kind, columns of 0 and 1 for label sets",
        strings=True,
    )
    label_kind: str | None = key(
        None,
        "what data.label holds: names of classes; probabilities (soft labels: an object "
        "{class: probability}, a list in the order of data.classes, or a column per class); votes "
        "(a column per annotator, empty without a vote; the soft label is the share of votes); "
        "indicators (with data.multi_label, a column of 0 and 1 per label); null: names, "
        "probabilities if a file holds objects, indicators if there are several columns",
        choices=("names", "probabilities", "votes", "indicators"),
        optional=True,
    )
    classes: StringOrList = key(
        None,
        "the classes of a list of probabilities, or of the columns in data.label, in this order; "
        "null: the columns are named after the classes",
        strings=True,
        optional=True,
    )
    multi_label: bool = key(
        False,
        "each text has any number of labels, even none; the label column holds lists of them, or "
        "each label has a column of 0 and 1",
    )
    label_separator: str | None = key(
        None,
        "with data.multi_label, the separator of labels that are written in one string; null: the "
        "label column holds lists",
    )
    weight: str | None = key(
        None,
        "a column of numbers from 0 to 1,000,000 in the training rows: how much each text counts "
        "in the training loss; metrics count all texts equally; null: all texts count 1",
    )
    encoding: str | None = key(
        None,
        "encoding of text files, by Python's name, such as windows-1252; a byte order mark "
        "overrides it; null: UTF-8, or UTF-16 if a file begins so",
    )
    header: bool = key(
        True,
        "the first row of CSV and TSV names the columns; false: they have no header, and data.text "
        "and data.label are numbers of columns, from 1",
    )
    missing_label: str = key(
        "error",
        "what to do with rows without a label: stop with an error, or drop them, as in any case "
        "those of a file of textcnn.label that are not filled in",
        choices=("error", "drop"),
    )
    unseen_label: str = key(
        "error",
        "what to do with validation and test rows whose class occurs in no training row: stop with "
        "an error; count them as misclassified in the test scores (wrong; validation drops them); "
        "or drop them",
        choices=("error", "wrong", "drop"),
    )
    exclude: str | None = key(
        None,
        "a CSV file whose column row lists rows to leave out, as textcnn.audit_data writes it; "
        "null: none",
    )
    relabel: str | None = key(
        None,
        "a CSV file whose columns row and suggested give other labels, as textcnn.audit_data "
        "writes it; null: none",
    )
    slices: StringOrList = key(
        None,
        "a column, or a list of columns, by whose values evaluate scores the texts separately: the "
        "20 most frequent values, or quartiles of numbers; null: by length, class and unknown "
        "tokens only",
        strings=True,
        optional=True,
    )
    rename: Any = key(
        None,
        "other names for classes, {old:new,...}; classes that get the same name are merged; a name "
        "with a comma or colon stands in quotes; null: none",
        names=True,
        optional=True,
    )
    validation_fraction: float = key(
        0.1,
        "fraction of the training rows to hold out for validation, if there are no validation rows",
        above=0.0,
        below=1.0,
    )
    test_fraction: float = key(
        0.1,
        "fraction of the training rows to hold out for testing, if there are no test rows",
        above=0.0,
        below=1.0,
    )
    duplicates: str = duplicates("drop")
    folds: int | None = key(
        None,
        "number of folds for cross-validation: each is tested once, by a model trained on the "
        "others; stratified by class; null: no cross-validation",
        at_least=2,
    )
    fold: int | None = key(
        None, "run only this one of data.folds, counted from 1; null: run all of them", at_least=1
    )
    write_splits: str | None = key(
        None,
        "a directory to which train writes the rows of train, validation and test as JSON Lines "
        "files before it trains, of folds into fold-1, fold-2, ...; null: none",
    )
    max_examples: int | None = key(
        None,
        "maximum number of rows in each split, stratified by class; null: all rows",
        at_least=2,
        optional=True,
    )
    streaming: bool = key(
        False,
        "stream training texts in file order instead of loading them; see data.shuffle_buffer, "
        "text.vocabulary_examples, training.max_steps and training.validate_every",
    )
    shuffle_buffer: int = key(
        10_000,
        "with data.streaming, number of texts to read at a time and shuffle among themselves",
        at_least=1,
    )

    def __post_init__(self) -> None:
        # the command line reads a column or a class named 1 as a number
        self.label, self.classes = as_written(self.label), as_written(self.classes)
        self.text, self.slices = as_written(self.text), as_written(self.slices)
        if isinstance(self.rename, str):  # as `as_hydra` leaves it
            self.rename = names_by_name(self.rename) or self.rename
        elif isinstance(self.rename, dict):
            self.rename = {as_written(old): as_written(new) for old, new in self.rename.items()}
        if isinstance(self.label, list) and len(self.label) > 1 and self.label_kind is None:
            self.multi_label = True  # columns of 0 and 1

    def files(self) -> dict[str, list[str]]:
        """The files that each key names, as they are typed: paths or patterns."""
        names = ["train", "validation", "test"] if self.source == "files" else []
        given = {name: getattr(self, name) for name in [*names, "unlabelled", "exclude", "relabel"]}
        return {
            f"data.{name}": value if isinstance(value, list) else [value]
            for name, value in given.items()
            if value is not None
        }

    def source_settings(self) -> dict[str, Any]:
        """The keys that say where the rows are."""
        return {name: getattr(self, name) for name in SOURCE_KEYS}

    def split_settings(self) -> dict[str, Any]:
        """The keys that say which rows belong to which split."""
        return {name: getattr(self, name) for name in SPLIT_KEYS}

    def file_conflicts(self) -> Iterator[str]:
        """Keys about files that don't fit the files, or each other."""
        yield from encoding_conflicts(self.encoding)
        names = [self.text, self.label]
        columns = [name for each in names for name in (each if isinstance(each, list) else [each])]
        if not self.header and not all(name.isdecimal() and int(name) > 0 for name in columns):
            yield (
                "data.header=false needs numbers of columns, from 1, got data.text="
                f"{command_line(self.text)} data.label={command_line(self.label)}; try data.text=1 "
                "data.label=2"
            )

    def conflicts(self) -> Iterator[str]:
        yield from label_conflicts(self)
        yield from self.file_conflicts()
        if self.label_separator is not None and not self.multi_label:
            yield "data.label_separator needs data.multi_label=true, got false; add it"
        if self.label_separator == "":
            yield "data.label_separator takes a string or null, got ''; try data.label_separator=|"
        if self.fold is not None and self.folds is None:
            yield f"data.fold={self.fold} needs data.folds, got null; try data.folds=10"
        if self.fold is not None and self.folds is not None and self.fold > self.folds:
            yield (
                f"data.fold takes 1 to {self.folds} (data.folds), got {self.fold}; try data.fold=1"
            )
        if self.folds is not None and self.streaming:
            yield (
                "data.folds needs all rows in memory, got data.streaming=true; leave out one of "
                "the two"
            )
        if self.write_splits is not None and self.unseen_label == "wrong":
            yield (
                "data.write_splits can't write rows of an unseen class, got "
                "data.unseen_label=wrong; try data.unseen_label=drop"
            )
        for name in ("unlabelled", "exclude", "relabel", "write_splits"):
            if getattr(self, name) is not None and self.streaming:
                yield (
                    f"data.{name} needs all rows in memory, got data.streaming=true; leave out one "
                    "of the two"
                )
        if self.streaming and self.source == "bundled":
            yield f"{STREAMABLE}, got data=bundled, which is small; leave it out"


@dataclass
class MemoryConfig(DataConfig):
    """Rows given from Python: `textcnn.fit` stores this, and the command line can't choose it."""

    source: str = chosen_by("data", "memory")
