"""N-grams of a checkpoint and of new texts in one linear model."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from textcnn.models.ngrams.index import NgramIndex
from textcnn.models.ngrams.ngrams import Ngrams
from textcnn.models.ngrams.subword_weights import SubwordWeights
from textcnn.training.growing.classes import ClassMap


@dataclass(frozen=True)
class KeptNgrams:
    """The linear model of a checkpoint, as a run with more n-grams and other classes has it."""

    before: Ngrams  # of the checkpoint
    rows: np.ndarray  # the new id of each token, see `Origin.token_rows`
    classes: ClassMap
    counted: np.ndarray  # (training texts,) bool, which texts the checkpoint has counted

    def merged(self, learned: NgramIndex) -> tuple[NgramIndex, Tensor]:
        """The n-grams of both, and the number there of each n-gram of the checkpoint.

        Args:
            learned: those of the new texts.
        """
        index, (numbers, _) = merge_indices(
            [
                (self.before.index, torch.from_numpy(self.rows)),
                (learned, torch.arange(learned.vocabulary_size)),
            ],
            learned.vocabulary_size,
        )
        return index, numbers

    def add_counts(self, ngrams: Ngrams, numbers: Tensor) -> None:
        """Add the counts of the checkpoint; merged classes add theirs up.

        Args:
            numbers: as of `merged`.
        """
        counts, classes = self.before.counts, len(self.before.counts.T)
        of_classes = self.classes.summed(counts[:, : self.before.num_classes])
        if classes > self.before.num_classes:  # label sets: a text may have two merged labels
            every = counts[:, -1:]
            of_classes = torch.cat([torch.minimum(of_classes, every), every], dim=1)
        ngrams.counts.index_add_(0, numbers, of_classes)
        ngrams.texts += self.before.texts

    def effective(self, count: int, numbers: Tensor) -> Tensor:
        """What each n-gram adds to the logits by the checkpoint: (count, classes) float32.

        Args:
            count: of all numbers.
            numbers: as of `merged`.
        """
        own = self.before.table.weight.detach() * self.before.scales()
        weights = torch.zeros(count, len(self.classes.names))
        weights[numbers] = self.classes.mixed(own)
        return weights

    @property
    def bias(self) -> Tensor:
        """(classes,)"""
        return self.classes.mixed_biases(self.before.bias.detach())

    @property
    def subwords(self) -> SubwordWeights | None:
        """Those of the checkpoint."""
        return self.before.subwords

    def subword_weights(self, keys: Tensor) -> tuple[Tensor, Tensor]:
        """What subwords add to the logits by the checkpoint, and their bias (classes,).

        Args:
            keys: (subwords,) of the run, ascending; those of the checkpoint are among them.

        Returns:
            weights: (subwords, classes)
        """
        before = self.before.subwords
        assert before is not None
        weights = torch.zeros(len(keys), len(self.classes.names))
        weights[torch.searchsorted(keys, before.keys)] = self.classes.mixed(before.weight[1:])
        # the bias of the n-grams has the logarithms of the numbers of merged classes already
        return weights, self.classes.mixed(before.bias)


@torch.no_grad()
def keep_learned(ngrams: Ngrams, weights: Tensor, bias: Tensor, known: Tensor) -> None:
    """Start the learned weights of known classes where the checkpoint has them.

    N-grams that are new to it start at 0 there, so that the logits are those of the checkpoint.

    Args:
        weights: (numbers, classes), as `KeptNgrams.effective` returns them.
        bias: (classes,)
        known: (classes,) bool, the classes that the checkpoint has.
    """
    kept = unscaled(weights, ngrams.scales())
    ngrams.table.weight.copy_(torch.where(known, kept, ngrams.table.weight))
    ngrams.bias.copy_(torch.where(known, bias, ngrams.bias))


def unscaled(weights: Tensor, scales: Tensor) -> Tensor:
    """The learned numbers that, times their scales, are these weights; 0 where the scale is 0."""
    return torch.where(scales == 0, torch.zeros(()), weights / scales)


def merge_indices(
    parts: list[tuple[NgramIndex, Tensor]], vocabulary_size: int
) -> tuple[NgramIndex, list[Tensor]]:
    """The n-grams of several indices in one.

    Args:
        parts: each index, and the new id of each of its tokens: (its ids,) int64.
        vocabulary_size: ids in the new index.

    Returns:
        The index, and for each part the new number of each of its n-grams.
    """
    longest = max(index.longest for index, _ in parts)
    numbers = [
        torch.cat([ids, torch.zeros(len(index.keys), dtype=torch.int64)]) for index, ids in parts
    ]
    bounds = [levels(index) for index, _ in parts]
    keys = torch.empty(0, dtype=torch.int64)
    for level in range(longest - 1):
        translated = []
        for (index, _), own, ends in zip(parts, numbers, bounds, strict=True):
            some = index.keys[ends[level] : ends[level + 1]] if level + 1 < len(ends) else keys[:0]
            before, last = some // index.vocabulary_size, some % index.vocabulary_size
            translated.append(own[before] * vocabulary_size + own[last])
        found = torch.unique(torch.cat(translated))  # ascending
        for (index, _), own, ends, some in zip(parts, numbers, bounds, translated, strict=True):
            if level + 1 < len(ends):
                first = index.vocabulary_size + ends[level]
                places = torch.searchsorted(found, some)
                own[first : first + len(some)] = vocabulary_size + len(keys) + places
        keys = torch.cat([keys, found])
    return NgramIndex(keys, vocabulary_size, longest), numbers


def levels(index: NgramIndex) -> list[int]:
    """Where the keys of each length begin, shortest first, and where the last ones end."""
    before = index.keys // index.vocabulary_size
    ends = [0]
    for _ in range(index.longest - 1):
        # the n-grams of one length begin with numbers of those that are a token shorter
        ends.append(int((before < index.vocabulary_size + ends[-1]).sum()))
    return ends
