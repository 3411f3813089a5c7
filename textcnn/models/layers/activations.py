"""Activation functions by name."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor


def identity(values: Tensor) -> Tensor:
    return values


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,
    "tanh": torch.tanh,
    "gelu": F.gelu,
    "elu": F.elu,
    "leaky_relu": F.leaky_relu,
    "none": identity,
}
# These never decrease, so max pooling may come before them, which leaves fewer numbers.
MONOTONE = frozenset({"relu", "tanh", "elu", "leaky_relu", "none"})
