"""Trains the weights of subwords: a linear classifier over the character n-grams of words."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from textcnn.data.batching import EncodedTexts
from textcnn.models.ngrams.ngrams import log_total_ratio
from textcnn.models.ngrams.subword_weights import SubwordWeights
from textcnn.text.subwords import Subwords, subwords_of
from textcnn.text.vocabulary import SPECIALS, UNKNOWN, Vocabulary
from textcnn.training.growing.ngrams import KeptNgrams
from textcnn.training.ngrams.liblinear import fit_classes
from textcnn.training.subwords.matrix import shared_keys, subword_matrix

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

MOST_TEXTS = 0.5  # the share of texts that may have a subword
COST = 0.01  # the inverse strength of the L2 penalty


@dataclass(frozen=True)
class SubwordFit:
    """What was learned, before validation chooses how much it counts."""

    known: Subwords  # of the words of the vocabulary
    learned: Tensor  # (subwords, classes)
    ratios: Tensor  # (subwords, classes), those of naive Bayes; zeros without them
    bias: Tensor  # (classes,)

    def install(self, weights: SubwordWeights, factor: float, fraction: float) -> None:
        """Set the weights to what was learned times a factor, plus a fraction of the ratios."""
        summed = factor * self.learned + fraction * self.ratios
        weights.set_weights(summed, factor * self.bias, self.known)
        weights.calibration.copy_(torch.tensor([factor, fraction]))


def learn_subwords(
    train: EncodedTexts,
    vocabulary: Vocabulary,
    num_classes: int,
    kept: KeptNgrams | None = None,
) -> SubwordWeights:
    """The subwords of the training texts, without weights.

    Args:
        kept: the linear model of a checkpoint, whose subwords stay; None: there is none.
    """
    occurs = np.bincount(train.ids, minlength=len(vocabulary)) > 0
    seen = [vocabulary.tokens[id] for id in np.flatnonzero(occurs) if id >= len(SPECIALS)]
    keys = subwords_of(seen).keys
    if train.unknown is not None:
        keys = np.concatenate([keys, train.unknown.subwords.keys])
    shared = shared_keys(keys)
    if kept is not None and kept.subwords is not None:
        shared = torch.unique(torch.cat([shared, kept.subwords.keys]))
    return SubwordWeights(
        shared,
        vocabulary_size=len(vocabulary),
        num_classes=num_classes,
    )


def fit_subwords(
    weights: SubwordWeights,
    train: EncodedTexts,
    vocabulary: Vocabulary,
    *,
    scaling: str,
    loss: str,
    class_weights: Tensor | None = None,
    kept: KeptNgrams | None = None,
    seed: int = 0,
) -> SubwordFit:
    """Learn the weights of subwords by liblinear.

    Args:
        weights: as `learn_subwords` returns it.
        scaling: see `Ngrams`: naive_bayes or none.
        loss, class_weights, seed: see `fit_classes`.
        kept: see `learn_subwords`; what its subwords add to the logits stays, times a factor.
    """
    assert train.labels is not None
    known = subwords_of(vocabulary.known_tokens)
    matrix = counted_subwords(weights, train, known)  # (texts, subwords)
    labels, num_classes = train.labels, weights.words.shape[1]
    if scaling == "naive_bayes":
        scales = ratios_of(matrix, labels, num_classes)
    else:
        scales = np.ones((matrix.shape[1], 1), np.float32)
    texts = np.ones(len(train)) if train.weights is None else train.weights.astype(np.float64)
    before, known_bias, earlier = None, None, None
    if kept is not None and kept.subwords is not None:
        before, known_bias = kept.subword_weights(weights.keys)
        earlier = matrix @ before.double().numpy() + known_bias.double().numpy()
        earlier[:, [not known for known in kept.classes.known]] = np.nan
    learned, bias, factors = fit_classes(
        matrix,
        scales,
        labels,
        texts,
        num_classes=num_classes,
        loss=loss,
        cost=COST,
        class_weights=class_weights,
        targets=train.targets,
        earlier=earlier,
        seed=seed,
    )
    ratios = torch.from_numpy(scales)
    prior = ratios if scaling == "naive_bayes" else torch.zeros(())
    learned = learned * ratios
    if before is not None and known_bias is not None:
        learned, bias = learned + factors * before, bias + factors * known_bias
    return SubwordFit(known, learned, prior, bias)


def counted_subwords(weights: SubwordWeights, train: EncodedTexts, known: Subwords) -> "csr_matrix":
    """How many distinct words of each text have each subword: (texts, subwords) float32."""
    from scipy.sparse import csr_matrix, vstack

    vocabulary_size = len(weights.words)
    columns = train.ids.copy()  # the matrix sorts them
    if train.unknown is not None:
        columns[columns == UNKNOWN] = vocabulary_size + train.unknown.words
    lists = [known] if train.unknown is None else [known, train.unknown.subwords]
    counts = vstack([subword_matrix(weights, each) for each in lists])
    words = csr_matrix(
        (np.ones(len(columns), np.float32), columns, train.offsets),
        shape=(len(train), vocabulary_size + counts.shape[0] - len(known.offsets) + 1),
    )
    words.sum_duplicates()
    words.data[:] = 1.0
    return without_frequent(words[:, len(SPECIALS) :] @ counts)


def without_frequent(matrix: "csr_matrix") -> "csr_matrix":
    """Without the numbers of the subwords that are in most texts.

    They tell classes apart least, and long texts have thousands of them.
    """
    from scipy.sparse import csr_matrix

    texts = np.bincount(matrix.indices, minlength=matrix.shape[1])  # of each subword
    rare = texts <= MOST_TEXTS * matrix.shape[0]
    if rare.all():
        return matrix
    kept = rare[matrix.indices]
    offsets = np.concatenate([[0], np.cumsum(kept)])[matrix.indptr]
    numbers = (matrix.data[kept], matrix.indices[kept], offsets)
    return csr_matrix(numbers, shape=matrix.shape)


def ratios_of(matrix: "csr_matrix", labels: np.ndarray, num_classes: int) -> np.ndarray:
    """The log-count ratios of subwords: (subwords, classes) float32, 0 for those of no text."""
    single = labels.ndim == 1
    of_class = (
        np.eye(num_classes, dtype=np.float32)[labels] if single else labels.astype(np.float32)
    )
    counts = torch.from_numpy(matrix.T @ of_class)  # (subwords, classes)
    every = torch.from_numpy(np.asarray(matrix.sum(axis=0))).T  # (subwords, 1)
    others = every - counts
    logs = counts.log1p() - others.log1p() - log_total_ratio(counts, others)
    ratios: np.ndarray = logs.masked_fill(every == 0, 0.0).numpy()
    return ratios
