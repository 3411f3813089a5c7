"""Optimisers by name."""

from collections.abc import Iterable
from typing import Any

from torch import nn, optim


def build_optimizer(
    name: str, parameters: Iterable[nn.Parameter], *, learning_rate: float, **settings: Any
) -> optim.Optimizer:
    """`adam` (Kingma & Ba 2015) or `adadelta` (Zeiler 2012); `settings` as PyTorch names them."""
    optimizers = {"adam": optim.Adam, "adadelta": optim.Adadelta}
    return optimizers[name](parameters, lr=learning_rate, **settings)
