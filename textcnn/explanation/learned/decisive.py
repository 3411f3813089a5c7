"""The n-grams that decide most for each class, over many texts."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from textcnn.explanation.explain import parts_of_texts
from textcnn.explanation.subject import Subject, names_of
from textcnn.explanation.tokenized import TokenizedText

LABELS_OF_A_SET = 5  # the most probable labels of a text whose n-grams are summed
TEXTS_AT_ONCE, PROBABILITIES = 256, 500_000  # with many classes, fewer texts


@dataclass(frozen=True)
class Decisive:
    """An n-gram, and what it adds to the logit of a class."""

    ngram: str
    contribution: float  # summed over all texts for which the class is predicted
    texts: int  # that contain it, and where it adds something

    def as_json(self) -> dict[str, Any]:
        return {"ngram": self.ngram, "contribution": self.contribution, "texts": self.texts}


@dataclass(frozen=True)
class OfClass:
    """What decides for a class."""

    texts: int  # for which it is predicted
    ngrams: list[Decisive]  # the largest sum first

    def as_json(self) -> dict[str, Any]:
        return {"texts": self.texts, "ngrams": [each.as_json() for each in self.ngrams]}


def decisive_ngrams(
    classifier: Subject, texts: Sequence[str], method: str, count: int
) -> dict[str, OfClass]:
    """By class, the n-grams that add most to its logit where it is predicted.

    Args:
        method: `exact`, `gradients` or `occlusion`.
        count: n-grams of a class.
    """
    sums: dict[str, dict[str, float]] = {label: defaultdict(float) for label in classifier.labels}
    counts: dict[str, dict[str, int]] = {label: defaultdict(int) for label in classifier.labels}
    predicted = dict.fromkeys(classifier.labels, 0)
    size = max(min(TEXTS_AT_ONCE, PROBABILITIES // len(classifier.labels)), 1)
    for start in range(0, len(texts), size):
        chunk = [TokenizedText(text, classifier.encoder) for text in texts[start : start + size]]
        logits = classifier.logits([each.text for each in chunk])
        chosen = most_probable(classifier, logits)
        answers = [names_of(each) for each in classifier.decide(logits)]
        parts = parts_of_texts(classifier, chunk, chosen, method)
        for text, own, classes, names in zip(chunk, parts, chosen.tolist(), answers, strict=True):
            for name in names:
                predicted[name] += 1
            labels = [classifier.labels[index] for index in classes]
            places = [place for place, label in enumerate(labels) if label in names]
            added: dict[str, list[float]] = {}
            for ngram, weights in own.added.items():
                spelled = text.spelled(ngram)
                row = added.setdefault(spelled, [0.0] * len(labels))
                for place in places:
                    row[place] += float(weights[place])
            for spelled, row in added.items():
                for place in places:
                    if row[place]:
                        sums[labels[place]][spelled] += row[place]
                        counts[labels[place]][spelled] += 1
    return {
        label: OfClass(predicted[label], largest(sums[label], counts[label], count))
        for label in classifier.labels
    }


def most_probable(classifier: Subject, logits: Tensor) -> Tensor:
    """(texts, 1) the predicted class, or for label sets the most probable labels."""
    several = classifier.thresholds is not None
    count = min(LABELS_OF_A_SET if several else 1, len(classifier.labels))
    return torch.topk(logits, count, dim=1).indices


def largest(sums: dict[str, float], counts: dict[str, int], count: int) -> list[Decisive]:
    named = [(ngram, total) for ngram, total in sums.items() if ngram.strip() and total > 0]
    ordered = sorted(named, key=lambda item: (-item[1], item[0]))
    return [Decisive(ngram, total, counts[ngram]) for ngram, total in ordered[:count]]
