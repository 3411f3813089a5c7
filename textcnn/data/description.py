"""A look at the data before training: what there is of it, and what may be wrong with it."""

from collections import Counter
from collections.abc import Iterator, Set
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from rich.table import Table

from textcnn.data.batching import EncodedTexts
from textcnn.data.labelled import LabelledTexts
from textcnn.data.prepare import PreparedTexts
from textcnn.data.splits import Splits
from textcnn.system.terminal import argument, build_table, markdown

QUANTILES = {"shortest": 0.0, "median": 0.5, "90 %": 0.9, "99 %": 0.99, "longest": 1.0}
CLASSES_SHOWN = 20
CHARACTERS_SHOWN = 60
MANY_CUT = 0.2  # share of the texts
MUCH_LONGER = 10  # than nearly all texts
LONG = 1000  # tokens
CLEAR_SEPARATORS = ("|", ";", ",")
SEPARATORS = (*CLEAR_SEPARATORS, "/", " ")
BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True)
class SplitDescription:
    """One split. Lengths are in tokens, before texts are cut; rates are shares of 1."""

    texts: int
    classes: dict[str, int]  # texts of each class
    unlabelled: int  # texts without any label, of those that may have several
    lengths: dict[str, int]  # by the names of QUANTILES
    histogram: list[tuple[int, int]]  # (tokens at least, texts), up to the next entry
    truncated_rate: float  # of the texts
    unknown_rate: float  # of the tokens
    duplicates: int  # texts that occur before, here or in an earlier split
    shared: int  # of these, the ones that occur in an earlier split
    shortest_text: str
    longest_text: str


@dataclass(frozen=True)
class Description:
    """The splits in the order train, validation, test, and what a user should look at."""

    splits: dict[str, SplitDescription]
    warnings: tuple[str, ...]
    seen_whole_rate: float  # of the training texts, those that one feature sees all of

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def describe_data(splits: Splits, texts: PreparedTexts, receptive_field: int | None) -> Description:
    """
    Args:
        receptive_field: tokens that a feature of the model sees; None: all of a text.
    """
    seen = np.empty(0, np.uint64)
    described = {}
    for name, encoded in texts.by_name().items():
        rows = splits.by_name()[name]
        described[name] = describe_split(rows, encoded, seen)
        seen = np.union1d(seen, rows.text_hashes)
    warnings = [
        *length_warnings(described, receptive_field, texts.encoder.max_length),
        *class_warnings(described, splits.train.multi_label),
    ]
    kept = texts.train.lengths
    seen_whole = 1.0 if receptive_field is None else float((kept <= receptive_field).mean())
    return Description(described, tuple(warnings), seen_whole)


def describe_split(rows: LabelledTexts, texts: EncodedTexts, seen: np.ndarray) -> SplitDescription:
    """
    Args:
        seen: hashes of the folded texts of earlier splits.
    """
    lengths = texts.full_lengths
    new = np.setdiff1d(rows.text_hashes, seen)
    shortest, longest = int(lengths.argmin()), int(lengths.argmax())
    return SplitDescription(
        texts=len(rows),
        classes=dict(zip(rows.names, rows.counts.tolist(), strict=True)),
        unlabelled=int((~rows.labels.any(axis=1)).sum()) if rows.multi_label else 0,
        lengths={name: int(np.quantile(lengths, q)) for name, q in QUANTILES.items()},
        histogram=length_histogram(lengths),
        truncated_rate=texts.truncated_rate,
        unknown_rate=texts.unknown_rate,
        duplicates=len(rows) - len(new),
        shared=int(np.isin(rows.text_hashes, seen).sum()),
        shortest_text=start(rows.text(shortest)),
        longest_text=start(rows.text(longest)),
    )


def length_histogram(lengths: np.ndarray) -> list[tuple[int, int]]:
    """Texts by length, in bins that double: 0, 1, 2 to 3, 4 to 7 tokens, and so on."""
    counts = np.bincount(np.frexp(lengths.astype(float))[1])  # the exponents: bits of a length
    return [(1 << bin >> 1, int(count)) for bin, count in enumerate(counts)]


def start(text: str) -> str:
    return " ".join(text[: 4 * CHARACTERS_SHOWN].split())[:CHARACTERS_SHOWN]


def length_warnings(
    splits: dict[str, SplitDescription], receptive_field: int | None, max_length: int | None
) -> Iterator[str]:
    train = splits["train"]
    if receptive_field is not None and receptive_field > train.lengths["median"]:
        yield (
            f"most texts ({train.lengths['median']} tokens at the median) are shorter than the "
            f"{receptive_field} tokens that a feature sees; a smaller model may do"
        )
    if train.truncated_rate > MANY_CUT:
        yield (
            f"text.max_length={max_length} cuts {100 * train.truncated_rate:.0f} % of the training "
            f"texts; the longest has {train.lengths['longest']:,} tokens"
        )
    longest = min(train.lengths["longest"], max_length or train.lengths["longest"])
    if longest > MUCH_LONGER * max(train.lengths["99 %"], LONG):
        yield (
            f"the longest text ({longest:,} tokens) makes its whole batch as long; set "
            "text.max_length, or training.batch_tokens to leave it alone in one"
        )


def class_warnings(splits: dict[str, SplitDescription], multi_label: bool) -> Iterator[str]:
    train = splits["train"]
    label, most = max(train.classes.items(), key=lambda item: item[1])
    if not multi_label and most / train.texts > 0.5 + 0.5 / len(train.classes):
        yield (
            f"{100 * most / train.texts:.0f} % of the training texts are {label}; look at "
            "macro-F1, and choose by it: training.metric=macro_f1; or weigh the classes: "
            "training.class_weights=balanced"
        )
    separator = None if multi_label else label_separator(set(train.classes))
    if separator is not None:
        some = next(name for name in train.classes if separator in name)
        yield (
            f"the class {some!r} looks like several: data.multi_label=true "
            f"{argument('data.label_separator', separator)}"
        )
    for name, earlier in (("validation", "train"), ("test", "train or validation")):
        split = splits[name]
        if split.duplicates:
            yield (
                f"{split.duplicates:,} texts of {name} are duplicates: {split.shared:,} of texts "
                f"in {earlier}, {split.duplicates - split.shared:,} of others in {name}"
            )


def label_separator(names: Set[str]) -> str | None:
    """What seems to stand between labels.

    Where `|`, `;` or `,` splits classes, a part that occurs in two of them, or is a class too, is
    enough; of what is common in names all parts must be classes.
    """
    for separator in SEPARATORS:
        joined = [
            {part.strip() for part in name.split(separator)} - {""}
            for name in names
            if separator in name
        ]
        counts = Counter(part for parts in joined for part in parts)
        again = {part for part, count in counts.items() if count > 1 or part in names}
        if again and (separator in CLEAR_SEPARATORS or counts.keys() <= names):
            return separator
    return None


def data_rows(description: Description) -> list[list[str]]:
    """A table as its rows, the header first: a column for each split."""
    splits = list(description.splits.values())
    labels = sorted(splits[0].classes, key=lambda label: -splits[0].classes[label])
    rows = [["", *description.splits], ["texts", *(f"{split.texts:,}" for split in splits)]]
    if any(split.unlabelled for split in splits):
        rows.append(["  without a label", *(f"{split.unlabelled:,}" for split in splits)])
    for label in labels[:CLASSES_SHOWN]:
        rows.append([f"  {label}", *(f"{split.classes[label]:,}" for split in splits)])
    if rest := labels[CLASSES_SHOWN:]:
        sums = (sum(split.classes[label] for label in rest) for split in splits)
        rows.append([f"  {len(rest)} more classes", *(f"{count:,}" for count in sums)])
    for name in QUANTILES:
        rows.append([f"tokens, {name}", *(f"{split.lengths[name]:,}" for split in splits)])
    rows.append(["  1, 2-3, 4-7 ... tokens", *(bars(split.histogram) for split in splits)])
    rows.append(["texts cut", *(f"{100 * split.truncated_rate:.1f} %" for split in splits)])
    rows.append(["unknown tokens", *(f"{100 * split.unknown_rate:.2f} %" for split in splits)])
    rows.append(["duplicates", *(f"{split.duplicates:,}" for split in splits)])
    return rows


def data_table(description: Description) -> Table:
    """For the terminal."""
    return build_table("Data", data_rows(description))


def data_markdown(description: Description) -> str:
    """The table and the warnings for TensorBoard."""
    return "\n\n".join([markdown(data_rows(description)), *description.warnings])


def bars(histogram: list[tuple[int, int]]) -> str:
    """The histogram as a line of bars, from one token on."""
    counts = [count for _, count in histogram[1:]]
    highest = max(counts, default=0) or 1
    return "".join(BARS[round((len(BARS) - 1) * count / highest)] for count in counts)
