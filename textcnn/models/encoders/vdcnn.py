"""The very deep CNN of Conneau 2017, "Very Deep Convolutional Networks for Text Classification"."""

from collections.abc import Sequence
from typing import cast

from torch import Tensor, nn

from textcnn.models.encoders.encoder import Encoder
from textcnn.models.layers.activations import ACTIVATIONS
from textcnn.models.layers.convolution import Convolution
from textcnn.models.layers.features import Features
from textcnn.models.layers.field import ONE_TOKEN, Field
from textcnn.models.layers.k_max import k_max
from textcnn.models.layers.max_pool import half_pool
from textcnn.models.layers.normalization import NORMALIZATIONS
from textcnn.models.layers.stack import Stack

BLOCKS = {9: (1, 1, 1, 1), 17: (2, 2, 2, 2), 29: (5, 5, 2, 2), 49: (8, 8, 5, 3)}


class Vdcnn(Encoder):
    """A convolution, then blocks of two convolutions on four levels.

    Each level has half as many positions as the one before, and twice as many filters.
    """

    first_convolutions = ("first",)

    def __init__(
        self,
        channels: int,
        *,
        depth: int,
        num_filters: int,
        kernel_size: int = 3,
        shortcut: bool = False,
        halving: str = "max",
        normalization: str = "batch",
        padding: str = "zeros",
        activation: str = "relu",
    ):
        """
        Args:
            depth: the number of convolutions, without those of shortcuts: 9, 17, 29 or 49.
            num_filters: of the first level; the others have 2, 4 and 8 times as many.
            shortcut: adds the input of each block to its output (He 2016).
            halving: how a level halves the positions. `max`: max pooling of 3 positions, 2 apart
                (as VGG); `kmax`: the larger half of each channel; `convolution`: a stride of 2 in
                the first convolution (as ResNet).
        """
        super().__init__()
        self.first = Convolution(channels, num_filters, kernel_size, padding=padding)
        stages: list[nn.Module] = []
        bias = normalization != "batch"  # which would subtract it again
        before = num_filters
        for level, count in enumerate(BLOCKS[depth]):
            filters = num_filters * 2**level
            if level > 0 and halving != "convolution":
                stages.append(half_pool(padding) if halving == "max" else Half())
            for number in range(count):
                strided = level > 0 and number == 0 and halving == "convolution"
                convolutions = [
                    Convolution(
                        before,
                        filters,
                        kernel_size,
                        padding=padding,
                        stride=2 if strided else 1,
                        bias=bias,
                    ),
                    Convolution(filters, filters, kernel_size, padding=padding, bias=bias),
                ]
                stages.append(Block(convolutions, shortcut, normalization, activation))
                before = filters
        self.stages = Stack(*stages)
        self.channels = (before,)

    def forward(self, features: Features) -> tuple[Features, ...]:
        """(batch, 8 x num_filters, time / 8)"""
        return (self.stages(self.first(features)),)

    def positions(self, lengths: Tensor) -> tuple[Tensor, ...]:
        return (self.stages.positions(self.first.positions(lengths)),)

    def fields(self, field: Field = ONE_TOKEN) -> tuple[Field, ...]:
        return (self.stages.field(self.first.field(field)),)


class Block(nn.Module):
    """Two convolutions, each with normalization and activation, with a shortcut or without."""

    def __init__(
        self,
        convolutions: Sequence[Convolution],
        shortcut: bool,
        normalization: str,
        activation: str,
    ):
        super().__init__()
        normalize = NORMALIZATIONS[normalization]
        self.convolutions = nn.ModuleList(convolutions)
        self.norms = nn.ModuleList(normalize(layer.num_filters) for layer in convolutions)
        self.activation = ACTIVATIONS[activation]
        self.shortcut: nn.Module | None = None
        first = convolutions[0]
        if shortcut:
            channels, filters = first.channels, first.num_filters
            same = filters == channels and first.stride == 1
            self.shortcut = (
                nn.Identity() if same else Convolution(channels, filters, 1, stride=first.stride)
            )

    def positions(self, lengths: Tensor) -> Tensor:
        for convolution in self.convolutions:
            lengths = cast(Convolution, convolution).positions(lengths)
        return lengths

    def field(self, field: Field) -> Field:
        inner = field
        for convolution in self.convolutions:
            inner = cast(Convolution, convolution).field(inner)
        if self.shortcut is None:
            return inner
        shortcut = self.shortcut
        return inner.beside(shortcut.field(field) if isinstance(shortcut, Convolution) else field)

    def forward(self, features: Features) -> Features:
        # the shortcut first, so that the last layer that runs has the field of the block
        beside = None if self.shortcut is None else self.shortcut(features)
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            features = norm(convolution(features)).each(self.activation)
        return features if beside is None else features.plus(beside)


class Half(nn.Module):
    """The larger half of each channel's features, rounded up, in text order."""

    def positions(self, lengths: Tensor) -> Tensor:
        return (lengths + 1) // 2

    def field(self, field: Field) -> Field:
        return field.whole()  # which features it keeps depends on the whole text

    def forward(self, features: Features) -> Features:
        time = (features.time + 1) // 2
        kept, _ = k_max(features, self.positions(features.lengths), time)
        return kept
