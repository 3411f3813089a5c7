"""Trains the linear model over n-grams by coordinate descent: in seconds, without steps."""

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from textcnn.data.batching import SCORED_TOKENS, EncodedTexts, sorted_batches
from textcnn.evaluation.weighing import fit_weights
from textcnn.models.ngrams.index import NgramIndex
from textcnn.models.ngrams.ngrams import Ngrams
from textcnn.text.vocabulary import PADDING, SPECIALS

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

BATCH_SIZE = 512  # texts whose n-grams are looked up together, at most
# The default inverse strength of the L2 penalty, by loss and scaling: a squared hinge grows faster
# than a logistic loss, and the features of tf_idf are smaller than others.
COSTS = {
    "logistic": {"naive_bayes": 1.0, "tf_idf": 10.0, "none": 1.0},
    "squared_hinge": {"naive_bayes": 0.1, "tf_idf": 1.0, "none": 0.1},
}
TOLERANCE = 1e-2  # of liblinear's solver
# What few validation texts hardly change: the factor of the weights, and what is added to them.
FIRST = (1.0, 0.05)


def learn_ngrams(
    train: EncodedTexts,
    *,
    vocabulary_size: int,
    num_classes: int,
    longest: int,
    min_count: int = 1,
    scaling: str = "naive_bayes",
    dropout: float = 0.0,
) -> Ngrams:
    """A model of the n-grams of the training texts, with the weights of naive Bayes.

    Args:
        longest, scaling, dropout: see `Ngrams`.
        min_count: how often an n-gram of two or more tokens must occur in the texts.
    """
    assert train.labels is not None
    index = NgramIndex.learn(
        lambda: ((ids, lengths) for ids, lengths, _ in labelled(train)),
        vocabulary_size,
        longest,
        min_count,
    )
    ngrams = Ngrams(
        index.keys,
        vocabulary_size=vocabulary_size,
        num_classes=num_classes,
        longest=longest,
        scaling=scaling,
        multi_label=train.labels.ndim == 2,
        dropout=dropout,
    )
    ngrams.count(labelled(train))
    return ngrams


def labelled(texts: EncodedTexts) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """The ids, lengths and labels of all texts in batches, shortest texts first."""
    for rows in sorted_batches(texts.lengths, BATCH_SIZE, SCORED_TOKENS):
        batch = texts.batch(rows)
        assert batch.labels is not None
        yield batch.ids, batch.lengths, batch.labels


def fit_linear(
    ngrams: Ngrams,
    train: EncodedTexts,
    *,
    loss: str = "squared_hinge",
    cost: float | None = None,
    class_weights: Tensor | None = None,
    seed: int = 0,
) -> None:
    """Train the weights of an n-gram model: each class against the rest, by liblinear (Fan 2008).

    Args:
        ngrams: as `learn_ngrams` returns it; is changed.
        loss: `squared_hinge`, as in a support vector machine, or `logistic`.
        cost: inverse strength of the L2 penalty (liblinear's C); None: see COSTS.
        class_weights: (classes,) of the texts of each class, or for label sets of the texts that
            have each label; None: all 1.
        seed: of the order in which liblinear visits the texts.
    """
    from sklearn.preprocessing import normalize  # imported here: it takes a second

    assert train.labels is not None
    matrix, order = presence(ngrams, train)
    labels = train.labels[order]  # (texts,) or (texts, classes)
    texts = (
        np.ones(len(labels)) if train.weights is None else train.weights[order].astype(np.float64)
    )
    scales = ngrams.scales().numpy()  # (numbers, classes) or (numbers, 1)
    cost = COSTS[loss][ngrams.scaling] if cost is None else cost
    two = ngrams.num_classes == 2 and labels.ndim == 1
    weight = np.zeros((len(scales), ngrams.num_classes), np.float32)
    bias = np.zeros(ngrams.num_classes, np.float32)
    for number in range(1 if two else 0, ngrams.num_classes):
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
        if ngrams.scaling == "tf_idf":
            normalize(scaled, copy=False)  # each text by its L2 norm
        learned, bias[number] = one_against_rest(scaled, has_it, counted, loss, cost, seed)
        weight[:, number] = learned
    if two:  # the logits differ by what was learned, and add up to 0
        sign = -1.0 if scales.shape[1] == 1 else 1.0  # log-count ratios have the sign themselves
        weight[:, 1] /= 2
        weight[:, 0] = sign * weight[:, 1]
        bias[1] /= 2
        bias[0] = -bias[1]
    weight[PADDING] = 0.0
    with torch.no_grad():
        ngrams.table.weight.copy_(torch.from_numpy(weight))
        ngrams.bias.copy_(torch.from_numpy(bias))


@torch.no_grad()
def calibrate(ngrams: Ngrams, validation: EncodedTexts) -> None:
    """Scale the weights so that probabilities fit validation texts (Platt 2000).

    With `naive_bayes`, the same number is added to all learned weights: an n-gram that training
    left at 0 keeps a fraction of its log-count ratio. (Wang & Manning interpolate too.)
    """
    ngrams.eval()  # without dropout
    model, prior, labels = [], [], []
    bayes = ngrams.scaling == "naive_bayes"
    for ids, lengths, own in labelled(validation):
        labels.append(own)
        model.append(ngrams(ids, lengths))
        if bayes:
            prior.append(ngrams.ratio_sums(ids, lengths))
    if not labels:
        return
    branches = [torch.cat(model), *([torch.cat(prior)] if bayes else [])]
    factor, *fraction = fit_weights(branches, torch.cat(labels), FIRST[: len(branches)]).tolist()
    rescale(ngrams, factor, fraction[0] if bayes else 0.0)


@torch.no_grad()
def rescale(ngrams: Ngrams, factor: float, fraction: float) -> None:
    """Multiply the learned weights and the bias by a factor, then add a fraction to the weights."""
    ngrams.table.weight.mul_(factor).add_(fraction)
    ngrams.table.weight[: len(SPECIALS)] = 0.0
    ngrams.bias.mul_(factor)
    ngrams.calibration.copy_(torch.tensor([factor, fraction]))


def presence(ngrams: Ngrams, texts: EncodedTexts) -> tuple["csr_matrix", np.ndarray]:
    """Which n-grams each text has: a matrix of 1 (texts, numbers), and the order of its rows."""
    from scipy.sparse import csr_matrix

    columns, counts, order = [], [], []
    for rows in sorted_batches(texts.lengths, BATCH_SIZE, SCORED_TOKENS):
        batch = texts.batch(rows)
        numbers = ngrams.index.numbers(batch.ids, batch.lengths)  # (batch, places)
        there = numbers != PADDING
        columns.append(numbers[there].to(torch.int32).numpy())
        counts.append(there.sum(dim=1).numpy())
        order.append(rows)
    indices = np.concatenate(columns)
    offsets = np.concatenate([[0], np.cumsum(np.concatenate(counts))])
    values = np.ones(len(indices), np.float32)
    shape = (len(texts), len(ngrams.index))
    return csr_matrix((values, indices, offsets), shape=shape), np.concatenate(order)


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

    if has_it.all() or not has_it.any():  # there is nothing to tell
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
