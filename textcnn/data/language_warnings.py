"""Warnings about the language of texts, each with the command that helps."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from textcnn.data.batching import EncodedTexts
from textcnn.data.labelled import LabelledTexts
from textcnn.text.scripts import text_script
from textcnn.text.tokenizers import Tokenizer

CHARACTERS_SHOWN = 60
TEXTS_READ = 1000  # of a split, evenly spaced
MANY_UNKNOWN = 0.2  # fraction of the tokens
MIN_TOKENS = 10  # of a split whose unknown tokens are no chance
LONG_TOKEN, LONG_DENSE = 20, 10  # mean characters of tokens, and in scripts without spaces
DENSE = ("Chinese", "Japanese", "Thai", "Lao", "Khmer", "Myanmar")
MANY_WHOLE = 0.2  # fraction of the texts whose tokens are long
MIN_TEXTS = 20  # of a split or a class whose scripts are compared
# differences of the fractions of texts in a script, above which splits and classes differ
SPLITS_DIFFER, CLASSES_DIFFER = 0.2, 0.5
CLASSES_NAMED = 3
FEWEST, FEW = 3, 0.01  # number and fraction of texts in another script


class Sample(NamedTuple):
    """Some texts of a split, and what they are written in."""

    texts: list[str]
    scripts: list[str | None]
    labels: np.ndarray  # as `LabelledTexts.labels`
    lengths: np.ndarray  # (texts,) tokens

    @property
    def counts(self) -> Counter[str]:
        """The number of texts per script."""
        return Counter(script for script in self.scripts if script is not None)

    @property
    def script_fractions(self) -> dict[str, float]:
        """Of the texts that have a script, the most frequent first."""
        return {name: count / self.counts.total() for name, count in self.counts.most_common()}


def sample(rows: LabelledTexts, encoded: EncodedTexts) -> Sample:
    chosen = np.unique(np.linspace(0, len(rows) - 1, TEXTS_READ).astype(np.int64))
    some = rows.select(chosen)
    texts = some.texts()
    scripts = list(map(text_script, texts))
    return Sample(texts, scripts, some.labels, encoded.full_lengths[chosen])


def language_warnings(
    samples: dict[str, Sample],
    encoded: dict[str, EncodedTexts],
    tokenizer: Tokenizer,
    names: tuple[str, ...],
) -> Iterator[str]:
    """
    Args:
        samples: by split; `train` is among them.
        encoded: the splits as the tokenizer encodes them.
        names: of the classes.
    """
    yield from empty_warnings(samples["train"])
    yield from whole_warnings(samples["train"])
    yield from unknown_warnings(encoded["validation"], tokenizer)
    differing = [*split_warnings(samples), *class_warnings(samples["train"], names)]
    yield from differing or minority_warnings(samples["train"])


def empty_warnings(train: Sample) -> Iterator[str]:
    """Texts of which the tokenizer drops everything."""
    empty = [
        length == 0 and bool(text.strip())
        for text, length in zip(train.texts, train.lengths.tolist(), strict=True)
    ]
    if sum(empty) > MANY_WHOLE * len(empty):
        example = start(train.texts[empty.index(True)])
        yield (
            f"{percent(sum(empty) / len(empty))} of the training texts have no token at all, such "
            f"as {example!r}; try text.tokenizer=unicode, or text=char"
        )


def whole_warnings(train: Sample) -> Iterator[str]:
    """Texts that the tokenizer does not split."""
    whole = [
        length > 0 and len(text.strip()) >= length * (LONG_DENSE if script in DENSE else LONG_TOKEN)
        for text, script, length in zip(
            train.texts, train.scripts, train.lengths.tolist(), strict=True
        )
    ]
    if sum(whole) > MANY_WHOLE * len(whole):
        yield (
            f"{percent(sum(whole) / len(whole))} of the training texts are hardly split: their "
            f"tokens have {LONG_DENSE} or more characters; try text.tokenizer=unicode, which "
            "splits texts without spaces, or text=char"
        )


def unknown_warnings(validation: EncodedTexts, tokenizer: Tokenizer) -> Iterator[str]:
    rate = validation.unknown_rate
    if len(validation.ids) < MIN_TOKENS or rate <= MANY_UNKNOWN:
        return
    settings = dict(tokenizer.settings)
    if tokenizer.alphabet is not None:
        advice = "text=char, whose alphabet is that of the training texts, or text=byte"
    elif settings.get("unit") == "char":
        advice = "text.min_frequency=1, text=byte, or more training texts"
    elif tokenizer.definition is not None:
        advice = "another text.tokenizer, such as unicode, or text=char"
    else:
        advice = "text.min_frequency=1, text=char, or more training texts"
    yield f"{percent(rate)} of the tokens of validation are unknown; try {advice}"


def split_warnings(samples: dict[str, Sample]) -> Iterator[str]:
    train = samples["train"].counts
    for name in ("validation", "test"):
        counts = samples[name].counts if name in samples else Counter()
        script, of_split, of_train = most_apart(counts, train)
        if of_split - of_train > SPLITS_DIFFER:
            yield (
                f"{percent(of_split)} of {name} but {percent(of_train)} of train are written in "
                f"{script}, whose tokens train hardly has; leave out data.{name}, so that it is "
                "drawn from the training rows, or add such texts to data.train"
            )


def class_warnings(train: Sample, names: tuple[str, ...]) -> Iterator[str]:
    found = []
    for number, name in enumerate(names):
        within = train.labels[:, number] if train.labels.ndim == 2 else train.labels == number
        pairs = list(zip(train.scripts, within.tolist(), strict=True))
        inside, outside = (
            Counter(script for script, here in pairs if script and here == wanted)
            for wanted in (True, False)
        )
        script, of_class, of_others = most_apart(inside, outside)
        if of_class - of_others > CLASSES_DIFFER:
            found.append(
                f"{percent(of_class)} of the texts of {name!r} but {percent(of_others)} of the "
                f"others are written in {script}: the script gives the class away; add texts of "
                "every class in each script, or train a model for each"
            )
    yield from found[:CLASSES_NAMED]


def most_apart(some: Counter[str], others: Counter[str]) -> tuple[str, float, float]:
    """The script that is more frequent in `some` by most, and its fractions of both."""
    if min(some.total(), others.total()) < MIN_TEXTS:
        return "", 0.0, 0.0
    fractions = [(s, some[s] / some.total(), others[s] / others.total()) for s in some]
    return max(fractions, key=lambda each: each[1] - each[2])


def minority_warnings(train: Sample) -> Iterator[str]:
    counts = train.counts
    few = [
        (script, count)
        for script, count in counts.most_common()[1:]
        if count >= FEWEST and count >= FEW * counts.total()
    ]
    if few:
        parts = [f"{percent(count / counts.total())} in {script}" for script, count in few]
        example = train.texts[train.scripts.index(few[-1][0])]
        yield (
            f"most training texts are written in {counts.most_common(1)[0][0]}, but "
            f"{', '.join(parts)}; see whether they belong there, such as {start(example)!r}"
        )


def percent(fraction: float) -> str:
    return f"{100 * fraction:.0f} %"


def start(text: str) -> str:
    """The first characters of a text, on one line."""
    return " ".join(text[: 4 * CHARACTERS_SHOWN].split())[:CHARACTERS_SHOWN]
