"""The bag of embeddings of fastText (Joulin 2017): no convolution, and no word order."""

from torch import Tensor

from textcnn.models.encoders.encoder import Encoder
from textcnn.models.layers.features import Features
from textcnn.models.layers.field import ONE_TOKEN, Field


class Bag(Encoder):
    """The features at a position are the vector of its token."""

    windows_only = True

    def __init__(self, channels: int):
        super().__init__()
        self.channels = (channels,)

    def forward(self, features: Features) -> tuple[Features, ...]:
        """(batch, channels, time)"""
        return (features,)

    def positions(self, lengths: Tensor) -> tuple[Tensor, ...]:
        return (lengths,)

    def fields(self, field: Field = ONE_TOKEN) -> tuple[Field, ...]:
        return (field,)

    def embedding_weights(self) -> list[Tensor]:
        return []  # the map is the embedding
