"""The very deep CNN of Conneau 2017, "Very Deep Convolutional Networks for Text Classification"."""

from collections.abc import Sequence

from torch import Tensor, nn

from textcnn.models.encoders.encoder import Encoder
from textcnn.models.layers.activations import ACTIVATIONS
from textcnn.models.layers.convolution import Convolution
from textcnn.models.layers.features import Features
from textcnn.models.layers.k_max import k_max
from textcnn.models.layers.max_pool import half_pool
from textcnn.models.layers.normalization import NORMALIZATIONS
from textcnn.models.layers.stack import Stack

BLOCKS = {9: (1, 1, 1, 1), 17: (2, 2, 2, 2), 29: (5, 5, 2, 2), 49: (8, 8, 5, 3)}


class Vdcnn(Encoder):
    """A convolution, then blocks of two, on four levels: half the positions, twice the filters.

    `depth` counts convolutions, those that a shortcut needs to change its filters left out.
    """

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
            depth: 9, 17, 29 or 49.
            num_filters: of the first level; the others have 2, 4 and 8 times as many.
            shortcut: adds what goes into each block to what comes out (He 2016).
            halving: `max` pools 3 positions to one, 2 apart, as VGG; `kmax` keeps the larger half
                of each channel; `convolution` begins the next level with a stride of 2, as ResNet.
        """
        super().__init__()
        self.first = Convolution(channels, num_filters, kernel_size, padding=padding)
        stages: list[nn.Module] = []
        bias = normalization != "batch"  # which would take it away again
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
        return (self.stages.positions(lengths),)


class Block(nn.Module):
    """Two convolutions, each with normalisation and activation; beside a shortcut, or alone."""

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
        self.norms = nn.ModuleList(normalize(len(layer.weight)) for layer in convolutions)
        self.activation = ACTIVATIONS[activation]
        self.shortcut: nn.Module | None = None
        first = convolutions[0]
        if shortcut:
            filters, channels, _ = first.weight.shape
            same = filters == channels and first.stride == 1
            self.shortcut = (
                nn.Identity() if same else Convolution(channels, filters, 1, stride=first.stride)
            )

    def positions(self, lengths: Tensor) -> Tensor:
        first = self.convolutions[0]
        assert isinstance(first, Convolution)
        return first.positions(lengths)

    def forward(self, features: Features) -> Features:
        # the shortcut first, so that the last layer that runs sees all that the block does
        beside = None if self.shortcut is None else self.shortcut(features)
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            features = norm(convolution(features)).each(self.activation)
        return features if beside is None else features.plus(beside)


class Half(nn.Module):
    """The larger half of each channel's positions, rounded up, in their order."""

    def positions(self, lengths: Tensor) -> Tensor:
        return (lengths + 1) // 2

    def forward(self, features: Features) -> Features:
        most = (features.values.shape[2] + 1) // 2
        kept, _ = k_max(features, self.positions(features.lengths), most)
        return kept
