"""Linear classifiers by coordinate descent: each class against the rest (liblinear, Fan 2008)."""

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

TOLERANCE = 1e-2  # of the solver


def fit_classes(
    matrix: "csr_matrix",
    scales: np.ndarray,
    labels: np.ndarray,
    texts: np.ndarray,
    *,
    num_classes: int,
    loss: str,
    cost: float,
    normalized: bool = False,
    class_weights: Tensor | None = None,
    targets: np.ndarray | None = None,
    seed: int = 0,
) -> tuple[Tensor, Tensor]:
    """The weights of features and the biases of classes.

    Args:
        matrix: (texts, features) float32
        scales: what multiplies each feature: (features, classes), or (features, 1) if they are the
            same for all classes.
        labels: (texts,) int64, or for label sets (texts, classes) bool.
        texts: (texts,) float64, how much each text counts.
        loss: `squared_hinge`, as in a support vector machine, or `logistic`.
        cost: inverse strength of the L2 penalty (liblinear's C).
        normalized: divide the scaled features of each text by their L2 norm.
        class_weights: (classes,) of the texts of each class, or for label sets of the texts that
            have each label; None: all 1.
        targets: (texts, classes), soft labels: a text counts for each class and for the rest, by
            their probabilities; None: hard labels.
        seed: of the order in which liblinear visits the texts.

    Returns:
        weight: (features, classes) float32, what is multiplied by the scales.
        bias: (classes,) float32
    """
    matrix.sort_indices()  # in place, so that nobody sorts the places that copies share
    two = num_classes == 2 and labels.ndim == 1
    weight = np.zeros((len(scales), num_classes), np.float32)
    bias = np.zeros(num_classes, np.float32)
    of_class = None if class_weights is None else class_weights.numpy()
    if of_class is not None and labels.ndim == 1:
        texts = texts * (of_class[labels] if targets is None else targets @ of_class)
    for number in range(1 if two else 0, num_classes):
        scaled = scaled_by(matrix, scales[:, min(number, scales.shape[1] - 1)], normalized)
        has_it, counted = labels == number if labels.ndim == 1 else labels[:, number], texts
        if targets is not None:
            scaled, has_it, counted = with_and_without(scaled, texts, targets[:, number])
        if of_class is not None and labels.ndim == 2:
            counted = counted * np.where(has_it, of_class[number], 1)
        weight[:, number], bias[number] = one_against_rest(
            scaled, has_it, counted, loss, cost, seed
        )
    if two:
        # log-count ratios have the sign themselves
        share_out(weight, bias, sign=-1.0 if scales.shape[1] == 1 else 1.0)
    return torch.from_numpy(weight), torch.from_numpy(bias)


def scaled_by(matrix: "csr_matrix", scales: np.ndarray, normalized: bool) -> "csr_matrix":
    """The features times their scales, in 64 bits, which liblinear takes.

    It has numbers of its own, but shares their places, which saves memory.

    Args:
        scales: (features,)
        normalized: divide the features of each text by their L2 norm.
    """
    # imported here: it takes a second
    from scipy.sparse import csr_matrix
    from sklearn.preprocessing import normalize

    values = scales.astype(np.float64)[matrix.indices]
    values *= matrix.data
    scaled = csr_matrix((values, matrix.indices, matrix.indptr), shape=matrix.shape)
    return normalize(scaled, copy=False) if normalized else scaled


def share_out(weight: np.ndarray, bias: np.ndarray, sign: float) -> None:
    """Let the logits of two classes differ by what the second learned, and add up to 0."""
    weight[:, 1] /= 2
    weight[:, 0] = sign * weight[:, 1]
    bias[1] /= 2
    bias[0] = -bias[1]


def with_and_without(
    matrix: "csr_matrix", texts: np.ndarray, share: np.ndarray
) -> tuple["csr_matrix", np.ndarray, np.ndarray]:
    """Each text with a class, and once more without it: rows, whether they have it, their weights.

    Args:
        texts: (texts,) how much each counts.
        share: (texts,) the probability of the class.
    """
    from scipy.sparse import vstack

    have, lack = np.flatnonzero(share > 0), np.flatnonzero(share < 1)
    counted = np.concatenate([(texts * share)[have], (texts * (1 - share))[lack]])
    rows = vstack([matrix[have], matrix[lack]], format="csr")
    return rows, np.arange(len(counted)) < len(have), counted


def one_against_rest(
    matrix: "csr_matrix",
    has_it: np.ndarray,
    texts: np.ndarray,
    loss: str,
    cost: float,
    seed: int,
) -> tuple[np.ndarray, float]:
    """The weights (numbers,) and the bias that tell the texts of a class from the others.

    Args:
        has_it: (texts,) bool
        texts: (texts,) how much each text counts.
    """
    # imported here: it takes a second
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import LinearSVC

    if has_it.all() or not has_it.any() or matrix.shape[1] == 0:  # there is nothing to tell
        with_it = has_it.sum()
        return np.zeros(matrix.shape[1]), np.log((with_it + 1) / (len(has_it) - with_it + 1))
    settings: dict[str, Any] = {"dual": True, "C": cost, "tol": TOLERANCE, "random_state": seed}
    if loss == "logistic":
        solver = LogisticRegression(solver="liblinear", **settings)
    else:
        solver = LinearSVC(**settings)
    with warnings.catch_warnings():
        # what the last rounds would change does not change predictions
        warnings.simplefilter("ignore", ConvergenceWarning)
        solver.fit(matrix, has_it, sample_weight=texts)
    return solver.coef_[0], float(solver.intercept_[0])
