"""A recurrent encoder, to compare convolutions with: PyTorch's LSTM along each text."""

from typing import cast

import torch
from torch import Tensor, nn

from textcnn.models.encoders.encoder import Encoder
from textcnn.models.layers.features import Features, full_precision
from textcnn.models.layers.field import ONE_TOKEN, Field


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
        """
        Args:
            hidden_size: numbers of a state in each direction.
            block_dropout: between layers.
        """
        super().__init__()
        width = hidden_size * (2 if bidirectional else 1)
        self.layers = nn.Sequential(
            *(
                Recurrent(width if layer else channels, hidden_size, bidirectional)
                for layer in range(depth)
            )
        )
        self.dropout = nn.Dropout(block_dropout)
        self.channels = (width,)

    def forward(self, features: Features) -> tuple[Features, ...]:
        """(batch, hidden_size x directions, time)"""
        first, *others = self.layers
        features = first(features)
        for layer in others:
            features = layer(features.each(self.dropout))
        return (features,)

    def positions(self, lengths: Tensor) -> tuple[Tensor, ...]:
        return (lengths,)

    def fields(self, field: Field = ONE_TOKEN) -> tuple[Field, ...]:
        return (field.whole(),)

    def embedding_weights(self) -> list[Tensor]:
        first = cast(Recurrent, self.layers[0])
        directions = [lstm for lstm in (first.ahead, first.back) if lstm is not None]
        return [cast(Tensor, lstm.weight_ih_l0) for lstm in directions]


class Recurrent(nn.Module):
    """An LSTM along each text, and a second one from its end to its start; both reach padding last.

    PyTorch's packed sequences give the same features, but take ten times as long.
    """

    def __init__(self, channels: int, hidden_size: int, bidirectional: bool):
        super().__init__()
        self.ahead = nn.LSTM(channels, hidden_size, batch_first=True)
        self.back = nn.LSTM(channels, hidden_size, batch_first=True) if bidirectional else None

    def forward(self, features: Features) -> Features:
        values = features.values
        if values.device.type == "cpu" and torch.is_autocast_enabled("cpu"):
            # In fp32 on every CPU: PyTorch 2.13 has no LSTM in bf16 for those without AVX-512.
            with torch.autocast("cpu", enabled=False):
                states = self.states(full_precision(values), features.lengths)
        else:
            states = self.states(values, features.lengths)
        return Features(states.transpose(1, 2), features.lengths, features.field.whole())

    def states(self, values: Tensor, lengths: Tensor) -> Tensor:
        """(batch, channels, time) to (batch, time, hidden_size x directions)"""
        values = values.transpose(1, 2)
        states: Tensor
        states, _ = self.ahead(values)
        if self.back is not None:
            position = torch.arange(values.shape[1], device=values.device)
            mirrored = lengths[:, None] - 1 - position  # (batch, time)
            place = torch.where(mirrored >= 0, mirrored, position)
            from_end, _ = self.back(reorder(values, place))
            states = torch.cat([states, reorder(from_end, place)], dim=2)
        return states


def reorder(values: Tensor, place: Tensor) -> Tensor:
    """The vector at `place` (batch, time), for each position: (batch, time, channels)."""
    return values.gather(1, place[..., None].expand(-1, -1, values.shape[2]))
