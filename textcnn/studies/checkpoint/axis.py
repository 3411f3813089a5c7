"""The weights of a classifier that read the embedding, of which the second axis is its own."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from textcnn.models.classifier import TextCNN
from textcnn.models.encoders.bag import Bag
from textcnn.models.encoders.char_cnn import CharCnn
from textcnn.models.encoders.dcnn import Dcnn
from textcnn.models.encoders.dilated import Dilated
from textcnn.models.encoders.dpcnn import Dpcnn
from textcnn.models.encoders.gated import Gated
from textcnn.models.encoders.lstm import Lstm
from textcnn.models.encoders.multi_width import MultiWidth
from textcnn.models.encoders.nin import Nin
from textcnn.models.encoders.transformer import Transformer
from textcnn.models.encoders.vdcnn import Vdcnn
from textcnn.models.layers.pooling import AttentionPooling

# Any: what an encoder has is its own
READERS: dict[type[nn.Module], Callable[[Any], list[Tensor]]] = {
    MultiWidth: lambda encoder: [layer.weight for layer in encoder.convolutions],
    CharCnn: lambda encoder: [encoder.blocks[0].convolution.weight],
    Dilated: lambda encoder: [encoder.project.weight],
    Gated: lambda encoder: [encoder.project.weight],
    Transformer: lambda encoder: [encoder.project.weight],
    Nin: lambda encoder: [encoder.convolutions[0].weight],
    Vdcnn: lambda encoder: [encoder.first.weight],
    Dpcnn: lambda encoder: [encoder.region.weight],
    Lstm: lambda encoder: [
        side.weight_ih_l0
        for side in (encoder.layers[0].ahead, encoder.layers[0].back)
        if side is not None
    ],
}


def first_weights(model: TextCNN) -> list[Tensor] | str:
    """(filters, dimensions, ...) each; or why there are none to tell."""
    encoder = model.encoder
    if isinstance(encoder, Dcnn):
        return "dcnn keeps the rows of the embedding apart and adds neighbours: they have an order"
    if isinstance(encoder, Bag):
        return weights_behind_a_bag(model)
    if type(encoder) not in READERS:
        return f"it is not known what of {type(encoder).__name__} reads the embedding"
    return READERS[type(encoder)](encoder)


def weights_behind_a_bag(model: TextCNN) -> list[Tensor]:
    """Pooling keeps the dimensions, so the next layer reads them."""
    pooling = model.poolings[0]
    first = model.hidden[0] if len(model.hidden) else model.head
    assert isinstance(first, nn.Linear)
    attention = [pooling.project.weight] if isinstance(pooling, AttentionPooling) else []
    return [first.weight, *attention]
