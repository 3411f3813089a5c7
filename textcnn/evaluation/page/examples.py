"""Texts to read, with the words that decided marked."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from textcnn.evaluation.page.content import Example, Piece
from textcnn.evaluation.texts.answers import Answers
from textcnn.explanation.explain import chosen_method
from textcnn.explanation.explanation import Explanation
from textcnn.inference import BaseClassifier

SHOWN = 10
CHARACTERS = 800  # of a text
NGRAMS = 4  # beside a text
FAINTEST = 0.05  # of the strongest contribution of a text: below it nothing is marked


def examples_of(
    places: np.ndarray, answers: Answers, classifier: BaseClassifier[Any]
) -> tuple[Example, ...]:
    """
    Args:
        places: (examples,) of the texts in `answers`.
    """
    texts = [answers.texts[place] for place in places.tolist()]
    explanations: Sequence[Explanation | None] = [None] * len(texts)
    # an approximation takes seconds for each text of a deep network
    if chosen_method(classifier.model, "auto") == "exact":
        explanations = classifier.explain(texts)
    return tuple(
        example(place, answers, explanation)
        for place, explanation in zip(places.tolist(), explanations, strict=True)
    )


def example(place: int, answers: Answers, explanation: Explanation | None) -> Example:
    """
    Args:
        place: of the text in `answers`.
    """
    label, predicted = answers.label(place), answers.prediction(place)
    probability = f"{100 * float(answers.top_probabilities[place, 0]):.1f} %"
    if answers.predictions.multi_label:
        label, predicted = (", ".join(each) or "none" for each in (label, predicted))
        probability = ""
    pieces: tuple[Piece, ...] = (Piece(shortened(answers.texts[place])),)
    decided: tuple[tuple[str, str], ...] = ()
    if explanation is not None and explanation.predicted:
        main = explanation.predicted[0]
        if main in explanation.contributions:
            pieces = tuple(marked(explanation, main))
            decided = tuple(
                (each.ngram, f"{each.contribution:+.2f}")
                for each in explanation.contributions[main][:NGRAMS]
                if each.ngram
            )
    row = int(answers.predictions.rows[place])
    return Example(row, label, predicted, probability, pieces, decided)


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
