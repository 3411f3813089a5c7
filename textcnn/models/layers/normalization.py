"""Normalizations that ignore padding."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from textcnn.models.layers.features import Features


class BatchNorm(nn.BatchNorm1d):
    """Batch normalization over the positions of all texts, padding excluded (Ioffe & Szegedy 2015).

    A batch of a single position has no variance: running statistics normalize it, as in evaluation.
    """

    def forward(self, features: Features) -> Features:  # type: ignore[override]
        inside = ~features.outside[:, 0]  # (batch, time)
        if not self.training or int(inside.sum()) == 1:
            return features.each(self.by_running_statistics)
        values = features.values.transpose(1, 2)  # (batch, time, channels)
        own = super().forward(values[inside])  # (positions, channels)
        normalized = torch.zeros_like(values).masked_scatter(inside[..., None], own)
        return features.each(lambda _: normalized.transpose(1, 2))._knowing(clean=True)

    def by_running_statistics(self, values: torch.Tensor) -> torch.Tensor:
        return F.batch_norm(
            values, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
        )


class LayerNorm(nn.LayerNorm):
    """Layer normalization, of each position independently (Ba 2016)."""

    def forward(self, features: Features) -> Features:  # type: ignore[override]
        normalize = super().forward
        return features.each(lambda values: normalize(values.transpose(1, 2)).transpose(1, 2))


class ResponseNorm(nn.Module):
    """Scales pooled features h to h / √(1 + |h|²), so that long texts don't have larger ones.

    (Johnson & Zhang 2015.) Each map is scaled on its own, and so is each place of a pooling that
    has several.
    """

    def __init__(self, maps: Sequence[tuple[int, int]]):
        """
        Args:
            maps: of each map the channels, and the numbers that pooling makes of a channel.
        """
        super().__init__()
        self.maps = tuple(maps)

    def forward(self, pooled: Tensor) -> Tensor:
        """(batch, pooled features of all maps), the numbers of a channel adjacent."""
        scaled = [
            (map / norms).flatten(1) for map, norms in zip(*self.with_norms(pooled), strict=True)
        ]
        return torch.cat(scaled, dim=1)

    def factors(self, pooled: Tensor) -> Tensor:
        """By what each feature is multiplied, of the shape of `pooled`."""
        maps, norms = self.with_norms(pooled)
        inverse = [(1 / norm).expand_as(map) for map, norm in zip(maps, norms, strict=True)]
        return torch.cat([each.flatten(1) for each in inverse], dim=1)

    def with_norms(self, pooled: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Each map (batch, channels, places), and √(1 + |h|²) of each place (batch, 1, places)."""
        widths = [channels * places for channels, places in self.maps]
        own = pooled.split(widths, dim=1)
        maps = [each.unflatten(1, shape) for each, shape in zip(own, self.maps, strict=True)]
        return maps, [(1 + map.square().sum(dim=1, keepdim=True)).sqrt() for map in maps]


class PooledNorm(nn.BatchNorm1d):
    """Batch normalization of pooled features (batch, pooled).

    Features of characters have a mean that all texts share, many times as large as the differences
    between texts. Without this, later layers see little else, and don't begin to learn.

    A batch of a single text has no variance: running statistics normalize it, as in evaluation.
    """

    def forward(self, pooled: Tensor) -> Tensor:
        if not self.training or len(pooled) > 1:
            normalized: Tensor = super().forward(pooled)
            return normalized
        return F.batch_norm(
            pooled, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
        )


class NoNorm(nn.Module):
    """Returns features unchanged."""

    def __init__(self, channels: int):
        super().__init__()

    def forward(self, features: Features) -> Features:
        return features


NORMALIZATIONS = {"batch": BatchNorm, "layer": LayerNorm, "none": NoNorm}
