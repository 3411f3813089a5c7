"""Optimizers by name."""

from collections.abc import Iterable
from typing import Any

from torch import nn, optim

from textcnn.system.private_torch import without_compiler
from textcnn.training.optimization.rows import RowAdadelta, RowAdam, RowAdamW

# With fewer rows a batch has most of them, and selecting rows costs more than it saves.
SPARSE_FROM = 4096


def build_optimizer(
    name: str,
    parameters: Iterable[nn.Parameter] | Iterable[dict[str, Any]],
    *,
    learning_rate: float,
    **settings: Any,
) -> optim.Optimizer:
    """An optimizer, with PyTorch's names of `settings`.

    `adam` (Kingma & Ba 2015), `adamw` (Loshchilov & Hutter 2019), `adadelta` (Zeiler 2012) or
    `sgd`.

    Args:
        parameters: or groups of them, see `parameter_groups`.
    """
    optimizers = {
        "adam": ("adam", RowAdam),
        "adamw": ("adam", RowAdamW),
        "adadelta": ("adadelta", RowAdadelta),
        "sgd": ("sgd", optim.SGD),
    }
    function, kind = optimizers[name]
    if function == "adam":
        settings["fused"] = True  # one pass over the numbers instead of ten
    return without_compiler(function, kind)(parameters, lr=learning_rate, **settings)


def takes_rows(
    optimizer: optim.Optimizer, table: nn.Embedding, *, sparse_from: int = SPARSE_FROM
) -> bool:
    """Whether a table should have sparse gradients, of the rows in the batch (`table.sparse`).

    An L2 penalty and momentum change every row at every step.

    Args:
        sparse_from: rows from which on sparse gradients save work.
    """
    if len(table.weight) < sparse_from or not isinstance(
        optimizer, RowAdam | RowAdadelta | optim.SGD
    ):
        return False
    changing = ("weight_decay", "momentum")
    return not any(
        group.get(name)
        for group in optimizer.param_groups
        if any(weight is table.weight for weight in group["params"])
        for name in changing
    )
