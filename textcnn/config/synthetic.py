"""The keys of the synthetic tasks."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from textcnn.config.data import STREAMABLE, DataConfig, duplicates
from textcnn.config.keys import chosen_by, key

SYNTHETIC_KEYS = (
    *("task", "examples", "length", "filler", "words", "pairs", "window"),
    *("distance", "margin", "parts", "copies", "fewer", "couples", "phrase"),
)


@dataclass
class SyntheticConfig(DataConfig):
    """Texts made by rule; docs/guide.md lists the tasks and the keys that each of them uses."""

    source: str = chosen_by("data", "synthetic")
    # kept: constant filler makes many duplicates, and dropping them would unbalance the classes
    duplicates: str = duplicates("keep")
    task: str = key(
        "order",
        "what the class of a text depends on; docs/guide.md explains each task",
        choices=(
            *("order", "position", "count", "agreement"),
            *("brackets", "duplicate", "negation", "keyword"),
        ),
    )
    examples: int = key(
        1200,
        "number of texts in each of train, validation and test, split evenly among the classes",
        at_least=2,
        at_most=10_000_000,
    )
    length: int = key(20, "length of a text in words", at_least=3, at_most=100_000)
    filler: str = key(
        "constant",
        "the words between the markers: one constant word, or random words from a list of "
        "data.words",
        choices=("constant", "random"),
    )
    words: int = key(20, "number of distinct words in random filler", at_least=2, at_most=1_000_000)
    pairs: bool = key(
        True,
        "make the texts in pairs, one of each class, that share every window of data.window words "
        "and differ only in what the task asks; false: independent texts",
    )
    window: int | None = key(
        None,
        "width in words of the windows that pairs share; null: the widest that data.distance "
        "allows, else 3",
        at_least=1,
    )
    distance: int = key(
        2,
        "words from one marker to the next: exactly (order, brackets, duplicate), at least (count) "
        "or at most (negation)",
        at_least=1,
    )
    margin: int | None = key(
        None,
        "minimum number of words between a marker and either end of the text (order, count, "
        "brackets, duplicate); null: data.window - 1, and at least 1",
        at_least=1,
    )
    parts: int = key(2, "position: number of equal parts of a text", at_least=2, at_most=10_000)
    copies: int = key(2, "count: copies of the marker in one class", at_least=2, at_most=10_000)
    fewer: int = key(
        1, "count: copies of the marker in the other class", at_least=1, at_most=10_000
    )
    couples: int = key(
        3, "brackets: pairs of opening and closing brackets", at_least=2, at_most=10_000
    )
    phrase: int = key(2, "keyword: length of the phrase in words", at_least=1, at_most=10_000)

    def source_settings(self) -> dict[str, Any]:
        settings = {name: getattr(self, name) for name in SYNTHETIC_KEYS}
        return super().source_settings() | {"synthetic": settings}

    def conflicts(self) -> Iterator[str]:
        for name in ("folds", "max_examples"):
            if (value := getattr(self, name)) is not None:
                yield (
                    f"data.{name}={value} would separate the pairs of data=synthetic; leave it "
                    "out: data.examples and seed make as many texts as you like"
                )
        if self.streaming:
            yield f"{STREAMABLE}, got data=synthetic; leave it out"
        yield from super().conflicts() if not self.streaming else ()
