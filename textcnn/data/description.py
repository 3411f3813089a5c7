"""A description of the data before training, with warnings about possible problems."""

from collections import Counter
from collections.abc import Iterator, Set
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from rich.table import Table

from textcnn.data.batching import EncodedTexts
from textcnn.data.labelled import LabelledTexts
from textcnn.data.language_warnings import Sample, language_warnings, sample, start
from textcnn.data.prepare import PreparedTexts
from textcnn.data.splits import Splits
from textcnn.system.arguments import argument
from textcnn.system.terminal import build_table, markdown

QUANTILES = {"shortest": 0.0, "median": 0.5, "90 %": 0.9, "99 %": 0.99, "longest": 1.0}
CLASSES_SHOWN = 20
SCRIPTS_SHOWN = 5
MANY_TRUNCATED = 0.2  # fraction of the texts
MUCH_LONGER = 10  # times the 99 % quantile
LONG = 1000  # tokens
CLEAR_SEPARATORS = ("|", ";", ",")
SEPARATORS = (*CLEAR_SEPARATORS, "/", " ")
BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True)
class SplitDescription:
    """One split. Lengths are in tokens before truncation; rates are from 0 to 1."""

    texts: int
    classes: dict[str, int]  # number of texts in each class
    unlabelled: int  # with label sets: texts without any label
    lengths: dict[str, int]  # by the names of QUANTILES
    histogram: list[tuple[int, int]]  # (least tokens of a bin, texts); a bin ends at the next
    truncated_rate: float  # of the texts
    unknown_rate: float  # of the tokens
    duplicates: int  # texts that occur earlier in this split or in an earlier split
    shared: int  # of these, the texts that occur in an earlier split
    scripts: dict[str, float]  # of some texts that have letters, the fraction in each script
    shortest_text: str
    longest_text: str


@dataclass(frozen=True)
class Description:
    """The splits in the order train, validation, test, and warnings for the user."""

    splits: dict[str, SplitDescription]
    warnings: tuple[str, ...]
    seen_whole_rate: float  # fraction of training texts that fit into the receptive field

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def describe_data(splits: Splits, texts: PreparedTexts, receptive_field: int | None) -> Description:
    """Describe all splits that have rows.

    Args:
        receptive_field: of the model's features, in tokens; None: the whole text.
    """
    seen = np.empty(0, np.uint64)
    described, samples = {}, {}
    for name, encoded in texts.by_name().items():
        rows = splits.by_name()[name]
        if len(rows) == 0:
            continue
        samples[name] = sample(rows, encoded)
        described[name] = describe_split(rows, encoded, seen, samples[name])
        seen = np.union1d(seen, rows.text_hashes)
    warnings = [
        *length_warnings(described, receptive_field, texts.encoder.max_length),
        *class_warnings(described, splits.train.multi_label),
        *language_warnings(samples, texts.by_name(), texts.encoder.tokenizer, splits.train.names),
    ]
    kept = texts.train.lengths
    seen_whole = 1.0 if receptive_field is None else float((kept <= receptive_field).mean())
    return Description(described, tuple(warnings), seen_whole)


def describe_split(
    rows: LabelledTexts, texts: EncodedTexts, seen: np.ndarray, some: Sample
) -> SplitDescription:
    """Describe one split that has rows.

    Args:
        seen: hashes of the texts of earlier splits.
        some: texts of this split.
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
        scripts={
            script: count / some.counts.total() for script, count in some.counts.most_common()
        },
        shortest_text=start(rows.text(shortest)),
        longest_text=start(rows.text(longest)),
    )


def length_histogram(lengths: np.ndarray) -> list[tuple[int, int]]:
    """The number of texts per bin of length; bins double: 0, 1, 2 to 3, 4 to 7 tokens, ..."""
    counts = np.bincount(np.frexp(lengths.astype(float))[1])  # by bit length
    return [(1 << bin >> 1, int(count)) for bin, count in enumerate(counts)]


def length_warnings(
    splits: dict[str, SplitDescription], receptive_field: int | None, max_length: int | None
) -> Iterator[str]:
    train = splits["train"]
    if receptive_field is not None and receptive_field > train.lengths["median"]:
        yield (
            f"most texts (median {train.lengths['median']} tokens) are shorter than the "
            f"receptive field ({receptive_field} tokens); a smaller model may suffice"
        )
    if train.truncated_rate > MANY_TRUNCATED:
        yield (
            f"text.max_length={max_length} truncates {100 * train.truncated_rate:.0f} % of the "
            f"training texts; the longest has {train.lengths['longest']:,} tokens"
        )
    longest = min(train.lengths["longest"], max_length or train.lengths["longest"])
    if longest > MUCH_LONGER * max(train.lengths["99 %"], LONG):
        yield (
            f"the longest text ({longest:,} tokens) pads its whole batch to its length; set "
            "text.max_length, or training.batch_tokens to give it a batch of its own"
        )


def class_warnings(splits: dict[str, SplitDescription], multi_label: bool) -> Iterator[str]:
    train = splits["train"]
    label, most = max(train.classes.items(), key=lambda item: item[1])
    if not multi_label and most / train.texts > 0.5 + 0.5 / len(train.classes):
        yield (
            f"{100 * most / train.texts:.0f} % of the training texts are {label}; look at "
            "macro-F1 and select by it (training.metric=macro_f1), or weight the classes "
            "(training.class_weights=balanced)"
        )
    separator = None if multi_label else label_separator(set(train.classes))
    if separator is not None:
        some = next(name for name in train.classes if separator in name)
        yield (
            f"the class {some!r} looks like several labels; if so, set data.multi_label=true "
            f"{argument('data.label_separator', separator)}"
        )
    for name, earlier in (("validation", "train"), ("test", "train or validation")):
        split = splits.get(name)
        if split is not None and split.duplicates:
            yield (
                f"{split.duplicates:,} texts of {name} are duplicates, {split.shared:,} of them of "
                f"texts in {earlier}"
            )


def label_separator(names: Set[str]) -> str | None:
    """The likely separator of labels in class names; None if there is none.

    For `|`, `;` and `,` it is enough that one part occurs in two classes or is a class itself. For
    characters that are common in names, all parts must be classes.
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
    """The rows of a table with one column per split; the first row is the header."""
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
    rows.append(["texts truncated", *(f"{100 * split.truncated_rate:.1f} %" for split in splits)])
    rows.append(["unknown tokens", *(f"{100 * split.unknown_rate:.2f} %" for split in splits)])
    scripts = dict.fromkeys(script for split in splits for script in split.scripts)
    if [*scripts] not in ([], ["Latin"]):
        for script in [*scripts][:SCRIPTS_SHOWN]:
            cells = (f"{100 * split.scripts.get(script, 0):.1f} %" for split in splits)
            rows.append([f"texts in {script}", *cells])
    rows.append(["duplicates", *(f"{split.duplicates:,}" for split in splits)])
    return rows


def data_table(description: Description) -> Table:
    """The description as a table for the terminal."""
    return build_table("Data", data_rows(description))


def data_markdown(description: Description) -> str:
    """The table and the warnings as Markdown, for TensorBoard."""
    return "\n\n".join([markdown(data_rows(description)), *description.warnings])


def bars(histogram: list[tuple[int, int]]) -> str:
    """The histogram as a line of bars, without texts of 0 tokens."""
    counts = [count for _, count in histogram[1:]]
    highest = max(counts, default=0) or 1
    return "".join(BARS[round((len(BARS) - 1) * count / highest)] for count in counts)
