"""Measures that counts of texts determine, of one or many resamples at a time.

All take (..., classes, 3) counts: texts that have the class and are predicted to, that are
predicted to, and that have it. They return (...,) float64, nan where a measure is undefined.
"""

import numpy as np


def f1(counts: np.ndarray) -> np.ndarray:
    """(..., classes): as `textcnn.evaluation.counts.f1_scores`."""
    right, get, have = np.moveaxis(counts, -1, 0)
    scores: np.ndarray = 2 * right / np.maximum(get + have, 1)
    return scores


def macro_f1(counts: np.ndarray) -> np.ndarray:
    """The mean over the classes that occur among labels or predictions."""
    occurs = (counts[..., 1] + counts[..., 2] > 0).sum(axis=-1)
    return divided(f1(counts).sum(axis=-1), occurs)


def label_macro_f1(counts: np.ndarray) -> np.ndarray:
    """The mean over all labels, as for label sets."""
    mean: np.ndarray = f1(counts).mean(axis=-1)
    return mean


def micro_f1(counts: np.ndarray) -> np.ndarray:
    return f1(counts.sum(axis=-2)[..., None, :])[..., 0]


def weighted_f1(counts: np.ndarray) -> np.ndarray:
    """The mean over classes, weighted by their numbers of texts."""
    have = counts[..., 2]
    return divided((f1(counts) * have).sum(axis=-1), have.sum(axis=-1))


def balanced_accuracy(counts: np.ndarray) -> np.ndarray:
    """The mean recall of the classes that have texts."""
    right, have = counts[..., 0], counts[..., 2]
    recalls = right / np.maximum(have, 1)
    return divided(recalls.sum(axis=-1), (have > 0).sum(axis=-1))


def matthews(counts: np.ndarray) -> np.ndarray:
    """Matthews' correlation coefficient of several classes (Gorodkin, 2004), from -1 to 1.

    Undefined if all texts have one class, or all predictions are one.
    """
    right, get, have = np.moveaxis(counts.astype(float), -1, 0)  # (..., classes)
    texts = have.sum(axis=-1)
    together = right.sum(axis=-1) * texts - (get * have).sum(axis=-1)
    spread = (texts**2 - (get**2).sum(axis=-1)) * (texts**2 - (have**2).sum(axis=-1))
    return divided(together, np.sqrt(spread))


def divided(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(denominator > 0, numerator / denominator, np.nan)
