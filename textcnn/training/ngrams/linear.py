"""Trains the linear model over n-grams by coordinate descent: in seconds, without steps."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from textcnn.data.batching import SCORED_TOKENS, Batch, EncodedTexts, sorted_batches
from textcnn.errors import InputError
from textcnn.evaluation.weighing import fit_weights
from textcnn.models.ngrams.index import NgramIndex
from textcnn.models.ngrams.ngrams import Ngrams
from textcnn.models.ngrams.subword_weights import SubwordWeights
from textcnn.text.vocabulary import PADDING, SPECIALS
from textcnn.training.growing.ngrams import KeptNgrams, keep_learned
from textcnn.training.ngrams.liblinear import fit_classes
from textcnn.training.subwords.weights import SubwordFit

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

MANY_CLASSES = 100
MOST_WEIGHTS = 100_000_000  # of n-grams with so many classes
BATCH_SIZE = 512  # texts whose n-grams are looked up together, at most
# The default inverse strength of the L2 penalty, by loss and scaling: a squared hinge grows faster
# than a logistic loss, and the features of tf_idf are smaller than others.
COSTS = {
    "logistic": {"naive_bayes": 1.0, "tf_idf": 10.0, "none": 1.0},
    "squared_hinge": {"naive_bayes": 0.1, "tf_idf": 1.0, "none": 0.1},
}
# What few validation texts hardly change: the factor of the weights, and what is added to them.
FIRST = (1.0, 0.05)
FIRST_SUBWORDS = (0.5, 0.01)


def learn_ngrams(
    train: EncodedTexts,
    *,
    vocabulary_size: int,
    num_classes: int,
    longest: int,
    min_count: int = 1,
    scaling: str = "naive_bayes",
    dropout: float = 0.0,
    subwords: SubwordWeights | None = None,
    kept: KeptNgrams | None = None,
) -> Ngrams:
    """A model of the n-grams of the training texts, with the weights of naive Bayes.

    Args:
        longest, scaling, dropout, subwords: see `Ngrams`.
        min_count: how often an n-gram of two or more tokens must occur in the texts.
        kept: the n-grams of a checkpoint, which stay, with their counts; None: there are none.

    Raises:
        InputError: there are too many weights for so many classes.
    """
    assert train.labels is not None
    index = NgramIndex.learn(
        lambda: ((ids, lengths) for ids, lengths, _ in labelled(train)),
        vocabulary_size,
        longest,
        min_count,
    )
    numbers = None
    if kept is not None:
        index, numbers = kept.merged(index)
    check_weights(len(index), num_classes)
    ngrams = Ngrams(
        index.keys,
        vocabulary_size=vocabulary_size,
        num_classes=num_classes,
        longest=longest,
        scaling=scaling,
        multi_label=train.labels.ndim == 2,
        dropout=dropout,
        subwords=subwords,
    )
    if kept is None or numbers is None:
        ngrams.count(labelled(train))
        return ngrams
    kept.add_counts(ngrams, numbers)
    ngrams.count(labelled(train, np.flatnonzero(~kept.counted)))
    weights = kept.effective(len(index), numbers)
    keep_learned(ngrams, weights, kept.bias, torch.tensor(kept.classes.known))
    return ngrams


def check_weights(ngrams: int, num_classes: int) -> None:
    """
    Raises:
        InputError: liblinear, which fits one class after the other, would take hours.
    """
    if num_classes > MANY_CLASSES and ngrams * num_classes > MOST_WEIGHTS:
        raise InputError(
            f"{ngrams:,} n-grams x {num_classes:,} classes are {ngrams * num_classes:,} weights, "
            f"more than {MOST_WEIGHTS:,}; try model=multi_width, a network without n-grams, or "
            "model.ngrams=1 text.max_vocabulary=5000"
        )


def labelled(
    texts: EncodedTexts, some: np.ndarray | None = None
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """The ids, lengths and labels of texts in batches, shortest texts first.

    Args:
        some: rows of these texts; None: all.
    """
    for rows in sorted_batches(texts.lengths, BATCH_SIZE, SCORED_TOKENS, some):
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
    known: Tensor | None = None,
    seed: int = 0,
) -> None:
    """Train the weights of an n-gram model by liblinear.

    Args:
        ngrams: as `learn_ngrams` returns it; is changed.
        loss: `squared_hinge`, as in a support vector machine, or `logistic`.
        cost: inverse strength of the L2 penalty (liblinear's C); None: see COSTS.
        class_weights: (classes,) of the texts of each class, or for label sets of the texts that
            have each label; None: all 1.
        known: (classes,) bool, the classes whose weights are those of a checkpoint: what they add
            to the logits stays, times a factor, and the texts teach what they lack; None: no class.
        seed: of the order in which liblinear visits the texts.
    """
    matrix, order = presence(ngrams, train)
    earlier = None if known is None else earlier_logits(ngrams, matrix, known)
    fitted = fit_classes(
        matrix,
        ngrams.scales().numpy(),
        *labels_and_weights(train, order),
        num_classes=ngrams.num_classes,
        normalized=ngrams.scaling == "tf_idf",
        loss=loss,
        cost=COSTS[loss][ngrams.scaling] if cost is None else cost,
        class_weights=class_weights,
        targets=None if train.targets is None else train.targets[order],
        earlier=earlier,
        seed=seed,
    )
    weight, bias, factors = fitted
    weight[PADDING] = 0.0
    with torch.no_grad():
        if known is not None:
            weight += factors * ngrams.table.weight
            bias += factors * ngrams.bias
        ngrams.table.weight.copy_(weight)
        ngrams.bias.copy_(bias)


def earlier_logits(ngrams: Ngrams, matrix: "csr_matrix", known: Tensor) -> np.ndarray:
    """(texts, classes) float64: the logits of the texts as the weights are now, nan if not known.

    Args:
        matrix: (texts, numbers), which n-grams each text has.
        known: (classes,) bool
    """
    scales = ngrams.scales().double()
    summed = matrix @ (ngrams.table.weight.detach().double() * scales).numpy()
    if ngrams.scaling == "tf_idf":
        squares = matrix @ (scales[:, :1] ** 2).numpy()  # (texts, 1)
        summed = summed / np.sqrt(squares).clip(min=1e-12)
    logits: np.ndarray = summed + ngrams.bias.detach().double().numpy()
    logits[:, ~known.numpy()] = np.nan
    return logits


@torch.no_grad()
def calibrate(ngrams: Ngrams, validation: EncodedTexts, subwords: SubwordFit | None = None) -> None:
    """Scale the weights so that probabilities fit validation texts (Platt 2000).

    With `naive_bayes`, the same number is added to all learned weights: an n-gram that training
    left at 0 keeps a fraction of its log-count ratio. (Wang & Manning interpolate too.)

    Args:
        subwords: what the model's subwords learned.
    """
    if not len(validation):
        return
    bayes = ngrams.scaling == "naive_bayes"
    ngrams.eval()  # without dropout
    branches = [logits_of(validation, lambda batch: ngrams(batch.ids, batch.lengths))]
    first = list(FIRST[: 1 + bayes])
    if bayes:
        prior = logits_of(validation, lambda batch: ngrams.ratio_sums(batch.ids, batch.lengths))
        branches.append(prior)
    parts = ngrams.subwords
    if parts is not None and subwords is not None:
        first += FIRST_SUBWORDS[: 1 + bayes]
        for of_learned in (1.0, 0.0)[: 1 + bayes]:
            subwords.install(parts, of_learned, 1 - of_learned)
            branches.append(logits_of(validation, lambda batch: parts(batch.ids, batch.unknown)))
    labels = logits_of(validation, lambda batch: batch.labels)
    targets = None
    if validation.targets is not None:
        targets = logits_of(validation, lambda batch: batch.targets)
    weights = iter(fit_weights(branches, labels, first, targets=targets).tolist())
    rescale(ngrams, next(weights), next(weights) if bayes else 0.0)
    if parts is not None and subwords is not None:
        subwords.install(parts, next(weights), next(weights) if bayes else 0.0)


def logits_of(texts: EncodedTexts, function: Callable[[Batch], Any]) -> Tensor:
    """What a function returns for the texts (texts, ...), shortest texts first."""
    batches = map(texts.batch, sorted_batches(texts.lengths, BATCH_SIZE, SCORED_TOKENS))
    return torch.cat(list(map(function, batches)))


@torch.no_grad()
def rescale(ngrams: Ngrams, factor: float, fraction: float) -> None:
    """Multiply the learned weights and the bias by a factor, then add a fraction to the weights."""
    ngrams.table.weight.mul_(factor).add_(fraction)
    ngrams.table.weight[: len(SPECIALS)] = 0.0
    ngrams.bias.mul_(factor)
    ngrams.calibration.copy_(torch.tensor([factor, fraction]))


def labels_and_weights(texts: EncodedTexts, order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The labels of texts in this order, and how much each text counts: (texts,) float64."""
    assert texts.labels is not None
    weights = np.ones(len(texts)) if texts.weights is None else texts.weights.astype(np.float64)
    return texts.labels[order], weights[order]


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
