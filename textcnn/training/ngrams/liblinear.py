"""Linear classifiers by coordinate descent: each class against the rest (liblinear, Fan 2008)."""

import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

TOLERANCE = 1e-2  # of the solver
# What multiplies the logits of an earlier model among the features: so large that the L2 penalty
# hardly limits how much they count.
EARLIER = 10.0


class Fitted(NamedTuple):
    """What liblinear learned."""

    weight: Tensor  # (features, classes) float32, what is multiplied by the scales
    bias: Tensor  # (classes,) float32
    earlier: Tensor  # (classes,) float32, the factor of the logits of an earlier model; 0: none


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
    earlier: np.ndarray | None = None,
    seed: int = 0,
) -> Fitted:
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
        earlier: (texts, classes), see `Earlier`; None: there is no earlier model.
        seed: of the order in which liblinear visits the texts.
    """
    matrix.sort_indices()  # in place, so that nobody sorts the places that copies share
    two = num_classes == 2 and labels.ndim == 1
    weight = np.zeros((len(scales), num_classes), np.float32)
    bias, factors = np.zeros(num_classes, np.float32), np.zeros(num_classes, np.float32)
    before = Earlier(earlier, two)
    of_class = None if class_weights is None else class_weights.numpy()
    if of_class is not None and labels.ndim == 1:
        texts = texts * (of_class[labels] if targets is None else targets @ of_class)
    for number in range(1 if two else 0, num_classes):
        has_it, counted = labels == number if labels.ndim == 1 else labels[:, number], texts
        if before.has(number) and (has_it.all() or not has_it.any()):
            factors[number] = np.nan
            continue
        scaled = scaled_by(matrix, scales[:, min(number, scales.shape[1] - 1)], normalized)
        scaled = before.beside(scaled, number)
        if targets is not None:
            scaled, has_it, counted = with_and_without(scaled, texts, targets[:, number])
        if of_class is not None and labels.ndim == 2:
            counted = counted * np.where(has_it, of_class[number], 1)
        learned, bias[number] = one_against_rest(scaled, has_it, counted, loss, cost, seed)
        weight[:, number] = learned[: len(scales)]
        factors[number] = EARLIER * learned[-1] if before.has(number) else 0
    if two:
        # log-count ratios have the sign themselves
        share_out(weight, bias, sign=-1.0 if scales.shape[1] == 1 else 1.0)
        factors[0] = factors[1]
    return Fitted(*map(torch.from_numpy, (weight, bias, filled(factors))))


class Earlier:
    """The logits of an earlier model, as one more feature of the texts.

    A class that it has gets a factor for its logits, and the other features learn what these lack.
    A class without texts, or with all, keeps its logits, with the mean factor of the others.
    """

    def __init__(self, logits: np.ndarray | None, two: bool):
        """
        Args:
            logits: (texts, classes), nan for classes that the model lacks; None: no model.
            two: there are two classes, whose logits only differ in sign.
        """
        if logits is not None and two:
            logits = logits[:, [0, 1]] - logits[:, [1, 0]]
        self.logits = logits

    def has(self, number: int) -> bool:
        """Whether the earlier model has a class."""
        return self.logits is not None and not np.isnan(self.logits[:, number]).any()

    def beside(self, matrix: "csr_matrix", number: int) -> "csr_matrix":
        """The features, and behind them the logits of a class that the earlier model has."""
        from scipy.sparse import csr_matrix, hstack

        if self.logits is None or not self.has(number):
            return matrix
        column = csr_matrix(EARLIER * self.logits[:, number : number + 1])
        return hstack([matrix, column], format="csr")


def filled(factors: np.ndarray) -> np.ndarray:
    """Factors in which the mean of the others, or 1, stands for nan."""
    open_ = np.isnan(factors)
    others = factors[~open_ & (factors != 0)]
    return np.where(open_, others.mean() if len(others) else 1.0, factors).astype(np.float32)


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
