"""The encoder of Vaswani 2017, "Attention Is All You Need"."""

from torch import Tensor, nn

from textcnn.models.encoders.encoder import Encoder
from textcnn.models.layers.convolution import Convolution
from textcnn.models.layers.features import Features
from textcnn.models.layers.field import ONE_TOKEN, Field
from textcnn.models.layers.normalization import LayerNorm


class Transformer(Encoder):
    """Layers of self-attention, each normalized first.

    Order reaches it only through `position`.
    """

    first_convolutions = ("project",)

    def __init__(
        self,
        channels: int,
        *,
        hidden_size: int,
        depth: int,
        heads: int,
        feedforward_size: int,
        block_dropout: float = 0.0,
    ):
        super().__init__()
        self.project = Convolution(channels, hidden_size, 1)
        self.layers = nn.Sequential(
            *(Attention(hidden_size, heads, feedforward_size, block_dropout) for _ in range(depth))
        )
        self.norm = LayerNorm(hidden_size)
        self.channels = (hidden_size,)

    def forward(self, features: Features) -> tuple[Features, ...]:
        """(batch, hidden_size, time)"""
        return (self.norm(self.layers(self.project(features))),)

    def positions(self, lengths: Tensor) -> tuple[Tensor, ...]:
        return (lengths,)

    def fields(self, field: Field = ONE_TOKEN) -> tuple[Field, ...]:
        return (field.whole(),)


class Attention(nn.Module):
    """A layer of self-attention and a perceptron at each position."""

    def __init__(self, channels: int, heads: int, feedforward_size: int, dropout: float):
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(
            channels, heads, feedforward_size, dropout, batch_first=True, norm_first=True
        )

    def forward(self, features: Features) -> Features:
        hidden = features.outside[:, 0]  # (batch, time)
        values = self.layer(features.values.transpose(1, 2), src_key_padding_mask=hidden)
        return Features(values.transpose(1, 2), features.lengths, features.field.whole())

    def multiply_adds(self, positions: int) -> int:
        """Multiply-adds with weights, and of all pairs of positions for scores and for sums."""
        weights = sum(weight.numel() for weight in self.parameters() if weight.dim() > 1)
        channels = self.layer.self_attn.embed_dim
        return positions * weights + 2 * positions**2 * channels
