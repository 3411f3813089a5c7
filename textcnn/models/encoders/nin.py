"""Network in network, after Lin 2013: convolutions of one token, a perceptron at each position."""

from torch import Tensor, nn

from textcnn.models.encoders.encoder import Encoder
from textcnn.models.layers.activations import ACTIVATIONS
from textcnn.models.layers.convolution import Convolution
from textcnn.models.layers.features import Features
from textcnn.models.layers.field import ONE_TOKEN, Field


class Nin(Encoder):
    """The same multi-layer perceptron at every position: a feature sees one token.

    With max pooling a text's logits depend only on the set of its tokens.
    """

    first_convolutions = ("convolutions.0",)
    windows_only = True

    def __init__(self, channels: int, *, depth: int, num_filters: int, activation: str = "relu"):
        """
        Args:
            depth: convolutions in sequence.
            num_filters: of each convolution.
        """
        super().__init__()
        self.convolutions = nn.ModuleList(
            Convolution(num_filters if layer else channels, num_filters, 1)
            for layer in range(depth)
        )
        self.activation = ACTIVATIONS[activation]
        self.channels = (num_filters,)
        self.last_activation = activation

    def forward(self, features: Features) -> tuple[Features, ...]:
        """(batch, num_filters, time), before the last activation"""
        first, *others = self.convolutions
        features = first(features)
        for convolution in others:
            features = convolution(features.each(self.activation))
        return (features,)

    def positions(self, lengths: Tensor) -> tuple[Tensor, ...]:
        return (lengths,)

    def fields(self, field: Field = ONE_TOKEN) -> tuple[Field, ...]:
        return (field,)
