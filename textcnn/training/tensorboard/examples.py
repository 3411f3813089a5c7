"""A few predictions to read: the most confident mistakes and correct predictions."""

from collections.abc import Sequence
from itertools import compress
from typing import Any

import numpy as np
from torch import Tensor

from textcnn.evaluation.texts.mistakes import set_losses, surest
from textcnn.inference import BaseClassifier

SHOWN = 5
CHARACTERS = 200


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
        title, numbers = "loss", set_losses(logits, labels[:, : len(classifier.labels)])
        given = [prediction.as_json()["labels"] for prediction in classifier.decide(logits)]
        true = [[*compress(names, has)] for has in labels]
        best = -numbers
    else:
        # not `predict`: with thousands of classes its dictionaries would take gigabytes
        shares, predicted = classifier.probabilities(logits).max(dim=1)
        title, numbers = "probability", shares.numpy()
        given = [[classifier.labels[label]] for label in predicted.tolist()]
        true = [[names[label]] for label in labels.tolist()]
        best = numbers
    right = np.array([one == other for one, other in zip(true, given, strict=True)], bool)
    lines = [f"| text | true | predicted | {title} |", "| --- | --- | --- | --- |"]
    for place in (*surest(~right, numbers, SHOWN), *surest(right, best, SHOWN)):
        cells = [texts[place], *(", ".join(each[place]) or "none" for each in (true, given))]
        shown = [*map(cell, cells[:2]), cell(cells[2]) + ("" if right[place] else " (wrong)")]
        lines.append(f"| {' | '.join([*shown, f'{numbers[place]:.3f}'])} |")
    return "\n".join(lines)


def cell(text: str) -> str:
    """The start of a text for a Markdown cell: one line, | escaped."""
    return " ".join(text.split())[:CHARACTERS].replace("|", "\\|")
