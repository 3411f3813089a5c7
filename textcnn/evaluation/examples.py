"""A few predictions to read: where a classifier is surest, right and wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from textcnn.inference import BaseClassifier

SHOWN = 5
CHARACTERS = 200


@dataclass(frozen=True)
class Example:
    """A text with what it is and what it is taken for."""

    text: str
    true: str
    predicted: str
    right: bool
    number: float  # how sure, or how far off


def example_predictions(
    classifier: BaseClassifier[Any], texts: Sequence[str], labels: np.ndarray
) -> str:
    """A Markdown table of the surest mistakes and, after them, of some that are right.

    With one class per text, the surest are those with the highest probability. With sets of labels
    they go by the loss in nats, summed over the labels: the mistakes with the largest come first,
    then those right with the smallest.

    Args:
        labels: ids (texts,) int64, or of sets (texts, classes) bool.
    """
    if labels.ndim == 2:
        name, examples = "loss", set_examples(classifier, texts, labels)
    else:
        name, examples = "probability", class_examples(classifier, texts, labels)
    examples.sort(key=lambda example: -example.number)
    wrong = [example for example in examples if not example.right]
    right = [example for example in examples if example.right]
    if name == "loss":
        right.reverse()
    lines = [f"| text | true | predicted | {name} |", "| --- | --- | --- | --- |"]
    for example in wrong[:SHOWN] + right[:SHOWN]:
        mark = "" if example.right else " (wrong)"
        cells = [cell(example.text), cell(example.true), cell(example.predicted) + mark]
        lines.append(f"| {' | '.join([*cells, f'{example.number:.3f}'])} |")
    return "\n".join(lines)


def class_examples(
    classifier: BaseClassifier[Any], texts: Sequence[str], labels: np.ndarray
) -> list[Example]:
    examples = []
    for text, number, row in zip(texts, labels, classifier.predict(texts), strict=True):
        true = classifier.labels[number]
        right, sure = true == row.label, row.probabilities[row.label]
        examples.append(Example(text, true, row.label, right, sure))
    return examples


def set_examples(
    classifier: BaseClassifier[Any], texts: Sequence[str], labels: np.ndarray
) -> list[Example]:
    logits = classifier.logits(texts)  # (texts, classes)
    truth = torch.from_numpy(labels).float()
    # of the logits: a probability that is rounded to 1 has no logarithm of its rest
    losses = F.binary_cross_entropy_with_logits(logits, truth, reduction="none").sum(dim=1)
    rows = zip(texts, labels, classifier.decide(logits), losses.tolist(), strict=True)
    examples = []
    for text, has, prediction, loss in rows:
        true, predicted = list(compress(classifier.labels, has)), prediction.as_json()["labels"]
        names = ", ".join(true) or "none", ", ".join(predicted) or "none"
        examples.append(Example(text, *names, true == predicted, loss))
    return examples


def cell(text: str) -> str:
    """The start of a text, on one line, its bars escaped."""
    return " ".join(text.split())[:CHARACTERS].replace("|", "\\|")
