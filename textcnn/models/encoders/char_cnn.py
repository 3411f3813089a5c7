"""The character CNN of Zhang, Zhao & LeCun 2015, "Character-level Convolutional Networks for Text
Classification"."""

from collections.abc import Sequence

from torch import Tensor, nn

from textcnn.models.encoders.encoder import Encoder
from textcnn.models.layers.activations import ACTIVATIONS, MONOTONE
from textcnn.models.layers.convolution import Convolution
from textcnn.models.layers.features import Features
from textcnn.models.layers.field import ONE_TOKEN, Field
from textcnn.models.layers.max_pool import MaxPool
from textcnn.models.layers.stack import Stack


class CharCnn(Encoder):
    """Convolutions in sequence, each with an activation, some followed by max pooling.

    With the paper's widths 7, 7, 3, 3, 3, 3 and pools 3, 3, 1, 1, 1, 3, a text of 1,014 characters
    has 34 positions at the end, each of which sees 123 characters.
    """

    first_convolutions = ("blocks.0.convolution",)
    windows_only = True

    def __init__(
        self,
        channels: int,
        *,
        kernel_sizes: Sequence[int],
        pool_sizes: Sequence[int],
        num_filters: int,
        padding: str = "valid",
        activation: str = "relu",
    ):
        """
        Args:
            pool_sizes: positions pooled into one after each convolution; 1 for no pooling.
        """
        super().__init__()
        blocks = []
        for kernel_size, pool_size in zip(kernel_sizes, pool_sizes, strict=True):
            convolution = Convolution(channels, num_filters, kernel_size, padding=padding)
            blocks.append(Block(convolution, pool_size, activation))
            channels = num_filters
        self.blocks = Stack(*blocks)
        self.channels = (num_filters,)

    def forward(self, features: Features) -> tuple[Features, ...]:
        """(batch, num_filters, positions)"""
        return (self.blocks(features),)

    def positions(self, lengths: Tensor) -> tuple[Tensor, ...]:
        return (self.blocks.positions(lengths),)

    def fields(self, field: Field = ONE_TOKEN) -> tuple[Field, ...]:
        return (self.blocks.field(field),)


class Block(nn.Module):
    """Convolution, activation, and max pooling without overlap."""

    def __init__(self, convolution: Convolution, pool_size: int, activation: str):
        super().__init__()
        self.convolution = convolution
        self.activation = ACTIVATIONS[activation]
        self.monotone = activation in MONOTONE
        self.pool = MaxPool(pool_size, stride=pool_size) if pool_size > 1 else None

    def positions(self, lengths: Tensor) -> Tensor:
        lengths = self.convolution.positions(lengths)
        return lengths if self.pool is None else self.pool.positions(lengths)

    def field(self, field: Field) -> Field:
        field = self.convolution.field(field)
        return field if self.pool is None else self.pool.field(field)

    def forward(self, features: Features) -> Features:
        features = self.convolution(features)
        if self.pool is None:
            return self.activate(features)
        if self.monotone:  # pool first, which leaves fewer numbers to activate
            return self.activate(self.pool(features))
        pooled: Features = self.pool(self.activate(features))
        return pooled

    def activate(self, features: Features) -> Features:
        return features.each(self.activation)._knowing(finite=features._known.finite)
