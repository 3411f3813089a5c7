"""What convolutions are measured against: PyTorch's own recurrent and attention layers."""

from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from textcnn.models.encoder import Encoder
from textcnn.models.features import Features


class Lstm(Encoder):
    """A long short-term memory (Hochreiter & Schmidhuber 1997), in one direction or both."""

    def __init__(
        self,
        channels: int,
        *,
        hidden_size: int,
        depth: int,
        bidirectional: bool = True,
        block_dropout: float = 0.0,
    ):
        """`block_dropout`: between layers."""
        super().__init__()
        self.lstm = nn.LSTM(
            channels,
            hidden_size,
            depth,
            batch_first=True,
            dropout=block_dropout if depth > 1 else 0.0,
            bidirectional=bidirectional,
        )
        self.channels = (hidden_size * (2 if bidirectional else 1),)

    def forward(self, features: Features) -> tuple[Features, ...]:
        """(batch, hidden_size x directions, time)"""
        packed = pack_padded_sequence(
            features.values.transpose(1, 2),
            features.lengths.cpu(),
            batch_first=True,
            enforce_sorted=False,
        )
        states, _ = self.lstm(packed)
        values, _ = pad_packed_sequence(
            states, batch_first=True, total_length=features.values.shape[2]
        )
        return (
            Features(values.transpose(1, 2), features.lengths, features.field.whole(), clean=True),
        )

    def positions(self, lengths: Tensor) -> tuple[Tensor, ...]:
        return (lengths,)


class Transformer(Encoder):
    """Layers of self-attention (Vaswani 2017), each normalised first."""

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
        self.project = nn.Linear(channels, hidden_size)
        layer = nn.TransformerEncoderLayer(
            hidden_size,
            heads,
            feedforward_size,
            block_dropout,
            batch_first=True,
            norm_first=True,
        )
        self.layers = nn.TransformerEncoder(
            layer, depth, norm=nn.LayerNorm(hidden_size), enable_nested_tensor=False
        )
        self.channels = (hidden_size,)

    def forward(self, features: Features) -> tuple[Features, ...]:
        """(batch, hidden_size, time)"""
        projected = self.project(features.values.transpose(1, 2))  # (batch, time, hidden_size)
        states = self.layers(projected, src_key_padding_mask=features.outside[:, 0])
        return (Features(states.transpose(1, 2), features.lengths, features.field.whole()),)

    def positions(self, lengths: Tensor) -> tuple[Tensor, ...]:
        return (lengths,)
