"""The encoder of Gehring 2017, "Convolutional Sequence to Sequence Learning"."""

import torch.nn.functional as F
from torch import Tensor, nn

from textcnn.models.encoders.encoder import Encoder
from textcnn.models.layers.convolution import Convolution
from textcnn.models.layers.features import Features
from textcnn.models.layers.field import ONE_TOKEN, Field
from textcnn.models.layers.stack import Stack


class Gated(Encoder):
    """Residual convolutions, one half of whose filters are gates for the other half.

    Six layers of width 5 see 25 tokens.
    """

    first_convolutions = ("project",)
    windows_only = True

    def __init__(
        self,
        channels: int,
        *,
        depth: int,
        num_filters: int,
        kernel_size: int,
        block_dropout: float = 0.0,
        padding: str = "zeros",
    ):
        """
        Args:
            num_filters: of each layer after its gates; the convolution has twice as many.
        """
        super().__init__()
        self.project = Convolution(channels, num_filters, 1)
        self.layers = Stack(
            *(Block(num_filters, kernel_size, block_dropout, padding) for _ in range(depth))
        )
        self.channels = (num_filters,)

    def forward(self, features: Features) -> tuple[Features, ...]:
        """(batch, num_filters, time)"""
        return (self.layers(self.project(features)),)

    def positions(self, lengths: Tensor) -> tuple[Tensor, ...]:
        return (lengths,)

    def fields(self, field: Field = ONE_TOKEN) -> tuple[Field, ...]:
        return (self.layers.field(self.project.field(field)),)


class Block(nn.Module):
    """Dropout, convolution and gated linear unit (Dauphin 2017); the input is added."""

    def __init__(self, channels: int, kernel_size: int, dropout: float, padding: str):
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.convolution = Convolution(channels, 2 * channels, kernel_size, padding=padding)

    def field(self, field: Field) -> Field:
        return self.convolution.field(field).beside(field)

    def forward(self, features: Features) -> Features:
        inner = self.convolution(features.each(self.dropout)).each(lambda x: F.glu(x, dim=1))
        # keeps the variance: that of the sum of two is twice theirs
        return inner.plus(features).each(lambda values: values * 0.5**0.5)
