"""Texts to read, with the words that decided marked."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from textcnn.errors import InputError
from textcnn.evaluation.page.content import Example, Piece
from textcnn.evaluation.predictions import Predictions
from textcnn.explanation.explanation import Explanation
from textcnn.inference import BaseClassifier

SHOWN = 10
CHARACTERS = 1500  # of a text
NGRAMS = 4  # beside a text
FAINTEST = 0.05  # of the strongest contribution of a text: below it nothing is marked


def surest_mistakes(predictions: Predictions, count: int = SHOWN) -> list[int]:
    """The misclassified texts of the highest confidence; of label sets, of the highest loss."""
    order = np.argsort(-sureness(predictions), kind="stable")
    return [int(place) for place in order if not predictions.correct[place]][:count]


def least_sure(predictions: Predictions, count: int = SHOWN) -> list[int]:
    """The texts of the lowest confidence. Label sets have none: all labels decide apart."""
    if predictions.multi_label:
        return []
    return np.argsort(predictions.confidences, kind="stable")[:count].tolist()


def sureness(predictions: Predictions) -> np.ndarray:
    """(texts,) what mistakes are sorted by."""
    if not predictions.multi_label:
        return predictions.confidences
    logits = predictions.logits
    assert logits is not None
    truth = torch.from_numpy(predictions.truth[:, : logits.shape[1]]).float()
    return F.binary_cross_entropy_with_logits(logits, truth, reduction="none").sum(1).numpy()


def examples_of(
    places: Sequence[int],
    predictions: Predictions,
    names: Sequence[str],
    text_of: Callable[[int], str],
    classifier: BaseClassifier[Any],
) -> tuple[Example, ...]:
    """
    Args:
        places: of the texts in `predictions`.
        names: of the classes, by id; those that the classifier lacks come last.
        text_of: the text at a place.
    """
    texts = [text_of(place) for place in places]
    explanations: Sequence[Explanation | None] = [None] * len(texts)
    with suppress(InputError):  # of a model of somebody else's package, which nothing explains
        explanations = classifier.explain(texts)
    answers = classifier.decide(classifier.logits(texts)) if texts else []
    return tuple(
        example(place, text, answer, explanation, predictions, names)
        for place, text, answer, explanation in zip(
            places, texts, answers, explanations, strict=True
        )
    )


def example(
    place: int,
    text: str,
    answer: Any,
    explanation: Explanation | None,
    predictions: Predictions,
    names: Sequence[str],
) -> Example:
    truth = predictions.truth[place]
    if predictions.multi_label:
        label = ", ".join(name for name, has in zip(names, truth, strict=True) if has) or "none"
        predicted, probability = ", ".join(answer.as_json()["labels"]) or "none", ""
    else:
        label, predicted = names[int(truth)], answer.label
        probability = f"{100 * answer.probabilities[predicted]:.1f} %"
    decided: tuple[tuple[str, str], ...] = ()
    pieces: tuple[Piece, ...] = (Piece(shortened(text)),)
    if explanation is not None and explanation.predicted:
        main = explanation.predicted[0]
        if main in explanation.contributions:
            pieces = tuple(marked(explanation, main))
            decided = tuple(
                (each.ngram, f"{each.contribution:+.2f}")
                for each in explanation.contributions[main][:NGRAMS]
                if each.ngram
            )
    return Example(int(predictions.rows[place]), label, predicted, probability, pieces, decided)


def marked(explanation: Explanation, label: str) -> Iterator[Piece]:
    """The start of the text in pieces: tokens with what they add to a class, and the rest."""
    added = explanation.of_tokens(label)
    strongest = max(map(abs, added), default=0.0) or 1.0
    text, end = explanation.text, 0
    for span, number in zip(explanation.spans, added, strict=True):
        if span is None or span[0] < end:
            continue
        if span[1] > CHARACTERS:
            yield Piece(shortened(text)[end:])
            return
        if span[0] > end:
            yield Piece(text[end : span[0]])
        share = number / strongest
        yield Piece(text[slice(*span)], share if abs(share) >= FAINTEST else 0.0)
        end = span[1]
    yield Piece(shortened(text)[end:])


def shortened(text: str) -> str:
    return text if len(text) <= CHARACTERS else text[:CHARACTERS] + " …"
