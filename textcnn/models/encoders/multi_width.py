"""The multi-width CNN of Kim 2014, "Convolutional Neural Networks for Sentence Classification"."""

from collections.abc import Sequence
from typing import cast

from torch import Tensor, nn

from textcnn.models.encoders.encoder import Encoder
from textcnn.models.layers.convolution import Convolution
from textcnn.models.layers.features import Features
from textcnn.models.layers.field import ONE_TOKEN, Field


class MultiWidth(Encoder):
    """Convolutions of several widths side by side, each with an activation."""

    maps_are_first_convolutions = True
    windows_only = True

    def __init__(
        self,
        channels: int,
        *,
        kernel_sizes: Sequence[int],
        num_filters: int,
        padding: str = "valid",
        activation: str = "relu",
    ):
        """
        Args:
            channels: numbers per token of the input.
            kernel_sizes: tokens per window, one for each convolution.
            num_filters: filters of each width.
        """
        super().__init__()
        self.convolutions = nn.ModuleList(
            Convolution(channels, num_filters, kernel_size, padding=padding)
            for kernel_size in kernel_sizes
        )
        self.channels = (num_filters,) * len(kernel_sizes)
        self.last_activation = activation

    @property
    def first_convolutions(self) -> tuple[str, ...]:  # type: ignore[override]
        return tuple(f"convolutions.{number}" for number in range(len(self.convolutions)))

    def forward(self, features: Features) -> tuple[Features, ...]:
        """For each width (batch, num_filters, windows), before the activation."""
        features = features.zeroed()  # once for all widths
        return tuple(convolution(features) for convolution in self.convolutions)

    def positions(self, lengths: Tensor) -> tuple[Tensor, ...]:
        return tuple(cast(Convolution, each).positions(lengths) for each in self.convolutions)

    def fields(self, field: Field = ONE_TOKEN) -> tuple[Field, ...]:
        return tuple(cast(Convolution, each).field(field) for each in self.convolutions)
