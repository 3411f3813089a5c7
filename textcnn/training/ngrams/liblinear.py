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
        seed: of the order in which liblinear visits the texts.

    Returns:
        weight: (features, classes) float32, what is multiplied by the scales.
        bias: (classes,) float32
    """
    from sklearn.preprocessing import normalize  # imported here: it takes a second

    two = num_classes == 2 and labels.ndim == 1
    weight = np.zeros((len(scales), num_classes), np.float32)
    bias = np.zeros(num_classes, np.float32)
    for number in range(1 if two else 0, num_classes):
        has_it = labels == number if labels.ndim == 1 else labels[:, number]
        counted: np.ndarray = texts.copy()
        if class_weights is not None:
            of_class = class_weights.numpy()
            single = labels.ndim == 1
            counted = counted * (
                of_class[labels] if single else np.where(has_it, of_class[number], 1)
            )
        scaled = matrix.copy()
        scaled.data *= scales[:, min(number, scales.shape[1] - 1)][scaled.indices]
        if normalized:
            normalize(scaled, copy=False)
        weight[:, number], bias[number] = one_against_rest(
            scaled, has_it, counted, loss, cost, seed
        )
    if two:  # the logits differ by what was learned, and add up to 0
        sign = -1.0 if scales.shape[1] == 1 else 1.0  # log-count ratios have the sign themselves
        weight[:, 1] /= 2
        weight[:, 0] = sign * weight[:, 1]
        bias[1] /= 2
        bias[0] = -bias[1]
    return torch.from_numpy(weight), torch.from_numpy(bias)


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

    if has_it.all() or not has_it.any() or not matrix.shape[1]:  # there is nothing to tell
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
