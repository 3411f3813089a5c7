"""Tables of 64-bit keys in forms that ONNX has."""

import torch
from torch import Tensor, nn

from textcnn.models.layers.hash_table import NO_NUMBER
from textcnn.models.ngrams.index import NgramIndex
from textcnn.text.subwords import BASE, LONGEST, POSITIVE, SHORTEST

NO_CHARACTER = -1  # after a word's end
SIGNED_BASE = int(BASE) - 2**64  # the same factor in the signed arithmetic of 64 bits, which wraps


class Buckets:
    """The number of each key, as `HashTable`: all keys of a bucket are compared at once.

    The bucket of a key is its remainder.
    """

    def __init__(self, keys: Tensor, first_number: int):
        """
        Args:
            keys: (keys,) int64, at least 0, all different.
        """
        count = len(keys) | 1  # buckets; odd, as an even number would ignore how keys begin
        buckets = keys % count
        order = buckets.argsort(stable=True)
        sizes = buckets.bincount(minlength=count)
        self.keys = keys[order]
        self.numbers = (order + first_number).int()
        self.starts = (sizes.cumsum(0) - sizes).int()  # (buckets,)
        self.inner = torch.arange(int(sizes.max()))  # places in a bucket

    def look_up(self, keys: Tensor) -> Tensor:
        """The number of each key, NO_NUMBER for an unknown one; int64, of the shape of `keys`."""
        if not len(self.keys):
            return torch.zeros_like(keys)
        starts = self.starts[keys % len(self.starts)]
        # beyond the end of a bucket are the keys of others, which differ
        places = (starts[..., None] + self.inner).clamp(max=len(self.keys) - 1)
        found = self.keys[places] == keys[..., None]
        return (self.numbers[places] * found).sum(dim=-1)


class BucketIndex(NgramIndex):
    """An index of n-grams whose keys are in buckets."""

    def __init__(self, keys: Tensor, vocabulary_size: int, longest: int):
        super().__init__(keys, vocabulary_size, longest)
        self.table = Buckets(keys, vocabulary_size)  # now: tracing must not see how it is made


class SubwordRows(nn.Module):
    """The rows of a `SubwordTable`, for words that come as characters."""

    weight: Tensor

    def __init__(self, keys: Tensor, weight: Tensor):
        """
        Args:
            keys: (subwords,) int64, see `Subwords`.
            weight: (1 + subwords, dim); row 0 is zero.
        """
        super().__init__()
        self.table = Buckets(keys, 1)
        self.register_buffer("weight", weight)

    def sums(self, characters: Tensor) -> tuple[Tensor, Tensor]:
        """
        Args:
            characters: (words, longest) int64: the code points of each word between < and >,
                NO_CHARACTER after its end.

        Returns:
            sums: (words, dim), of the rows of each word's subwords.
            known: (words, 1) int64, how many of a word's subwords have a row.
        """
        words, longest = characters.shape
        ends = characters.new_full((words, LONGEST - 1), NO_CHARACTER)
        around = torch.cat([characters, ends], dim=1)  # (words, longest + LONGEST - 1)
        key = torch.zeros_like(characters)
        sums = self.weight.new_zeros(words, self.weight.shape[1])
        known = characters.new_zeros(words, 1)
        for length in range(1, LONGEST + 1):
            last = around[:, length - 1 : length - 1 + longest]
            key = key * SIGNED_BASE + last
            if length < SHORTEST:
                continue
            # one length at a time: the rows of all would take a lot of memory
            numbers = self.table.look_up(key & int(POSITIVE)) * (last != NO_CHARACTER)
            sums = sums + self.weight[numbers].sum(dim=1)
            known = known + (numbers != NO_NUMBER).sum(dim=1, keepdim=True)
        return sums, known
