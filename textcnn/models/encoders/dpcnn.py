"""The deep pyramid CNN of Johnson & Zhang 2017, "Deep Pyramid Convolutional Neural Networks for
Text Categorization"."""

from typing import cast

from torch import Tensor, nn

from textcnn.models.encoders.encoder import Encoder
from textcnn.models.layers.activations import ACTIVATIONS
from textcnn.models.layers.convolution import Convolution
from textcnn.models.layers.features import Features
from textcnn.models.layers.field import ONE_TOKEN, Field
from textcnn.models.layers.max_pool import half_pool
from textcnn.models.layers.stack import Stack


class Dpcnn(Encoder):
    """Region embedding, then residual blocks, with pooling that halves the positions in between.

    The work of all blocks is at most twice that of the first. Activations come before convolutions,
    so the shortcut is a plain sum.
    """

    first_convolutions = ("region",)

    def __init__(
        self,
        channels: int,
        *,
        depth: int,
        num_filters: int,
        region_size: int = 3,
        kernel_size: int = 3,
        block_dropout: float = 0.0,
        padding: str = "zeros",
        activation: str = "relu",
    ):
        """
        Args:
            depth: number of blocks; the paper's 15 layers are the region embedding and 7 blocks.
            region_size: tokens that the region embedding sees.
        """
        super().__init__()
        self.region = Convolution(channels, num_filters, region_size, padding=padding)
        stages: list[nn.Module] = []
        for number in range(depth):
            if number > 0:
                stages.append(half_pool(padding))
            stages.append(Block(num_filters, kernel_size, block_dropout, padding, activation))
        self.stages = Stack(*stages)
        self.channels = (num_filters,)

    def forward(self, features: Features) -> tuple[Features, ...]:
        """(batch, num_filters, time / 2^(depth - 1))"""
        return (self.stages(self.region(features)),)

    def positions(self, lengths: Tensor) -> tuple[Tensor, ...]:
        return (self.stages.positions(self.region.positions(lengths)),)

    def fields(self, field: Field = ONE_TOKEN) -> tuple[Field, ...]:
        return (self.stages.field(self.region.field(field)),)


class Block(nn.Module):
    """Activation and convolution, twice; the input is added."""

    def __init__(
        self, channels: int, kernel_size: int, dropout: float, padding: str, activation: str
    ):
        super().__init__()
        self.convolutions = nn.ModuleList(
            Convolution(channels, channels, kernel_size, padding=padding) for _ in range(2)
        )
        self.activation = ACTIVATIONS[activation]
        self.dropout = nn.Dropout(dropout)

    def field(self, field: Field) -> Field:
        inner = field
        for convolution in self.convolutions:
            inner = cast(Convolution, convolution).field(inner)
        return inner.beside(field)

    def forward(self, features: Features) -> Features:
        inner = features
        for convolution in self.convolutions:
            inner = convolution(inner.each(self.activation))
        return inner.each(self.dropout).plus(features)
