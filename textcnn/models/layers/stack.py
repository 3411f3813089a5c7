"""Layers in sequence, each from Features to Features."""

from torch import Tensor, nn

from textcnn.models.layers.field import Field


class Stack(nn.Sequential):
    """Layers in sequence. Those without `positions` or `field` must change neither."""

    def positions(self, lengths: Tensor) -> Tensor:
        """The number of positions after all layers, for texts of these lengths."""
        for layer in self:
            count = getattr(layer, "positions", None)
            lengths = lengths if count is None else count(lengths)
        return lengths

    def field(self, field: Field) -> Field:
        """The tokens that each position sees after all layers, of features that see `field`."""
        for layer in self:
            through = getattr(layer, "field", None)
            field = field if through is None else through(field)
        return field
