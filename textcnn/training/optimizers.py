"""Optimisers by name."""

import inspect
import sys
from collections.abc import Iterable
from typing import Any

import torch
from torch import nn, optim


def build_optimizer(
    name: str, parameters: Iterable[nn.Parameter], *, learning_rate: float, **settings: Any
) -> optim.Optimizer:
    """`adam` (Kingma & Ba 2015) or `adadelta` (Zeiler 2012); `settings` as PyTorch names them."""
    if (
        name == "adam"
    ):  # fused: one pass over the memory, in a fifth of the time of one per operation
        return without_compiler(optim.Adam)(parameters, lr=learning_rate, fused=True, **settings)
    return without_compiler(optim.Adadelta)(parameters, lr=learning_rate, **settings)


def without_compiler(kind: type[optim.Optimizer]) -> Any:
    """PyTorch's optimiser without the import of PyTorch's compiler.

    To keep `torch.compile` away from its optimisers PyTorch imports all of it at their first use,
    which takes 1.6 seconds; nothing is compiled here. The functions that do the work are called
    directly, and so are the same. A PyTorch that marks them in another way imports as ever.
    """
    functional = getattr(sys.modules[kind.__module__], kind.__name__.lower())
    methods = ("add_param_group", "zero_grad", "state_dict", "load_state_dict")
    for wrapped in (functional, *(getattr(optim.Optimizer, name) for name in methods)):
        function = inspect.unwrap(wrapped)
        function.__dynamo_disable = function
    step = torch.no_grad()(inspect.unwrap(kind.step))
    return type(kind.__name__, (kind,), {"step": step})
