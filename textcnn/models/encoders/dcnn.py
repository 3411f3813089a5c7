"""The DCNN of Kalchbrenner 2014, "A Convolutional Neural Network for Modelling Sentences"."""

from collections.abc import Sequence
from functools import partial
from typing import cast

from torch import Tensor, nn

from textcnn.errors import InputError
from textcnn.models.encoders.encoder import Encoder
from textcnn.models.layers.activations import ACTIVATIONS
from textcnn.models.layers.convolution import Convolution
from textcnn.models.layers.features import Features
from textcnn.models.layers.field import ONE_TOKEN, Field
from textcnn.models.layers.k_max import k_max


class Dcnn(Encoder):
    """Wide convolutions within each row of the embedding, sums of row pairs, dynamic k-max pooling.

    Layer l of L keeps the max(k, ceil((L - l) / L x tokens)) largest features of each channel, so
    longer texts keep more. The last layer has none: the classifier's k-max pooling follows it.
    """

    def __init__(
        self,
        channels: int,
        *,
        kernel_sizes: Sequence[int],
        num_filters: Sequence[int],
        add_row_pairs: bool = True,
        dynamic_k: int = 4,
        padding: str = "full",
        activation: str = "tanh",
    ):
        """
        Args:
            channels: rows of the embedding; with `add_row_pairs` every layer halves them.
            num_filters: of each layer, in every row.
            dynamic_k: positions that every layer keeps at least; in the paper, k of the last
                pooling.
        """
        super().__init__()
        missing = -channels % 2 ** len(kernel_sizes)
        if add_row_pairs and missing:
            raise InputError(
                f"model.add_row_pairs halves the rows in each of {len(kernel_sizes)} layers, got "
                f"{channels} rows; try a model.embedding_dim larger by {missing}, or "
                "model.add_row_pairs=false"
            )
        rows, maps = channels, 1
        convolutions = []
        for kernel_size, filters in zip(kernel_sizes, num_filters, strict=True):
            # a group is a row; channels are ordered by row, then by map
            convolutions.append(
                Convolution(rows * maps, rows * filters, kernel_size, padding=padding, groups=rows)
            )
            rows, maps = rows // 2 if add_row_pairs else rows, filters
        self.convolutions = nn.ModuleList(convolutions)
        self.num_filters = tuple(num_filters)
        self.pairs_rows = add_row_pairs
        self.k = dynamic_k
        self.activation = ACTIVATIONS[activation]
        self.last_activation = activation
        self.channels = (rows * maps,)

    def forward(self, features: Features) -> tuple[Features, ...]:
        """(batch, rows x filters of the last layer, positions), before the last activation"""
        tokens, longest = features.lengths, features.time
        layers = len(self.num_filters)
        for layer, (convolution, filters) in enumerate(
            zip(self.convolutions, self.num_filters, strict=True), start=1
        ):
            if layer > 1:
                features = features.each(self.activation)
            features = convolution(features)
            if self.pairs_rows:
                features = features.each(partial(sum_row_pairs, filters=filters))
            if layer < layers:
                k = ((layers - layer) * tokens + layers - 1) // layers  # rounded up
                time = ((layers - layer) * longest + layers - 1) // layers
                features, _ = k_max(features, k.clamp(min=self.k), max(time, self.k))
        return (features,)

    def fields(self, field: Field = ONE_TOKEN) -> tuple[Field, ...]:
        for layer, convolution in enumerate(self.convolutions):
            # which features k-max keeps depends on the whole text
            field = cast(Convolution, convolution).field(field.whole() if layer else field)
        return (field,)

    def embedding_weights(self) -> list[Tensor]:
        raise NotImplementedError(
            "dcnn keeps the rows of the embedding apart and adds neighbours: they have an order"
        )


def sum_row_pairs(values: Tensor, filters: int) -> Tensor:
    """Adds every two neighbouring rows, map by map.

    Args:
        values: (batch, rows x filters, time)

    Returns:
        (batch, rows / 2 x filters, time)
    """
    batch, channels, time = values.shape
    return (
        values.reshape(batch, channels // filters // 2, 2, filters, time).sum(dim=2).flatten(1, 2)
    )
