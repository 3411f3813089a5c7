"""What an explanation says of one text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from textcnn.explanation.contributions.parts import Parts
from textcnn.explanation.flips import Flip
from textcnn.explanation.subject import names_of
from textcnn.explanation.tokenized import TokenizedText
from textcnn.runtime.prediction import AnyPrediction
from textcnn.text.spans import Span

Numbers = dict[str, float]  # by label
ROUNDING = 1e-4  # the sum of some hundred numbers of 32 bits differs by about 1e-5


@dataclass(frozen=True)
class Contribution:
    """What an n-gram adds to the logit of a class."""

    ngram: str  # its words; "" for a window in the margins of a text, which holds none
    contribution: float
    start: int  # first token
    end: int  # the token after the last
    characters: Span | None  # where it is in the text; None if the tokenizer doesn't tell
    places: tuple[Span, ...]  # tokens of every occurrence: a linear model counts them once
    source: str  # "network", "ngrams", or "subwords" of a word that the vocabulary lacks

    def as_json(self) -> dict[str, Any]:
        return {
            "ngram": self.ngram,
            "contribution": self.contribution,
            "start": self.start,
            "end": self.end,
            "characters": self.characters,
            "places": self.places,
            "source": self.source,
        }


@dataclass(frozen=True)
class Explanation:
    """Why a classifier gives a text its logits.

    For each explained class, `bias` plus all contributions plus `rest` is the logit. `rest` is the
    error of an approximation. If the explanation is exact, it is 0, but for tables in float16.
    """

    text: str
    tokens: tuple[str, ...]  # that the classifier read
    spans: tuple[Span | None, ...]  # the characters of each token, where the tokenizer tells
    prediction: AnyPrediction
    logits: Numbers  # of the explained classes, the predicted one first
    bias: Numbers  # what no n-gram adds; also the rounding of the model's sums, below ROUNDING
    contributions: dict[str, list[Contribution]]  # by class, the largest size first
    rest: Numbers
    method: str  # "exact", "occlusion" or "gradients"
    notes: tuple[str, ...]  # what the numbers don't say
    flip: Flip | None = None  # None: not searched, or not found

    @property
    def exact(self) -> bool:
        """Whether the contributions add up by themselves; otherwise they are an approximation."""
        return self.method == "exact"

    @property
    def predicted(self) -> tuple[str, ...]:
        """The predicted class, or all predicted labels of a set."""
        return names_of(self.prediction)

    def of_tokens(self, label: str) -> list[float]:
        """(tokens,) what each token adds to a class: an equal share of each of its n-grams."""
        shares = [0.0] * len(self.tokens)
        for each in self.contributions[label]:
            inside = [token for start, end in each.places for token in range(start, end)]
            for token in inside:
                shares[token] += each.contribution / len(inside)
        return shares

    def as_json(self) -> dict[str, Any]:
        prediction = self.prediction.as_json()
        shown = {label: self.prediction.probabilities[label] for label in self.logits}
        return {
            "text": self.text,
            **prediction,
            "probabilities": shown,
            "logits": self.logits,
            "bias": self.bias,
            "contributions": {
                label: [each.as_json() for each in contributions]
                for label, contributions in self.contributions.items()
            },
            "rest": self.rest,
            "method": self.method,
            "exact": self.exact,
            "notes": self.notes,
            "flip": None if self.flip is None else self.flip.as_json(),
            "tokens": self.tokens,
        }


def build_explanation(
    text: TokenizedText,
    parts: Parts,
    labels: Sequence[str],
    logits: np.ndarray,
    prediction: AnyPrediction,
    method: str,
    notes: Sequence[str],
) -> Explanation:
    """
    Args:
        labels: the explained classes, in the order of `parts`.
        logits: (classes,) of the explained classes.
    """
    bias, rest = parts.constant, logits - parts.sum
    if method == "exact":
        rounded = np.abs(rest) < ROUNDING
        bias, rest = bias + rest * rounded, rest * ~rounded
    contributions: dict[str, list[Contribution]] = {label: [] for label in labels}
    for ngram, added in parts.added.items():
        spelled, (start, end) = text.spelled(ngram), ngram.places[0]
        where = (start, end, text.characters((start, end)), ngram.places, ngram.source)
        for label, own in zip(labels, added.tolist(), strict=True):
            if own:
                contributions[label].append(Contribution(spelled, own, *where))
    for of_class in contributions.values():
        of_class.sort(key=lambda each: -abs(each.contribution))
    return Explanation(
        text.text,
        text.tokens,
        text.spans,
        prediction,
        by_label(labels, logits),
        by_label(labels, bias),
        contributions,
        by_label(labels, rest),
        method,
        tuple(notes),
    )


def by_label(labels: Sequence[str], numbers: np.ndarray) -> Numbers:
    return dict(zip(labels, map(float, numbers), strict=True))
