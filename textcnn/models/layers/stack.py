"""Layers in sequence, each from Features to Features."""

from torch import Tensor, nn


class Stack(nn.Sequential):
    """Layers one after the other, each from Features to Features."""

    def positions(self, lengths: Tensor) -> Tensor:
        for layer in self:
            positions = getattr(layer, "positions", None)  # the others leave them as they are
            lengths = lengths if positions is None else positions(lengths)
        return lengths
