"""Tables of 64-bit keys in forms that ONNX has."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from textcnn.models.layers.hash_table import NO_KEY, NO_NUMBER
from textcnn.models.ngrams.index import NgramIndex
from textcnn.text.subwords import BASE, LONGEST, POSITIVE, SHORTEST

NO_CHARACTER = -1  # follows each word
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
        largest = int(sizes.max())
        self.inner = torch.arange(largest)  # places in a bucket
        # all as columns, so that the operator Gather looks them up
        self.starts = (sizes.cumsum(0) - sizes).int()[:, None]  # (buckets, 1)
        # behind the last bucket, too, are as many keys as a bucket may have
        self.keys = F.pad(keys[order], (0, largest), value=NO_KEY)[:, None]
        numbers = F.pad((order + first_number).int(), (0, largest), value=NO_NUMBER)
        self.numbers = numbers[:, None]

    def look_up(self, keys: Tensor) -> Tensor:
        """The number of each key, NO_NUMBER for an unknown one; int64, of the shape of `keys`."""
        starts = F.embedding(keys % len(self.starts), self.starts)
        # beyond the end of a bucket are the keys of others, which differ
        places = starts + self.inner  # (..., largest bucket)
        found = F.embedding(places, self.keys)[..., 0] == keys[..., None]
        return (F.embedding(places, self.numbers)[..., 0] * found).sum(dim=-1)


class BucketIndex(NgramIndex):
    """An index of n-grams whose keys are in buckets."""

    def __init__(self, keys: Tensor, vocabulary_size: int, longest: int):
        super().__init__(keys, vocabulary_size, longest)
        # now: tracing must not see how it is made
        self.table = Buckets(keys, vocabulary_size)  # type: ignore[assignment]


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

    def sums(self, characters: Tensor, offsets: Tensor) -> tuple[Tensor, Tensor]:
        """
        Args:
            characters: (characters,) int64: the code points of all words, each between < and >, and
                NO_CHARACTER after it.
            offsets: (words + 1,) int64: where each word begins, and their end.

        Returns:
            sums: (words, dim), of the rows of each word's subwords.
            known: (words, 1) int64, how many of a word's subwords have a row.
        """
        around = F.pad(characters, (0, 2 * LONGEST), value=NO_CHARACTER)
        places = characters.shape[0] + LONGEST
        key = torch.zeros_like(around[:places])
        inside = key == 0  # whether all characters so far are of one word
        rows = self.weight.new_zeros(places, self.weight.shape[1])
        known = key.new_zeros(places)
        for length in range(1, LONGEST + 1):
            last = around[length - 1 : length - 1 + places]
            key = key * SIGNED_BASE + last
            inside = inside & (last != NO_CHARACTER)
            if length >= SHORTEST:
                numbers = self.table.look_up(key & int(POSITIVE)) * inside
                rows = rows + F.embedding(numbers, self.weight)
                known = known + (numbers != NO_NUMBER)
        return between(rows, offsets), between(known[:, None], offsets)


def between(rows: Tensor, offsets: Tensor) -> Tensor:
    """(words, dim): the sum of the rows (places, dim) from each offset to the next."""
    exact = rows.double() if rows.is_floating_point() else rows  # differences of large sums
    before = F.pad(exact.cumsum(dim=0), (0, 0, 1, 0))
    return (before[offsets[1:]] - before[offsets[:-1]]).to(rows.dtype)
