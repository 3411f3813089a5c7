"""The weights that read the embedding: their second axis is the dimension of the embedding."""

from torch import Tensor, nn

from textcnn.models.classifier import TextCNN
from textcnn.models.layers.pooling import AttentionPooling


def first_weights(model: TextCNN) -> list[Tensor] | str:
    """The weights (filters, dimensions, ...) that read the embedding, or why there are none."""
    try:
        weights = model.encoder.embedding_weights()
    except NotImplementedError as reason:
        return str(reason)
    if not weights and len(model.hidden) and not isinstance(model.hidden[0], nn.Linear):
        return "the normalization of pooled features has numbers of its own for each dimension"
    return weights or weights_after_pooling(model)


def weights_after_pooling(model: TextCNN) -> list[Tensor]:
    """The weights that read the embedding if the encoder returns it as it is.

    Pooling keeps the dimensions, so the next layer reads them.
    """
    pooling = model.poolings[0]
    first = model.hidden[0] if len(model.hidden) else model.head
    assert isinstance(first, nn.Linear)
    attention = [pooling.project.weight] if isinstance(pooling, AttentionPooling) else []
    return [first.weight, *attention]
