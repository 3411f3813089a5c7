"""Residual blocks of dilated convolutions: the ID-CNN of Strubell 2017, "Fast and Accurate Entity
Recognition with Iterated Dilated Convolutions", and the TCN of Bai 2018, "An Empirical Evaluation
of Generic Convolutional and Recurrent Networks for Sequence Modeling"."""

from collections.abc import Sequence
from typing import cast

from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from textcnn.models.encoders.encoder import Encoder
from textcnn.models.layers.activations import ACTIVATIONS
from textcnn.models.layers.convolution import Convolution
from textcnn.models.layers.features import Features
from textcnn.models.layers.field import ONE_TOKEN, Field
from textcnn.models.layers.normalization import NORMALIZATIONS


class Dilated(Encoder):
    """Residual blocks of growing dilation: the receptive field grows faster than the weights.

    A feature sees 1 + i x c x (k - 1) x (sum of the dilations) tokens, with kernels of k tokens, c
    convolutions in a block and i iterations.
    """

    first_convolutions = ("project",)
    windows_only = True

    def __init__(
        self,
        channels: int,
        *,
        num_filters: int,
        kernel_size: int,
        dilations: Sequence[int],
        convolutions: int = 1,
        iterations: int = 1,
        share_weights: bool = False,
        normalization: str = "none",
        block_dropout: float = 0.0,
        padding: str = "zeros",
        activation: str = "relu",
    ):
        """
        Args:
            dilations: tokens from one weight of a kernel to the next, one for each block.
            convolutions: in each block.
            iterations: how many times features pass all blocks, with the same weights.
            share_weights: all blocks have the same weights.
            normalization: `weight` normalizes kernels (Salimans 2016), `batch` and `layer` the
                features after each convolution.
        """
        super().__init__()
        self.project = Convolution(channels, num_filters, 1)
        self.blocks = nn.ModuleList(
            Block(
                [
                    Convolution(
                        num_filters,
                        num_filters,
                        kernel_size,
                        padding=padding,
                        bias=normalization != "batch",  # which would subtract it again
                    )
                    for _ in range(convolutions)
                ],
                normalization,
                block_dropout,
                activation,
            )
            for _ in (dilations[:1] if share_weights else dilations)
        )
        self.dilations = tuple(dilations)
        self.iterations = iterations
        self.channels = (num_filters,)

    def forward(self, features: Features) -> tuple[Features, ...]:
        """(batch, num_filters, time)"""
        features = self.project(features)
        for block, dilation in self.passes():
            features = block(features, dilation)
        return (features,)

    def passes(self) -> list[tuple["Block", int]]:
        """The blocks that features pass, in order, with the dilation of each."""
        blocks = [*self.blocks] * (len(self.dilations) // len(self.blocks))
        once = list(zip(cast(list[Block], blocks), self.dilations, strict=True))
        return once * self.iterations

    def positions(self, lengths: Tensor) -> tuple[Tensor, ...]:
        return (lengths,)

    def fields(self, field: Field = ONE_TOKEN) -> tuple[Field, ...]:
        for block, dilation in self.passes():
            field = block.field(field, dilation)
        return (field,)


class Block(nn.Module):
    """Convolutions, each with normalization, activation and dropout; the input is added."""

    def __init__(
        self,
        convolutions: Sequence[Convolution],
        normalization: str,
        dropout: float,
        activation: str,
    ):
        super().__init__()
        if normalization == "weight":
            convolutions = [weight_norm(convolution) for convolution in convolutions]
        normalize = NORMALIZATIONS.get(normalization, NORMALIZATIONS["none"])
        self.convolutions = nn.ModuleList(convolutions)
        self.norms = nn.ModuleList(normalize(layer.num_filters) for layer in convolutions)
        self.dropout = nn.Dropout(dropout)
        self.activation = ACTIVATIONS[activation]

    def field(self, field: Field, dilation: int) -> Field:
        inner = field
        for convolution in self.convolutions:
            inner = cast(Convolution, convolution).field(inner, dilation)
        return inner.beside(field)

    def forward(self, features: Features, dilation: int) -> Features:
        inner = features
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            inner = norm(convolution(inner, dilation)).each(self.activation).each(self.dropout)
        return inner.plus(features)
