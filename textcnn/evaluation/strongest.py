"""The n-grams that weigh most for each class."""

from collections.abc import Sequence
from typing import Any

from textcnn.inference import BaseClassifier
from textcnn.models.ngrams.beside import WithNgrams, ngrams_of
from textcnn.system.terminal import markdown
from textcnn.text.encoder import TextEncoder
from textcnn.text.vocabulary import PADDING

COUNT = 10
START, END = "<s>", "</s>"

# By class, the largest weight first: {"ngram": string, "weight": number}.
Strongest = dict[str, list[dict[str, Any]]]


def strongest_ngrams(classifier: BaseClassifier[Any], count: int = COUNT) -> Strongest | None:
    """The n-grams that add most to the logit of each class; None if the model has no n-grams.

    With `tf_idf`, the weights are those before a text is divided by its norm.
    """
    ngrams = ngrams_of(classifier.model)
    if ngrams is None:
        return None
    weights = ngrams.weights()  # (numbers, classes)
    if isinstance(classifier.model, WithNgrams):
        weights = classifier.model.weights[1] * weights
    largest = weights.topk(min(count, len(weights)), dim=0)
    return {
        label: [
            {"ngram": spelled(ngrams.index.tokens(number), classifier.encoder), "weight": weight}
            for number, weight in zip(numbers, values, strict=True)
            if weight > 0
        ]
        for label, numbers, values in zip(
            classifier.labels,
            largest.indices.t().tolist(),
            largest.values.t().tolist(),
            strict=True,
        )
    }


def spelled(tokens: Sequence[int], encoder: TextEncoder) -> str:
    """An n-gram as its text, with marks for the start and the end of a text."""
    words = encoder.vocabulary.decode(tokens)
    marks = {0: START, len(tokens) - 1: END}
    return encoder.tokenizer.join(
        [
            marks[place] if id == PADDING else word
            for place, (id, word) in enumerate(zip(tokens, words, strict=True))
        ]
    )


def strongest_markdown(strongest: Strongest) -> str:
    """A row for each class."""

    def cell(ngram: str, weight: float) -> str:
        # as code, in which Markdown and HTML mean nothing; a line break would end the row
        return f"`{' '.join(ngram.splitlines())}` ({weight:.2f})"

    rows = [
        [label, ", ".join(cell(each["ngram"], each["weight"]) for each in ngrams)]
        for label, ngrams in strongest.items()
    ]
    return markdown([["class", "n-grams that add most to its logit"], *rows])
