"""The layers after pooling as one linear map, exact for the texts at hand."""

from torch import Tensor, nn

from textcnn.models.classifier import TextCNN
from textcnn.models.layers.normalization import PooledNorm, ResponseNorm


def linear_map(model: TextCNN, pooled: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
    """The logits of some classes as `matrix @ pooled + constant`.

    Hidden layers with ReLU are linear once it is known which units are on, and `ResponseNorm` once
    its norms are. Both differ from text to text.

    Args:
        pooled: (batch, pooled)
        classes: (batch, chosen) int64

    Returns:
        matrix: (batch, chosen, pooled) float64
        constant: (batch, chosen) float64
    """
    given = []  # the input of each hidden layer
    values = pooled
    for layer in model.hidden:
        given.append(values)
        values = layer(values)
    matrix = model.head.weight.double()[classes]  # (batch, chosen, width)
    constant = model.head.bias.double()[classes]  # (batch, chosen)
    for layer, inputs in zip(reversed(model.hidden), reversed(given), strict=True):
        if isinstance(layer, nn.Dropout):
            continue
        if isinstance(layer, nn.Linear):
            constant = constant + matrix @ layer.bias.double()
            matrix = matrix @ layer.weight.double()
        elif isinstance(layer, nn.ReLU):
            matrix = matrix * (inputs > 0)[:, None]
        elif isinstance(layer, ResponseNorm):
            matrix = matrix * layer.factors(inputs.double())[:, None]
        else:
            assert isinstance(layer, PooledNorm), "see is_linear"
            scale, shift = affine(layer)
            constant = constant + matrix @ shift
            matrix = matrix * scale
    return matrix, constant


def affine(norm: PooledNorm) -> tuple[Tensor, Tensor]:
    """Scale and shift (pooled,) of a batch normalization in evaluation."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
    return scale, norm.bias.double() - norm.running_mean.double() * scale


def depends_on_text(model: TextCNN) -> list[str]:
    """Why the same n-gram may weigh something else in another text, in words."""
    kinds = {type(layer) for layer in model.hidden}
    reasons = []
    if nn.ReLU in kinds:
        reasons.append("hidden layers weigh an n-gram by the units that the whole text turns on")
    if ResponseNorm in kinds:
        reasons.append("response normalization divides by the norm of the whole text")
    return reasons


def is_linear(model: TextCNN) -> bool:
    """Whether `linear_map` knows all layers after pooling."""
    known = (nn.Dropout, nn.Linear, nn.ReLU, ResponseNorm, PooledNorm)
    return type(model.head) is nn.Linear and all(isinstance(layer, known) for layer in model.hidden)
