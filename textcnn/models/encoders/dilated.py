"""Residual blocks of dilated convolutions: the ID-CNN of Strubell 2017, "Fast and Accurate Entity
Recognition with Iterated Dilated Convolutions", and the TCN of Bai 2018, "An Empirical Evaluation
of Generic Convolutional and Recurrent Networks for Sequence Modeling"."""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from textcnn.models.encoders.encoder import Encoder
from textcnn.models.layers.activations import ACTIVATIONS
from textcnn.models.layers.convolution import Convolution
from textcnn.models.layers.features import Features
from textcnn.models.layers.normalization import NORMALIZATIONS


class Dilated(Encoder):
    """Blocks whose dilation grows, so that the field grows faster than the weights.

    With kernels of k a feature sees 1 + c x (k - 1) x (sum of the dilations) tokens, where a block
    has c convolutions, and that many more with every further iteration.
    """

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
            dilations: tokens from one weight of a kernel to the next, a block for each.
            convolutions: in each block.
            iterations: how often the features go through all blocks, with the same weights.
            share_weights: between the blocks too, so there are the weights of one.
            normalization: `weight` normalises the kernels (Salimans 2016), `batch` and `layer` what
                they make.
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
                        bias=normalization != "batch",  # which would take it away again
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
        blocks = [*self.blocks] * (len(self.dilations) // len(self.blocks))
        for _ in range(self.iterations):
            for block, dilation in zip(blocks, self.dilations, strict=True):
                features = block(features, dilation)
        return (features,)

    def positions(self, lengths: Tensor) -> tuple[Tensor, ...]:
        return (lengths,)


class Block(nn.Module):
    """Convolutions, each with normalisation, activation and dropout, beside the identity."""

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
        self.norms = nn.ModuleList(normalize(len(layer.weight)) for layer in convolutions)
        self.dropout = nn.Dropout(dropout)
        self.activation = ACTIVATIONS[activation]

    def forward(self, features: Features, dilation: int) -> Features:
        inner = features
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            inner = norm(convolution(inner, dilation)).each(self.activation).each(self.dropout)
        return inner.plus(features)
