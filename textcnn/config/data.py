"""The keys of the data: where rows are, which are for what, or the rule that makes them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from textcnn.config.keys import key

# OmegaConf has no union of a string and a list, so these keys are Any here and checked by `check`.
StringOrList = Any

SOURCE_KEYS = (
    *("source", "path", "name", "revision", "train", "validation", "test"),
    *("text", "label", "multi_label", "label_separator"),
)
SPLIT_KEYS = (
    *("validation_fraction", "test_fraction", "duplicates", "max_examples"),
    *("folds", "fold"),
)
SYNTHETIC_KEYS = (
    *("task", "examples", "length", "filler", "words", "pairs", "window"),
    *("distance", "margin", "parts", "copies", "fewer", "couples", "phrase"),
)


@dataclass
class DataConfig:
    source: str = key("bundled", "where the rows come from", choices=("bundled", "files", "hub"))
    path: str | None = key(
        None, "a Hugging Face Hub dataset, owner/name, or a directory in its layout"
    )
    name: str | None = key(None, "the Hub dataset's configuration; needed where it has several")
    revision: str | None = key(
        None, "the Hub dataset's commit, tag or branch; a commit gives the same rows for ever"
    )
    train: StringOrList = key(
        None,
        "files to train on (.csv, .tsv, .jsonl, .parquet): a path, a glob or a list of them; of a "
        "Hub dataset the split, also train[:10%]; without, its train",
        strings=True,
        optional=True,
    )
    validation: StringOrList = key(
        None,
        "files or Hub split to validate on; without, the Hub's validation, else a share of train",
        strings=True,
        optional=True,
    )
    test: StringOrList = key(
        None,
        "files or Hub split to test on; without, the Hub's test, else a share of train",
        strings=True,
        optional=True,
    )
    text: StringOrList = key(
        "text", "the text column, or a list of columns joined in order", strings=True
    )
    label: str = key("label", "the column of class names")
    multi_label: bool = key(
        False, "a text may have several labels, or none: the label column holds lists of them"
    )
    label_separator: str | None = key(
        None, "what stands between the labels of a text, where data.multi_label are no lists"
    )
    validation_fraction: float = key(
        0.1, "share of the rows to validate on where none are given", above=0.0, below=1.0
    )
    test_fraction: float = key(
        0.1, "share of the rows to test on where none are given", above=0.0, below=1.0
    )
    duplicates: str = key(
        "drop",
        "texts that two splits share, but for case and white space: drop them from the earlier of "
        "train, validation, test; keep them; or refuse them",
        choices=("drop", "keep", "error"),
    )
    folds: int | None = key(
        None,
        "cross-validation: the rows to train on are dealt into so many folds, by class, and each "
        "is tested once by a model trained on the others",
        at_least=2,
    )
    fold: int | None = key(None, "the one of data.folds to test, from 1; null: all", at_least=1)
    max_examples: int | None = key(
        None,
        "rows kept of each split, the same share of every class; null keeps all",
        at_least=2,
        optional=True,
    )
    streaming: bool = key(
        False,
        "train without holding the data: any number of texts, in the order in which they lie; see "
        "text.vocabulary_examples, training.max_steps and training.validate_every",
    )
    shuffle_buffer: int = key(
        10_000, "texts of a stream that are read at a time and shuffled", at_least=1
    )

    def source_settings(self) -> dict[str, Any]:
        """Where the rows are."""
        return {name: getattr(self, name) for name in SOURCE_KEYS}

    def split_settings(self) -> dict[str, Any]:
        """Which of them are for what."""
        return {name: getattr(self, name) for name in SPLIT_KEYS}

    def conflicts(self) -> Iterator[str]:
        if self.label_separator is not None and not self.multi_label:
            yield "data.label_separator needs data.multi_label=true, got false; add it"
        if self.label_separator == "":
            yield "data.label_separator takes a string or null, got ''; try data.label_separator=|"
        if self.fold is not None and self.folds is None:
            yield f"data.fold={self.fold} needs data.folds, got null; try data.folds=10"
        if self.fold is not None and self.folds is not None and self.fold > self.folds:
            yield f"data.fold takes 1 to {self.folds} (data.folds), got {self.fold}"
        if self.folds is not None and self.streaming:
            yield "data.folds needs all rows, which data.streaming=true never has; leave one out"
        if self.streaming and self.source == "bundled":
            yield "data.streaming is for data=files and data=hub; the bundled data are small"


@dataclass
class SyntheticConfig(DataConfig):
    """Texts made by rule; what the tasks are, and which size is for which, is in docs/guide.md."""

    source: str = key("synthetic", "chosen by data=synthetic", choices=("synthetic",))
    duplicates: str = key(
        "keep",
        "texts that two splits share, of which constant filler makes many: as for other data, but "
        "kept, so that every class has as many texts",
        choices=("drop", "keep", "error"),
    )
    task: str = key(
        "order",
        "what the class of a text is",
        choices=(
            *("order", "position", "count", "agreement"),
            *("brackets", "duplicate", "negation", "keyword"),
        ),
    )
    examples: int = key(
        1200,
        "texts of each of train, validation and test, as many of each class",
        at_least=2,
        at_most=10_000_000,
    )
    length: int = key(20, "words of a text", at_least=3, at_most=100_000)
    filler: str = key(
        "constant",
        "the words between those that matter: one and the same, or drawn from data.words",
        choices=("constant", "random"),
    )
    words: int = key(20, "different words of random filler", at_least=2, at_most=1_000_000)
    pairs: bool = key(
        True,
        "the texts come in pairs, one of each class, that differ in nothing but what the task is "
        "about: they have the same windows of data.window words; false: independent texts",
    )
    window: int | None = key(
        None,
        "words of the windows that pairs share; null: as many as data.distance allows, else 3",
        at_least=1,
    )
    distance: int = key(
        2,
        "words from a marker to the next: exactly (order, brackets, duplicate), at least (count), "
        "at most (negation)",
        at_least=1,
    )
    margin: int | None = key(
        None,
        "words from a marker to both ends, at least (order, count, brackets, duplicate); null: "
        "data.window - 1, and at least 1",
        at_least=1,
    )
    parts: int = key(2, "position: the equal parts of a text", at_least=2, at_most=10_000)
    copies: int = key(2, "count: copies of the marker in one class", at_least=2, at_most=10_000)
    fewer: int = key(1, "count: copies in the other class", at_least=1, at_most=10_000)
    couples: int = key(3, "brackets: how many open and are closed", at_least=2, at_most=10_000)
    phrase: int = key(2, "keyword: words of the phrase", at_least=1, at_most=10_000)

    def source_settings(self) -> dict[str, Any]:
        settings = {name: getattr(self, name) for name in SYNTHETIC_KEYS}
        return super().source_settings() | {"synthetic": settings}

    def conflicts(self) -> Iterator[str]:
        for name in ("folds", "max_examples"):
            if (value := getattr(self, name)) is not None:
                yield (
                    f"data.{name}={value} would part the pairs of data=synthetic; leave it out: "
                    "data.examples and seed draw as many texts as you like"
                )
        if self.streaming:
            yield "data.streaming is for data=files and data=hub, got data=synthetic; leave it out"
        yield from super().conflicts() if not self.streaming else ()
