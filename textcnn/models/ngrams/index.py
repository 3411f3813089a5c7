"""The n-grams that a model knows, each with a number."""

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from textcnn.models.layers.hash_table import NO_KEY, HashTable
from textcnn.text.vocabulary import PADDING, UNKNOWN

# Keys that are collected before repeated ones are merged: 256 MB.
COLLECTED = 2**25

Texts = Iterable[tuple[Tensor, Tensor]]  # ids (batch, time) and lengths (batch,)


class NgramIndex:
    """Numbers n-grams of token ids.

    The number of a single token is its id. The number of a longer n-gram is `vocabulary_size` plus
    its place in `keys`. Its key is the number of all but its last token, times `vocabulary_size`,
    plus the last token: so n-grams of any length have keys of 64 bits.

    PADDING stands for the start and the end of a text, which n-grams of two or more tokens may
    contain. An n-gram with an unknown token has no number.
    """

    def __init__(self, keys: Tensor, vocabulary_size: int, longest: int):
        """
        Args:
            keys: (longer n-grams,) int64, all different.
            longest: maximum number of tokens in an n-gram.
        """
        self.keys = keys
        self.vocabulary_size = vocabulary_size
        self.longest = longest

    def __len__(self) -> int:
        """How many numbers there are, those of padding and unknown included."""
        return self.vocabulary_size + len(self.keys)

    @classmethod
    def learn(
        cls,
        texts: Callable[[], Texts],
        vocabulary_size: int,
        longest: int,
        min_count: int = 1,
        *,
        collected: int = COLLECTED,
    ) -> "NgramIndex":
        """The n-grams of texts.

        Args:
            texts: returns all texts in batches; called once for each length.
            min_count: how often a longer n-gram must occur.
            collected: keys that are in memory before repeated ones are merged.
        """
        keys = torch.empty(0, dtype=torch.int64)
        for length in range(2, longest + 1):
            index = cls(keys, vocabulary_size, length)
            counted = Counted(collected)
            for ids, lengths in texts():
                for last in index.keys_by_length(ids, lengths):
                    counting = last
                counted.add(counting[counting != NO_KEY].numpy())
            keys = torch.cat([keys, torch.from_numpy(counted.at_least(min_count))])
        return cls(keys, vocabulary_size, longest)

    def is_sound(self) -> bool:
        """Whether the keys are as `learn` makes them: shorter n-grams first, each length ascending,
        none longer than `longest`, and each begun by the number of a shorter one."""
        before = self.keys // self.vocabulary_size
        start, first, tokens = 0, 0, 2  # of the keys, and of the numbers, of one length
        while start < len(self.keys) and tokens <= self.longest:
            shorter = self.vocabulary_size if tokens == 2 else self.vocabulary_size + start
            inside = (before[start:] >= first) & (before[start:] < shorter)
            count = int(inside.long().cumprod(dim=0).sum())  # keys of this length
            keys = self.keys[start : start + count]
            if not count or not bool((keys[1:] > keys[:-1]).all()):
                return False
            start, first, tokens = start + count, shorter, tokens + 1
        return start == len(self.keys)

    def tokens(self, number: int) -> list[int]:
        """The ids of an n-gram, PADDING for the start and the end of a text."""
        later: list[int] = []
        while number >= self.vocabulary_size:  # ends: a key begins with a smaller number
            number, last = divmod(
                int(self.keys[number - self.vocabulary_size]), self.vocabulary_size
            )
            later.append(last)
        return [number, *reversed(later)]

    def numbers(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """The distinct n-grams of each text.

        Args:
            ids: (batch, time) int64, PADDING after a text's end.
            lengths: (batch,) int64

        Returns:
            (batch, places) int64: the numbers of each text, ascending; PADDING at free places.
        """
        if not ids.shape[1]:  # all texts are empty; PyTorch sums no bags of no places
            return torch.full((len(ids), 1), PADDING, device=ids.device)
        single = ids.masked_fill(ids == UNKNOWN, PADDING)
        longer = [self.table.look_up(keys) for keys in self.keys_by_length(ids, lengths)]
        return distinct(torch.cat([single, *longer], dim=1), len(self))

    def keys_by_length(self, ids: Tensor, lengths: Tensor) -> Iterator[Tensor]:
        """The keys of all n-grams of two tokens, then of three, and so on.

        Yields:
            (batch, time + 3 - tokens) int64, NO_KEY where the text has no n-gram that may be known.
        """
        around = F.pad(ids, (1, 1), value=PADDING)  # (batch, time + 2): the start, text and end
        end = (lengths + 1).where(lengths > 0, -1)[:, None]  # an empty text has no n-gram
        place = torch.arange(around.shape[1], device=ids.device)
        before = around  # the numbers of the n-grams that are one token shorter
        for tokens in range(2, self.longest + 1):
            last = around[:, tokens - 1 :]
            before = before[:, : last.shape[1]]
            # the start of a text is the only n-gram with the number of padding
            possible = before != UNKNOWN if tokens == 2 else before != PADDING
            possible &= (last != UNKNOWN) & (place[tokens - 1 :] <= end)
            keys = (before * self.vocabulary_size + last).masked_fill(~possible, NO_KEY)
            yield keys
            if tokens < self.longest:
                before = self.table.look_up(keys)

    @cached_property
    def table(self) -> HashTable:
        """The number of each key; PADDING, no number, for an unknown one."""
        return HashTable(self.keys, self.vocabulary_size)


class Counted:
    """Counts equal keys, a limited number of them at a time."""

    def __init__(self, collected: int):
        self.collected = collected
        self.keys, self.counts = np.empty(0, np.int64), np.empty(0, np.int64)
        self.waiting: list[np.ndarray] = []

    def add(self, keys: np.ndarray) -> None:
        self.waiting.append(keys)
        if sum(map(len, self.waiting)) >= self.collected:
            self.merge()

    def merge(self) -> None:
        new, counts = np.unique(np.concatenate([*self.waiting, self.keys[:0]]), return_counts=True)
        self.waiting = []
        keys = np.concatenate([self.keys, new])
        self.keys, places = np.unique(keys, return_inverse=True)
        weights = np.concatenate([self.counts, counts])
        self.counts = np.bincount(places, weights, len(self.keys)).astype(np.int64)

    def at_least(self, count: int) -> np.ndarray:
        """The keys that were added that often, ascending."""
        self.merge()
        kept: np.ndarray = self.keys[self.counts >= count]
        return kept


def distinct(numbers: Tensor, limit: int) -> Tensor:
    """Each row sorted, with PADDING, the smallest number, in place of repeated ones.

    Args:
        numbers: (batch, places) int64, below `limit`.
    """
    if numbers.device.type == "cpu" and limit < 2**31:
        # NumPy sorts numbers of 32 bits twenty times as fast as PyTorch
        ordered = torch.from_numpy(np.sort(numbers.numpy().astype(np.int32), axis=1)).long()
    else:
        ordered = numbers.sort(dim=1).values
    repeated = F.pad(ordered[:, 1:] == ordered[:, :-1], (1, 0))
    return ordered.masked_fill_(repeated, PADDING)
