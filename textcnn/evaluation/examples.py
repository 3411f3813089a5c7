"""A few predictions to read: the most confident mistakes and correct predictions."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from textcnn.inference import BaseClassifier

SHOWN = 5
CHARACTERS = 200


@dataclass(frozen=True)
class Example:
    """A text with its true and its predicted class, or label sets."""

    text: str
    true: str
    predicted: str
    right: bool
    number: float  # probability of the prediction, or loss of a label set


def example_predictions(
    classifier: BaseClassifier[Any],
    texts: Sequence[str],
    labels: np.ndarray,
    names: Sequence[str],
    logits: Tensor,
) -> str:
    """A Markdown table of the most confident mistakes, then of correct predictions.

    With one class per text, rows are sorted by the probability of the prediction. With sets of
    labels they are sorted by the loss in nats, summed over the labels: mistakes with the largest
    loss first, then correct predictions with the smallest.

    Args:
        labels: (texts,) int64 class ids; for label sets (texts, classes) bool.
        names: of the classes, by id; those that the classifier lacks come last.
        logits: (texts, classes) of these texts.
    """
    if labels.ndim == 2:
        name, examples = "loss", set_examples(classifier, texts, labels, names, logits)
    else:
        name, examples = "probability", class_examples(classifier, texts, labels, names, logits)
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
    classifier: BaseClassifier[Any],
    texts: Sequence[str],
    labels: np.ndarray,
    names: Sequence[str],
    logits: Tensor,
) -> list[Example]:
    # not `predict`: with thousands of classes its dictionaries would take gigabytes
    sure, predicted = classifier.probabilities(logits).max(dim=1)
    rows = zip(texts, labels.tolist(), predicted.tolist(), sure.tolist(), strict=True)
    return [
        Example(text, names[true], classifier.labels[label], true == label, probability)
        for text, true, label, probability in rows
    ]


def set_examples(
    classifier: BaseClassifier[Any],
    texts: Sequence[str],
    labels: np.ndarray,
    names: Sequence[str],
    logits: Tensor,
) -> list[Example]:
    truth = torch.from_numpy(labels[:, : len(classifier.labels)]).float()
    # from logits: for a probability rounded to 1, log(1 - p) is infinite
    losses = F.binary_cross_entropy_with_logits(logits, truth, reduction="none").sum(dim=1)
    rows = zip(texts, labels, classifier.decide(logits), losses.tolist(), strict=True)
    examples = []
    for text, has, prediction, loss in rows:
        true, predicted = list(compress(names, has)), prediction.as_json()["labels"]
        shown = ", ".join(true) or "none", ", ".join(predicted) or "none"
        examples.append(Example(text, *shown, true == predicted, loss))
    return examples


def cell(text: str) -> str:
    """The start of a text for a Markdown cell: one line, | escaped."""
    return " ".join(text.split())[:CHARACTERS].replace("|", "\\|")
