"""Initial weights of a whole network, in place of those that each layer draws itself."""

import math

import torch
from torch import nn
from torch.nn.utils.parametrize import is_parametrized

from textcnn.models.classifier import TextCNN
from textcnn.models.layers.convolution import Convolution


def initialize(model: TextCNN, name: str, std: float | None) -> TextCNN:
    """The model with initial weights.

    Args:
        name: `uniform`, as each layer draws itself, or `kaiming`, see `draw_kaiming`.
        std: standard deviation of normal weights (Zhang 2015), before any name; None: as named.
    """
    if std is not None:
        draw_normal(model, std)
    elif name == "kaiming":
        draw_kaiming(model)
    return model


def draw_normal(model: TextCNN, std: float) -> None:
    """Draw weights of the encoder and all later layers from a normal distribution; biases are 0."""
    for part in (model.encoder, model.hidden, model.head):
        for name, parameter in part.named_parameters():
            if parameter.is_meta:  # will be replaced; drawing takes 2 seconds
                continue
            if name.endswith("bias"):
                nn.init.zeros_(parameter)
            elif parameter.dim() > 1:  # not weights of normalizations
                nn.init.normal_(parameter, std=std)


def draw_kaiming(model: TextCNN) -> None:
    """Draw weights before a ReLU so that features keep their variance (He 2015); biases are 0.

    What PyTorch draws leaves a sixth of the variance after each layer and ReLU: after six layers,
    texts differ by less than 0.1 % of the biases. First convolutions also undo the scale of the
    embedding. Layers of other kinds, and the head, keep their weights.
    """
    first = {*model.encoder.reading_convolutions().values()}
    for module in [*model.encoder.modules(), *model.hidden.modules()]:
        if not isinstance(module, Convolution | nn.Linear) or module.weight.is_meta:
            continue
        power = model.embedding.mean_square if module in first else 1.0
        std = math.sqrt(2 / (module.weight[0].numel() * power))
        drawn = nn.init.normal_(torch.empty(module.weight.shape), std=std)
        with torch.no_grad():
            if is_parametrized(module, "weight"):  # weight normalization
                module.weight = drawn
            else:
                module.weight.copy_(drawn)
            if module.bias is not None:
                module.bias.zero_()
