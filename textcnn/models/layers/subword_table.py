"""Sums of rows over the subwords of words."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from textcnn.models.layers.hash_table import HashTable
from textcnn.models.layers.memo import Memo

NOWHERE = 0  # the row of subwords that are not in the table


class SubwordTable(nn.Module):
    """A row of numbers for each subword that it knows; not trained by gradients."""

    keys: Tensor
    weight: Tensor

    def __init__(self, keys: Tensor, dim: int):
        """
        Args:
            keys: (subwords,) int64, see `Subwords`; ascending.
            dim: numbers in a row.
        """
        super().__init__()
        self.register_buffer("keys", keys)
        # one row of zeros, then the subwords
        self.register_buffer("weight", torch.zeros(1 + len(keys), dim))
        self.memo = Memo()

    def numbers(self, keys: Tensor) -> Tensor:
        """The row of each subword in `weight`, NOWHERE for unknown ones; of the shape of `keys`."""
        table: HashTable = self.memo.get("table", [self.keys], lambda: HashTable(self.keys, 1))
        return table.look_up(keys)

    def sums(self, keys: Tensor, offsets: Tensor) -> Tensor:
        """(words, dim): the sum of the rows of each word's subwords.

        Args:
            keys, offsets: as those of `Subwords`.
        """
        return F.embedding_bag(
            self.numbers(keys), self.weight, offsets, mode="sum", include_last_offset=True
        )

    def means(self, keys: Tensor, offsets: Tensor) -> Tensor:
        """(words, dim): the mean row of those of a word's subwords that are known; 0 without any.

        Args:
            keys, offsets: as those of `Subwords`.
        """
        numbers = self.numbers(keys)
        # with padding_idx PyTorch takes ten times as long; the row of NOWHERE is zero anyway
        sums = F.embedding_bag(numbers, self.weight, offsets, mode="sum", include_last_offset=True)
        before = F.pad((numbers != NOWHERE).cumsum(dim=0), (1, 0))[offsets]  # known subwords
        return sums / before.diff()[:, None].clamp(min=1)
