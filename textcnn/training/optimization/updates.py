"""How an update is made of a batch: in pieces, and with clipped gradients."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from textcnn.data.batching import Batch
from textcnn.training.objectives.losses import Mass
from textcnn.training.optimization.gradients import clip_gradients


@dataclass
class UpdateRule:
    """By default a batch is one piece, and gradients are not clipped."""

    mass_of: Mass | None = None  # how much a piece counts; None: a batch is one piece
    piece_size: int | None = None  # texts per piece, at most
    piece_tokens: int | None = None  # tokens per piece, at most, including padding
    max_gradient_norm: float | None = None  # None: no clipping
    norm: float | None = None  # of the last gradient, before clipping; None: not clipped

    def pieces(self, batch: Batch) -> Iterator[tuple[Batch, float | None, bool]]:
        """The pieces of a batch, the share of each in the mean loss, and whether it is the last.

        The share is None if there is only one piece.
        """
        parts = [batch]
        if self.mass_of is not None:
            parts = batch.pieces(self.piece_size, self.piece_tokens)
        if len(parts) == 1 or self.mass_of is None:
            yield batch, None, True
            return
        masses = torch.stack([self.mass(part) for part in parts])
        shares = masses / masses.sum().clamp(min=torch.finfo(masses.dtype).tiny)
        for number, (part, share) in enumerate(zip(parts, shares.tolist(), strict=True), start=1):
            yield part, share, number == len(parts)

    def mass(self, batch: Batch) -> Tensor:
        assert self.mass_of is not None
        assert batch.labels is not None
        return self.mass_of(batch.labels, batch.weights, batch.targets)

    def clip(self, weights: Iterable[nn.Parameter]) -> None:
        """Clip the gradients, if they are to be clipped."""
        if self.max_gradient_norm is not None:
            self.norm = clip_gradients(weights, self.max_gradient_norm).item()
