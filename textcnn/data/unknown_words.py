"""Words outside the vocabulary, for models that know their subwords."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from textcnn.text.subwords import Subwords, subwords_of
from textcnn.text.vocabulary import UNKNOWN


@dataclass(frozen=True)
class UnknownWords:
    """The unknown words of a batch: which word each UNKNOWN id stands for."""

    words: Tensor  # (unknown tokens,) int64: the word of each, from text to text
    keys: Tensor  # (subwords of all words,) int64
    offsets: Tensor  # (words + 1,) int64: word i has keys[offsets[i] : offsets[i + 1]]

    def __len__(self) -> int:
        """The number of words."""
        return len(self.offsets) - 1

    def number(self, ids: Tensor, first: int | Tensor) -> Tensor:
        """The ids (batch, time), with first + word where they are UNKNOWN."""
        return ids.masked_scatter(ids == UNKNOWN, self.words + first)

    def of_texts(self, ids: Tensor, chosen: Tensor) -> "UnknownWords":
        """The unknown words of some texts of the batch.

        Args:
            ids: (batch, time)
            chosen: (batch,) bool
        """
        text = (ids == UNKNOWN).nonzero()[:, 0]  # of each unknown token
        return replace(self, words=self.words[chosen[text]])

    def to(self, device: torch.device) -> "UnknownWords":
        return UnknownWords(*(each.to(device) for each in (self.words, self.keys, self.offsets)))


@dataclass(frozen=True)
class UnknownTokens:
    """The unknown words of encoded texts."""

    words: np.ndarray  # (unknown tokens,) int32: the word of each, from text to text
    subwords: Subwords  # of each word

    def select(self, chosen: np.ndarray) -> UnknownWords:
        """The words of some unknown tokens, with their subwords."""
        words, places = np.unique(self.words[chosen], return_inverse=True)
        keys, offsets = self.subwords.select(words)
        return UnknownWords(*map(torch.from_numpy, (places.astype(np.int64), keys, offsets)))


def unknown_tokens(tokens: Sequence[str], ids: np.ndarray, places: np.ndarray) -> UnknownTokens:
    """The unknown words of texts.

    Args:
        tokens: a table, which may repeat tokens.
        ids: (table,) int32, the id of each token.
        places: (all tokens of the texts,) int32, indices into the table.
    """
    unknown = ids == UNKNOWN  # (table,)
    numbers: dict[str, int] = {}
    words = np.zeros(len(ids), np.int32)  # (table,)
    for place in np.flatnonzero(unknown).tolist():
        words[place] = numbers.setdefault(tokens[place], len(numbers))
    return UnknownTokens(words[places[unknown[places]]], subwords_of(list(numbers)))
