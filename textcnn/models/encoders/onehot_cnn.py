"""The one-hot CNN of Johnson & Zhang 2015, "Effective Use of Word Order for Text Categorization
with Convolutional Neural Networks"."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import torch
from torch import Tensor, nn

from textcnn.models.encoders.encoder import Encoder
from textcnn.models.layers.features import Features, pad
from textcnn.models.layers.field import ONE_TOKEN, Field
from textcnn.models.layers.padding import margins


class OnehotCnn(Encoder):
    """Regions of one or more sizes side by side, each with an activation.

    All weights but the biases are in the `RegionTable` that it reads.
    """

    windows_only = True

    def __init__(
        self,
        channels: int,
        *,
        kernel_sizes: Sequence[int],
        num_filters: int,
        padding: str = "full",
        activation: str = "relu",
    ):
        """
        Args:
            channels: those of the `RegionTable`: places of all region sizes x num_filters.
            kernel_sizes: tokens of each region size.
            num_filters: filters of each region size.
            padding: a mode with zeros beyond the ends of a text.
        """
        super().__init__()
        assert channels == sum(kernel_sizes) * num_filters
        self.regions = nn.ModuleList(Region(num_filters, size, padding) for size in kernel_sizes)
        self.channels = (num_filters,) * len(kernel_sizes)
        self.last_activation = activation

    def forward(self, features: Features) -> tuple[Features, ...]:
        """For each region size (batch, num_filters, regions), before the activation."""
        features = features.zeroed()
        channels = [each.channels for each in self.parts]
        own = features.values.split(channels, dim=1)
        maps = [replace(features, values=values) for values in own]
        return tuple(region(map) for region, map in zip(self.regions, maps, strict=True))

    @property
    def parts(self) -> list["Region"]:
        return [cast(Region, region) for region in self.regions]

    def positions(self, lengths: Tensor) -> tuple[Tensor, ...]:
        return tuple(region.positions(lengths) for region in self.parts)

    def fields(self, field: Field = ONE_TOKEN) -> tuple[Field, ...]:
        return tuple(region.field(field) for region in self.parts)

    def embedding_weights(self) -> list[Tensor]:
        raise NotImplementedError("a one-hot network has no dimensions that could be reordered")


class Region(nn.Module):
    """Regions of one size: what their tokens add, and a bias."""

    def __init__(self, num_filters: int, kernel_size: int, padding: str):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(num_filters))
        self.num_filters, self.kernel_size, self.padding = num_filters, kernel_size, padding

    @property
    def channels(self) -> int:
        """What each token adds to the regions that contain it, at each of its places there."""
        return self.kernel_size * self.num_filters

    def positions(self, lengths: Tensor) -> Tensor:
        """The number of regions in texts of these lengths; at least one."""
        size = self.kernel_size
        return (lengths + sum(margins(self.padding, size)) - size + 1).clamp(min=1)

    def field(self, field: Field) -> Field:
        left, _ = margins(self.padding, self.kernel_size)
        return field.through(self.kernel_size, 1, 1, left)

    def forward(self, features: Features) -> Features:
        """(batch, kernel_size x num_filters, time), zero after a text's end, to (batch,
        num_filters, regions)."""
        size = self.kernel_size
        left, right = margins(self.padding, size)
        missing = max(size - left - features.time - right, 0)
        added = pad(features.values, left, right + missing)
        count = added.shape[2] - size + 1
        places = added.split(self.num_filters, dim=1)
        sums = sum(values[..., j : j + count] for j, values in enumerate(places))
        values = sums + self.bias[:, None]  # (batch, num_filters, regions)
        regions = Features(values, self.positions(features.lengths), self.field(features.field))
        return regions._knowing(finite=True, disposable=True)

    def extra_repr(self) -> str:
        return f"{self.num_filters}, kernel_size={self.kernel_size}, padding={self.padding}"
