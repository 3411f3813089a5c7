"""How a model learns where in its text a token is."""

import math

import torch
from torch import Tensor, nn


class Position(nn.Module):
    """No position information. A subclass that has some is not `absent`, and may add channels."""

    absent = True
    extra = 0  # channels added

    def __init__(self, dim: int, max_positions: int):
        super().__init__()

    def forward(self, embedded: Tensor, lengths: Tensor) -> Tensor:
        """(batch, time, dim) to (batch, time, dim + extra)"""
        return embedded


class LearnedPosition(Position):
    """A learned vector for each position, added (Gehring 2017).

    All tokens from `max_positions` on share the last vector.
    """

    absent = False

    def __init__(self, dim: int, max_positions: int):
        super().__init__(dim, max_positions)
        self.table = nn.Parameter(torch.empty(max_positions, dim))
        nn.init.uniform_(self.table, -0.25, 0.25)  # as for the embeddings

    def forward(self, embedded: Tensor, lengths: Tensor) -> Tensor:
        positions = torch.arange(embedded.shape[1], device=embedded.device)
        return embedded + self.table[positions.clamp(max=len(self.table) - 1)]


class SinusoidalPosition(Position):
    """Sines and cosines of geometrically increasing wavelengths, added (Vaswani 2017)."""

    absent = False

    def forward(self, embedded: Tensor, lengths: Tensor) -> Tensor:
        time, dim = embedded.shape[1:]
        positions = torch.arange(time, device=embedded.device, dtype=torch.float32)
        channels = torch.arange(0, dim, 2, device=embedded.device, dtype=torch.float32)
        angles = positions[:, None] * torch.exp(-math.log(10_000.0) * channels / dim)
        waves = torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)[:, :dim]  # (time, dim)
        return embedded + waves.to(embedded.dtype)


class RampPosition(Position):
    """An extra channel, from -1 at a text's first token to 1 at its last (CoordConv, Liu 2018)."""

    absent = False
    extra = 1

    def forward(self, embedded: Tensor, lengths: Tensor) -> Tensor:
        positions = torch.arange(embedded.shape[1], device=embedded.device)
        ramp = 2 * positions / (lengths[:, None] - 1).clamp(min=1) - 1  # (batch, time)
        return torch.cat([embedded, ramp[..., None].to(embedded.dtype)], dim=2)


POSITIONS = {
    "none": Position,
    "learned": LearnedPosition,
    "sinusoidal": SinusoidalPosition,
    "ramp": RampPosition,
}
