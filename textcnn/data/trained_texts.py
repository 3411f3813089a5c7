"""Which texts a classifier was trained on: their hashes, which checkpoints hold.

Scores on such texts say how well they are remembered. A hash doesn't tell its text, but whoever has
a text can find out whether it was among them.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

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
