"""Labels that are likely wrong, by confident learning (Northcutt, Jiang & Chuang 2021).

A text counts as one of class k if its probability of k is at least the mean probability of k among
the texts that are labelled k. So a class with cautious probabilities is not held to the standard of
a class with sure ones. A label is likely wrong if the text counts as one of another, more probable
class. It is in doubt if another class is more probable at all.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class LabelErrors:
    """Of every text, whether the label is likely wrong or in doubt, and which one fits better.

    `labels` and `suggested` are class ids (texts,), or for label sets (texts, classes) bool.
    """

    labels: np.ndarray
    suggested: np.ndarray  # the label itself where it is not in doubt
    wrong: np.ndarray  # (texts,) bool, by confident learning
    doubtful: np.ndarray  # (texts,) bool; those that are wrong among them
    score: np.ndarray  # (texts,) float64 from 0 to 1: half if both labels are equally probable
    given: np.ndarray  # (texts,) probability of the label; of the most doubtful label of a set
    other: np.ndarray  # (texts,) probability of the likelier one


def find_label_errors(labels: np.ndarray, probabilities: np.ndarray) -> LabelErrors:
    """
    Args:
        labels: (texts,) class ids, or for label sets (texts, classes) bool.
        probabilities: (texts, classes) by models that have not seen the text. For label sets each
            is independent.
    """
    if labels.ndim == 2:
        return errors_of_sets(labels, probabilities)
    rows = np.arange(len(labels))
    given = probabilities[rows, labels]
    others = probabilities.copy()
    others[rows, labels] = -1.0
    likeliest, other = others.argmax(axis=1), others.max(axis=1)
    doubtful = other > given
    confident = others >= class_thresholds(labels, probabilities)  # (texts, classes)
    wrong = doubtful & confident.any(axis=1)
    confidently = np.where(confident, others, -1.0).argmax(axis=1)
    # a less probable class that is sure of the text doesn't count
    wrong &= others[rows, confidently] > given
    suggested = np.where(wrong, confidently, np.where(doubtful, likeliest, labels))
    other = np.where(wrong, others[rows, confidently], other)
    return LabelErrors(labels, suggested, wrong, doubtful, margin(given, other), given, other)


def errors_of_sets(labels: np.ndarray, probabilities: np.ndarray) -> LabelErrors:
    """Each label of a set alone: the text has it, or lacks it."""
    given = np.where(labels, probabilities, 1 - probabilities)  # (texts, classes)
    present = np.maximum(labels.sum(axis=0), 1)
    absent = np.maximum((~labels).sum(axis=0), 1)
    # the standard for the opposite of what the label says
    having = np.where(labels, probabilities, 0).sum(axis=0) / present
    lacking = np.where(labels, 0, 1 - probabilities).sum(axis=0) / absent
    doubtful = given < 0.5
    wrong = doubtful & (1 - given >= np.where(labels, lacking, having))
    rows, worst = np.arange(len(labels)), given.argmin(axis=1)
    lowest = given[rows, worst]
    return LabelErrors(
        labels,
        labels ^ doubtful,
        np.any(wrong, axis=1),
        np.any(doubtful, axis=1),
        margin(lowest, 1 - lowest),
        lowest,
        1 - lowest,
    )


def class_thresholds(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """(classes,) the mean probability of a class among the texts with this label; 1 if none."""
    classes = probabilities.shape[1]
    counts = np.bincount(labels, minlength=classes)
    own = probabilities[np.arange(len(labels)), labels]
    sums = np.bincount(labels, weights=own, minlength=classes)
    return np.where(counts > 0, sums / np.maximum(counts, 1), 1.0)


def margin(given: np.ndarray, other: np.ndarray) -> np.ndarray:
    """From 0 (the label is certain) to 1 (the other one is)."""
    return (1 + other - given) / 2
