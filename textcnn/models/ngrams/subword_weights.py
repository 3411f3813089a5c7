"""What the subwords of words add to the logits of n-grams."""

import torch
import torch.nn.functional as F
from torch import Tensor

from textcnn.data.unknown_words import UnknownWords
from textcnn.models.layers.subword_table import SubwordTable
from textcnn.models.ngrams.index import distinct
from textcnn.text.subwords import Subwords
from textcnn.text.vocabulary import PADDING, SPECIALS, UNKNOWN


class SubwordWeights(SubwordTable):
    """A linear classifier over the subwords of each distinct word of a text.

    A word adds the sum of the weights of its subwords. So words of the vocabulary have one row each
    that is computed once, and an unknown word is weighed by those of its subwords that are known.
    """

    words: Tensor
    bias: Tensor
    calibration: Tensor

    def __init__(self, keys: Tensor, *, vocabulary_size: int, num_classes: int):
        """
        Args:
            keys: (subwords,) int64, see `Subwords`; ascending.
        """
        super().__init__(keys, num_classes)
        self.register_buffer("words", torch.zeros(vocabulary_size, num_classes))
        self.register_buffer("bias", torch.zeros(num_classes))
        # what validation chose: the factor of the learned weights, and that of naive Bayes
        self.register_buffer("calibration", torch.tensor([1.0, 0.0]))

    def forward(self, ids: Tensor, unknown: UnknownWords | None = None) -> Tensor:
        """Logits (batch, classes) of subwords alone.

        Args:
            ids: (batch, time) int64, PADDING after a text's end.
            unknown: the words behind UNKNOWN ids.
        """
        known = distinct(ids.masked_fill(ids == UNKNOWN, PADDING), len(self.words))
        summed = F.embedding_bag(known, self.words, mode="sum") + self.bias
        return summed if unknown is None else summed + self.unknown_sums(ids, unknown)

    def set_weights(self, weight: Tensor, bias: Tensor, known: Subwords) -> None:
        """
        Args:
            weight: (subwords, classes)
            bias: (classes,)
            known: the subwords of the words of the vocabulary, without the special tokens.
        """
        self.weight[1:] = weight
        self.bias.copy_(bias)
        self.words[len(SPECIALS) :] = self.sums(*map(torch.from_numpy, known))

    def unknown_sums(self, ids: Tensor, unknown: UnknownWords) -> Tensor:
        """What the unknown words of each text add to its logits: (batch, classes).

        Args:
            ids: (batch, time) int64
        """
        text = (ids == UNKNOWN).nonzero()[:, 0]  # of each unknown token
        words = len(unknown.offsets) - 1
        pairs = torch.unique(text * words + unknown.words)  # each word counts once in a text
        rows = self.sums(unknown.keys, unknown.offsets)[pairs % max(words, 1)]
        return rows.new_zeros(len(ids), rows.shape[1]).index_add_(0, pairs // max(words, 1), rows)
