"""Pooling: how features at all positions of a text are reduced to a fixed-size vector.

Positions after a text's end are never pooled. Where a pooling has more places than a text has
positions, the remaining places are 0.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from textcnn.models.layers.features import Features, full_precision
from textcnn.models.layers.k_max import k_max

Pooled = tuple[Tensor, Tensor | None]  # (batch, channels x factor), and the winning positions


class Pooling(nn.Module):
    """Reduces each channel to `factor` numbers.

    `commutes`: pooling may come before an activation that never decreases.
    """

    factor: int = 1
    commutes: bool = False
    ignores_positions: bool = False  # the result depends only on the set or number of features

    def forward(self, features: Features) -> Pooled:
        """
        Returns:
            pooled: (batch, channels x factor), the numbers of a channel adjacent.
            winners: the position of each number: the same shape, int64, the first of equal
                features, -1 for an empty place. None if all positions contribute.
        """
        raise NotImplementedError


class MaxPooling(Pooling):
    """The largest feature of each channel (max over time, Collobert 2011)."""

    commutes = True
    ignores_positions = True

    def forward(self, features: Features) -> Pooled:
        if features._known.disposable and not features.full:  # a copy would cost most memory
            values = features.values.masked_fill_(features.outside, -torch.inf)
        else:
            values = features.filled(-torch.inf)
        pooled, winners = values.max(dim=2)
        return pooled, winners


class KMaxPooling(Pooling):
    """The k largest features of each channel, in text order (Kalchbrenner 2014)."""

    def __init__(self, k: int):
        super().__init__()
        self.factor = k

    def forward(self, features: Features) -> Pooled:
        k = torch.full_like(features.lengths, self.factor)
        kept, positions = k_max(features, k, self.factor)
        return kept.values.flatten(1), positions.masked_fill(kept.outside, -1).flatten(1)


class ChunkMaxPooling(Pooling):
    """The largest feature in each of P equal chunks of a text (piecewise max pooling, Zeng 2015).

    Position p of n belongs to chunk p x P // n. A text with fewer positions than chunks leaves some
    chunks empty.
    """

    def __init__(self, chunks: int):
        super().__init__()
        self.factor = chunks

    def forward(self, features: Features) -> Pooled:
        values = features.values
        _, channels, time = values.shape
        chunk = torch.arange(self.factor, device=values.device)
        # the first p with p x P // n = chunk or more: chunk x n / P, rounded up
        first = (chunk * features.lengths[:, None] + self.factor - 1) // self.factor
        # (batch, chunks); a chunk has at most `width` positions: gather them, then one maximum
        last = torch.cat([first[:, 1:], features.lengths[:, None]], dim=1)
        width = (time + self.factor - 1) // self.factor
        inner = first[..., None] + torch.arange(width, device=values.device)
        outside = inner >= last[..., None]  # (batch, chunks, width)
        index = inner.clamp(max=time - 1).flatten(1)[:, None].expand(-1, channels, -1)
        chunks = values.gather(2, index).unflatten(2, (self.factor, width))
        # (batch, channels, chunks)
        pooled, place = chunks.masked_fill(outside[:, None], -torch.inf).max(dim=3)
        empty = (first == last)[:, None]  # (batch, 1, chunks)
        winners = (first[:, None] + place).masked_fill(empty, -1)
        return pooled.masked_fill(empty, 0.0).flatten(1), winners.flatten(1)


class MeanPooling(Pooling):
    """The mean over all positions."""

    ignores_positions = True

    def forward(self, features: Features) -> Pooled:
        sums = full_precision(features.zeroed().values).sum(dim=2)
        return sums / features.lengths[:, None], None


class SumPooling(Pooling):
    """The sum over all positions."""

    ignores_positions = True

    def forward(self, features: Features) -> Pooled:
        return full_precision(features.zeroed().values).sum(dim=2), None


class AttentionPooling(Pooling):
    """A mean with learned weights: softmax over positions of v · tanh(W h + b) (Yang 2016)."""

    ignores_positions = True

    def __init__(self, channels: int):
        super().__init__()
        self.project = nn.Linear(channels, channels)
        self.score = nn.Linear(channels, 1, bias=False)  # the softmax would cancel a bias

    def multiply_adds(self, positions: int) -> int:
        """Multiply-adds for projection, scores and weighted mean."""
        channels = self.project.in_features
        return positions * (channels * channels + 2 * channels)

    def forward(self, features: Features) -> Pooled:
        features = features.zeroed()
        values = features.values.transpose(1, 2)  # (batch, time, channels)
        return (self.weights(features)[:, None] @ values)[:, 0], None

    def weights(self, features: Features) -> Tensor:
        """(batch, time): the weight of each position in the mean; they add up to 1.

        Args:
            features: zero after a text's end.
        """
        values = features.values.transpose(1, 2)  # (batch, time, channels)
        scores = self.score(torch.tanh(self.project(values)))[..., 0]  # (batch, time)
        scores = full_precision(scores).masked_fill(features.outside[:, 0], -torch.inf)
        return scores.softmax(dim=1)


class FlattenPooling(Pooling):
    """All features of a frame of fixed length, side by side (Zhang 2015)."""

    def __init__(self, frames: int):
        """
        Args:
            frames: positions of the frame.
        """
        super().__init__()
        self.factor = frames

    def forward(self, features: Features) -> Pooled:
        values = features.zeroed().values[..., : self.factor]
        return F.pad(values, (0, self.factor - values.shape[2])).flatten(1), None
