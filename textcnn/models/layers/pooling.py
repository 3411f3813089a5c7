"""Pooling: from the features at every position of a text to so many numbers for all texts.

Positions that a text lacks are never pooled. Where a pooling has more places than a text has
positions, the rest is 0.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from textcnn.models.layers.features import Features, full_precision
from textcnn.models.layers.k_max import k_max

Pooled = tuple[Tensor, Tensor | None]  # (batch, channels x factor), and which positions won


class Pooling(nn.Module):
    """Numbers per channel: `factor`. `commutes`: with an activation that keeps the order."""

    factor: int = 1
    commutes: bool = False

    def forward(self, features: Features) -> Pooled:
        """
        Returns:
            pooled: (batch, channels x factor), the numbers of a channel side by side.
            winners: the same shape, int64: the position that each number comes from, the first of
                equals, -1 for none; None where all positions count.
        """
        raise NotImplementedError


class MaxPooling(Pooling):
    """The largest feature of each channel (max over time, Collobert 2011)."""

    commutes = True

    def forward(self, features: Features) -> Pooled:
        if features.disposable and not features.full:  # a copy is what would cost most memory
            values = features.values.masked_fill_(features.outside, -torch.inf)
        else:
            values = features.filled(-torch.inf)
        pooled, winners = values.max(dim=2)
        return pooled, winners


class KMaxPooling(Pooling):
    """The k largest features of each channel, in the order of the text (Kalchbrenner 2014)."""

    def __init__(self, k: int):
        super().__init__()
        self.factor = k

    def forward(self, features: Features) -> Pooled:
        k = torch.full_like(features.lengths, self.factor)
        kept, places = k_max(features, k, self.factor)
        return kept.values.flatten(1), places.masked_fill(kept.outside, -1).flatten(1)


class ChunkMaxPooling(Pooling):
    """The largest of each of P equal parts of a text (piecewise max pooling, Zeng 2015).

    Position p of n belongs to part p x P // n; a text with fewer positions than parts leaves some
    empty.
    """

    def __init__(self, chunks: int):
        super().__init__()
        self.factor = chunks

    def forward(self, features: Features) -> Pooled:
        values = features.values
        batch, channels, time = values.shape
        position = torch.arange(time, device=values.device)
        chunk = position * self.factor // features.lengths[:, None]  # (batch, time)
        # a part is `width` neighbours at most: gather them, then one maximum over the last axis
        first = torch.searchsorted(
            chunk, torch.arange(self.factor, device=values.device).repeat(batch, 1)
        )  # (batch, chunks)
        last = torch.cat([first[:, 1:], features.lengths[:, None]], dim=1)
        width = -(-time // self.factor)
        inner = first[..., None] + torch.arange(width, device=values.device)
        outside = inner >= last[..., None]  # (batch, chunks, width)
        index = inner.clamp(max=time - 1).flatten(1)[:, None].expand(-1, channels, -1)
        parts = values.gather(2, index).unflatten(2, (self.factor, width))
        pooled, place = parts.masked_fill(outside[:, None], -torch.inf).max(dim=3)
        empty = (first == last)[:, None]  # (batch, 1, chunks)
        winners = (first[:, None] + place).masked_fill(empty, -1)
        return pooled.masked_fill(empty, 0.0).flatten(1), winners.flatten(1)


class MeanPooling(Pooling):
    """The mean over the positions."""

    def forward(self, features: Features) -> Pooled:
        sums = full_precision(features.zeroed().values).sum(dim=2)
        return sums / features.lengths[:, None], None


class SumPooling(Pooling):
    """The sum over the positions."""

    def forward(self, features: Features) -> Pooled:
        return full_precision(features.zeroed().values).sum(dim=2), None


class AttentionPooling(Pooling):
    """A mean with learned weights: softmax over the positions of v · tanh(W h) (Yang 2016)."""

    def __init__(self, channels: int):
        super().__init__()
        self.project = nn.Linear(channels, channels)
        self.score = nn.Linear(channels, 1, bias=False)  # a bias would cancel in the softmax

    def multiply_adds(self, positions: int) -> int:
        """Of the weights, and of the features with theirs."""
        channels = self.project.in_features
        return positions * (channels * channels + 2 * channels)

    def forward(self, features: Features) -> Pooled:
        values = features.zeroed().values.transpose(1, 2)  # (batch, time, channels)
        scores = self.score(torch.tanh(self.project(values)))[..., 0]  # (batch, time)
        scores = full_precision(scores).masked_fill(features.outside[:, 0], -torch.inf)
        weights = scores.softmax(dim=1)
        return (weights[:, None] @ values)[:, 0], None


class FlattenPooling(Pooling):
    """Every feature at every position, of a frame of so many positions (Zhang 2015)."""

    def __init__(self, frames: int):
        super().__init__()
        self.factor = frames

    def forward(self, features: Features) -> Pooled:
        values = features.zeroed().values[..., : self.factor]
        return F.pad(values, (0, self.factor - values.shape[2])).flatten(1), None
