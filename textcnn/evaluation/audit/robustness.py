"""Other ways to write, mistype or cut the same texts: accuracy and flipped answers of each."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from textcnn.data.perturbations.order import positions_in
from textcnn.data.perturbations.typos import mistype
from textcnn.data.perturbations.writing import (
    composed,
    decomposed,
    full_width,
    invented_word,
    wide_white_space,
    with_invisible,
    without_punctuation,
)
from textcnn.data.tokenized import TokenizedTexts, number_tokens
from textcnn.evaluation.audit.rates import Change, percent, points
from textcnn.evaluation.audit.subject import Subject
from textcnn.evaluation.audit.words import encode_words, word_lists, words_of
from textcnn.text.normalization import without_accents
from textcnn.text.tokenizers import ALWAYS_LOWER, EVERY_LANGUAGE, LOWER_BY_DEFAULT

TYPO_RATE = 0.1  # of the letters
UNKNOWN_RATES = (0.1, 0.3)  # of the words

Settings = dict[str, Any]  # of the tokenizer, and `subwords`


@dataclass(frozen=True)
class Way:
    """A way to write a text."""

    name: str
    write: Callable[[str, int], str]  # of a text and a seed
    advise: Callable[[Settings], str | None]  # the setting that would help


@dataclass(frozen=True)
class Robustness:
    """Answers to texts that are written in other ways."""

    accuracy: float  # on the texts as they are
    changes: tuple[Change, ...]
    notes: tuple[str, ...]
    conclusion: str


def for_case(settings: Settings) -> str | None:
    tokenizer, chosen = settings.get("tokenizer"), settings.get("lowercase")
    lower = tokenizer in ALWAYS_LOWER or (
        tokenizer in LOWER_BY_DEFAULT if chosen is None else chosen
    )
    return None if lower or settings["unit"] == "byte" else "text.lowercase=true"


def for_typos(settings: Settings) -> str | None:
    if settings["unit"] != "word" or settings["subwords"]:
        return None
    return "model=cnn_ngrams text.subwords=true"


def for_form(settings: Settings) -> str | None:
    form = settings.get("normalize") or default_form(settings)
    return None if form != "none" or settings["unit"] == "byte" else "text.normalize=NFC"


def for_width(settings: Settings) -> str | None:
    form = settings.get("normalize") or default_form(settings)
    return None if form == "NFKC" or settings["unit"] == "byte" else "text.normalize=NFKC"


def for_invisible(settings: Settings) -> str | None:
    chosen = settings.get("strip_invisible")
    strips = settings.get("tokenizer") in EVERY_LANGUAGE if chosen is None else chosen
    return None if strips or settings["unit"] == "byte" else "text.strip_invisible=true"


def for_accents(settings: Settings) -> str | None:
    done = settings.get("strip_accents") or settings["unit"] == "byte"
    return None if done else "text.strip_accents=true"


def default_form(settings: Settings) -> str:
    return "NFKC" if settings.get("tokenizer") in EVERY_LANGUAGE else "none"


def nothing(settings: Settings) -> None:
    """No setting helps."""


WAYS = (
    Way("lower case", lambda text, _: text.lower(), for_case),
    Way("upper case", lambda text, _: text.upper(), for_case),
    Way(
        f"typos, {TYPO_RATE:.0%} of the letters",
        lambda text, seed: mistype(text, TYPO_RATE, seed),
        for_typos,
    ),
    Way("without punctuation", lambda text, _: without_punctuation(text), nothing),
    Way("more white space", lambda text, _: wide_white_space(text), nothing),
    Way("Unicode form NFC", lambda text, _: composed(text), for_form),
    Way("Unicode form NFD", lambda text, _: decomposed(text), for_form),
    Way("full-width letters", lambda text, _: full_width(text), for_width),
    Way("zero-width characters", lambda text, _: with_invisible(text), for_invisible),
    Way("without accents", lambda text, _: without_accents(text), for_accents),
)


def check_robustness(subject: Subject, seed: int) -> Robustness:
    """Classify the texts in each way of writing, cut by half, and with invented words."""
    encoder = subject.classifier.encoder
    settings = dict(encoder.tokenizer.settings) | {"subwords": encoder.subwords}
    changes, untouched = [], []
    for way in WAYS:
        written = [way.write(text, seed + row) for row, text in enumerate(subject.texts)]
        pairs = zip(subject.texts, written, strict=True)
        changed = sum(before != after for before, after in pairs)
        if not changed:
            untouched.append(way.name)
            continue
        change = subject.change(way.name, subject.encode(written), changed)
        if change.is_worse:
            change = replace(change, advice=way.advise(settings))
        changes.append(change)
    words = words_of(subject.texts, encoder)
    changes += [
        subject.change(name, encode_words(some, encoder), changed)
        for name, some, changed in halves_and_unknown(words, seed)
    ]
    notes = [f"these change no text: {', '.join(untouched)}"] if untouched else []
    accuracy = subject.accuracy
    return Robustness(accuracy, tuple(changes), tuple(notes), conclude(accuracy, tuple(changes)))


def halves_and_unknown(
    words: TokenizedTexts, seed: int
) -> Iterator[tuple[str, TokenizedTexts, int]]:
    """Names, changed words, and how many texts differ."""
    lengths = words.lengths
    half = -(-lengths // 2)
    yield "first half alone", part_of(words, half, last=False), int((half < lengths).sum())
    yield "last half alone", part_of(words, half, last=True), int((half < lengths).sum())
    draw = np.random.default_rng(seed)
    chance = draw.random(len(words.places))  # the words of a lower rate are among a higher one's
    text, _ = positions_in(lengths)
    for rate in UNKNOWN_RATES:
        replaced = chance < rate
        name = f"{rate:.0%} of the words invented"
        yield name, with_invented(words, replaced, seed), len(np.unique(text[replaced]))


def part_of(words: TokenizedTexts, lengths: np.ndarray, *, last: bool) -> TokenizedTexts:
    """The first `lengths` (texts,) words of each text, or the last."""
    text, position = positions_in(words.lengths)
    skipped = words.lengths - lengths if last else 0 * lengths
    kept = (position >= skipped[text]) & (position < (skipped + lengths)[text])
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    return TokenizedTexts(words.table, words.places[kept], offsets)


def with_invented(words: TokenizedTexts, replaced: np.ndarray, seed: int) -> TokenizedTexts:
    """
    Args:
        replaced: (tokens,) bool
    """
    draw = random.Random(seed)
    chosen = iter(replaced.tolist())
    return number_tokens(
        [
            [invented_word(word, draw) if next(chosen) else word for word in text]
            for text in word_lists(words)
        ]
    )


def conclude(accuracy: float, changes: tuple[Change, ...]) -> str:
    worse = sorted((each for each in changes if each.is_worse), key=lambda each: each.difference)
    if not worse:
        return (
            f"none of these changes lowers the accuracy of {percent(accuracy)} by more than chance"
        )
    named = "; ".join(f"{each.name}, {points(each.difference)} points" for each in worse[:3])
    more = f"; and {len(worse) - 3} more" if len(worse) > 3 else ""
    return f"accuracy is {percent(accuracy)} on the texts as they are; it falls with {named}{more}"
