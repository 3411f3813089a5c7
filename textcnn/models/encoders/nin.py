"""Network in network, after Lin 2013: convolutions of one token, a perceptron at each position."""

from torch import Tensor, nn

from textcnn.models.encoders.encoder import Encoder
from textcnn.models.layers.activations import ACTIVATIONS
from textcnn.models.layers.convolution import Convolution
from textcnn.models.layers.features import Features


class Nin(Encoder):
    """The same multi-layer perceptron at every position: a feature sees one token, so that with
    max pooling a text's logits depend on the set of its tokens."""

    def __init__(self, channels: int, *, depth: int, num_filters: int, activation: str = "relu"):
        """
        Args:
            depth: convolutions, one after the other.
            num_filters: of each.
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
