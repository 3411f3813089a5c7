"""Precision-recall curves, one for each class."""

from collections.abc import Iterator, Sequence

import numpy as np

MOST_CURVES = 20  # classes, those with the most texts


def one_against_others(
    labels: np.ndarray, probabilities: np.ndarray, names: Sequence[str]
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """For each class its name, which texts have it (texts,) bool, and its probability (texts,).

    Args:
        labels: (texts,) int64 class ids; for label sets (texts, classes) bool.
        probabilities: (texts, classes) of the classes that the classifier knows.
        names: of these classes.
    """
    classes = probabilities.shape[1]
    truth = labels[:, :classes] if labels.ndim == 2 else labels[:, None] == np.arange(classes)
    counts = truth.sum(axis=0)
    for column in np.argsort(-counts, kind="stable")[:MOST_CURVES]:
        if counts[column]:
            yield names[column], truth[:, column], probabilities[:, column]
