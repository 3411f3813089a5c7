"""The bag of embeddings, as in fastText (Joulin 2017): without a convolution, and without order."""

from torch import Tensor

from textcnn.models.encoders.encoder import Encoder
from textcnn.models.layers.features import Features


class Bag(Encoder):
    """The features of a position are the vector of its token."""

    def __init__(self, channels: int):
        super().__init__()
        self.channels = (channels,)

    def forward(self, features: Features) -> tuple[Features, ...]:
        """(batch, channels, time)"""
        return (features,)

    def positions(self, lengths: Tensor) -> tuple[Tensor, ...]:
        return (lengths,)
