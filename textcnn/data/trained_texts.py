"""What a classifier was trained on: hashes of its texts, which checkpoints hold, and what it knows.

Scores on such texts say how well they are remembered. A hash doesn't tell its text, but whoever has
a text can find out whether it was among them.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from textcnn.text.vocabulary import Vocabulary

MOST_HASHES = 1_000_000  # 8 MB


@dataclass(frozen=True)
class TrainedTexts:
    """Hashes of the training texts; of very many, those with the smallest hashes.

    Hashes are evenly spread, so the smallest are a random sample of the texts (Broder 1997).
    """

    hashes: np.ndarray  # (hashes,) uint64, sorted, see `hash_texts`
    count: int  # different texts in training

    @classmethod
    def of(cls, text_hashes: np.ndarray, *, most: int = MOST_HASHES) -> "TrainedTexts":
        """
        Args:
            text_hashes: (texts,) uint64
            most: hashes that are kept.
        """
        hashes = np.unique(text_hashes)
        return cls(hashes[:most], len(hashes))

    def joined(self, other: "TrainedTexts", *, most: int = MOST_HASHES) -> "TrainedTexts":
        """The texts of two trainings.

        Their number counts a text twice that both had but of which only one kept the hash.
        """
        both = len(np.intersect1d(self.hashes, other.hashes))
        known = [each.hashes[-1] for each in (self, other) if each.count > len(each.hashes)]
        hashes = np.union1d(self.hashes, other.hashes)
        if known:  # beyond the smaller limit not all hashes are known
            hashes = hashes[hashes <= min(known)]
        return TrainedTexts(hashes[:most], self.count + other.count - both)

    def as_tensors(self) -> dict[str, Tensor]:
        # torch computes little with uint64
        hashes = torch.from_numpy(self.hashes.view(np.int64))
        return {"hashes": hashes, "count": torch.tensor([self.count])}

    @classmethod
    def of_tensors(cls, tensors: dict[str, Tensor]) -> "TrainedTexts":
        """
        Raises:
            KeyError, ValueError: the tensors are not those of `as_tensors`.
        """
        hashes, count = tensors["hashes"], tensors["count"]
        fits = all(each.dtype == torch.int64 and each.dim() == 1 for each in (hashes, count))
        if not fits or len(count) != 1 or not 0 < len(hashes) <= int(count):
            raise ValueError("the hashes of the training texts are not those that training writes")
        return cls(np.sort(hashes.numpy().view(np.uint64)), int(count))

    def find(self, text_hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which of these texts were in training, and of which that is known.

        Args:
            text_hashes: (texts,) uint64

        Returns:
            seen, known: (texts,) bool each.
        """
        seen = np.isin(text_hashes, self.hashes)
        if self.count == len(self.hashes):
            return seen, np.ones(len(text_hashes), bool)
        return seen, text_hashes <= self.hashes[-1]


@dataclass(frozen=True)
class Known:
    """Classes, tokens and texts of a training, for a run that starts from it."""

    labels: tuple[str, ...]  # the classes, by their own names
    tokens: tuple[str, ...]  # of the training texts, without the specials
    more_tokens: tuple[str, ...] = ()  # that no text had: pretrained vectors know them
    texts: TrainedTexts | None = None  # None: unknown

    def with_new(self, learned: Vocabulary, most: int | None) -> Vocabulary:
        """The known tokens, then those of new texts.

        Args:
            learned: the vocabulary of the new texts, the most frequent token first.
            most: limit of tokens in all; the known ones stay in any case.
        """
        new = [token for token in learned.known_tokens if token not in self.token_set]
        if most is not None:
            new = new[: max(most - len(self.tokens), 0)]
        return Vocabulary([*self.tokens, *new])

    @cached_property
    def token_set(self) -> frozenset[str]:
        return frozenset(self.tokens)

    def has_text(self, text_hashes: np.ndarray) -> np.ndarray:
        """(texts,) bool: which texts were in the earlier training, as far as that is known."""
        if self.texts is None:
            return np.zeros(len(text_hashes), bool)
        return self.texts.find(text_hashes)[0]
