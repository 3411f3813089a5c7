"""Optimizers by name."""

import inspect
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn, optim

from textcnn.system.private_torch import adam_step_, rows_and_values, without_compiler

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
        "adadelta": ("adadelta", optim.Adadelta),
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

    An L2 penalty and momentum change every row at every step, and Adadelta needs dense gradients.

    Args:
        sparse_from: rows from which on sparse gradients save work.
    """
    if len(table.weight) < sparse_from or not isinstance(optimizer, RowAdam | optim.SGD):
        return False
    changing = ("weight_decay", "momentum")
    return not any(
        group.get(name)
        for group in optimizer.param_groups
        if any(weight is table.weight for weight in group["params"])
        for name in changing
    )


class RowAdam(optim.Adam):
    """Adam that updates only the rows in the batch, for tables with sparse gradients.

    A batch has a few words of the vocabulary. A step of all rows would take longer than the rest of
    training. Adam spreads a gradient g over later steps by its running mean: step i applies
    (1 - β1) β1^i of it, all steps together g. A row isn't updated while it isn't in a batch, so
    RowAdam applies g at once: -rate x g / (√v + ε). Here v is the running mean of squares over the
    batches with that row; its bias correction counts the steps of the table.

    `optim.SparseAdam` applies (1 - β1) of a gradient at once, and the rest when the row comes
    again: it moves a rare word by a seventh of Adam's distance (numbers are in docs/models.md).
    """

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update all weights that have a gradient."""
        sparse = []
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None and weight.grad.is_sparse:
                    self.step_rows(weight, *seen_rows(weight.grad), group)
                    sparse.append((weight, weight.grad))
                    weight.grad = None  # Adam skips it
                elif self.state.get(weight) and "exp_avg" not in self.state[weight]:
                    # a run of one process is resumed with several, which have dense gradients
                    self.state[weight]["exp_avg"] = torch.zeros_like(weight)
        loss = inspect.unwrap(optim.Adam.step)(self, closure)
        for weight, gradient in sparse:
            weight.grad = gradient
        return loss

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load a state, laid out in memory as the weights are: the fused step assumes it."""
        super().load_state_dict(state_dict)
        for weight, state in self.state.items():
            for name, numbers in state.items():
                if numbers.shape == weight.shape:
                    state[name] = torch.empty_like(weight).copy_(numbers)

    def step_rows(
        self, table: Tensor, rows: Tensor, gradient: Tensor, group: dict[str, Any]
    ) -> None:
        """Update distinct rows (rows,) of a table, with their gradients (rows, dim)."""
        state = self.state[table]
        if not state:
            state["step"] = torch.zeros((), device=table.device)
            state["exp_avg_sq"] = torch.zeros_like(table)
        state["step"] += 1
        values, squares = (whole.index_select(0, rows) for whole in (table, state["exp_avg_sq"]))
        adam_step_(
            values,
            gradient,
            squares,
            state["step"],
            learning_rate=group["lr"],
            beta2=group["betas"][1],
            eps=group["eps"],
        )
        table.index_copy_(0, rows, values)
        state["exp_avg_sq"].index_copy_(0, rows, squares)


class RowAdamW(RowAdam):
    """RowAdam after weight decay: a step first multiplies weights by 1 - rate x decay.

    A row of a table with sparse gradients decays in the steps that update it.
    """

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group, whose `weight_decay` is decoupled from the gradient."""
        decay = param_group.get("weight_decay", self.defaults["weight_decay"])
        # Adam would add a decay of its own to the gradient
        super().add_param_group(param_group | {"weight_decay": 0.0, "decoupled_decay": decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update all weights that have a gradient."""
        for group in self.param_groups:
            if group["decoupled_decay"]:
                kept = 1 - group["lr"] * group["decoupled_decay"]
                for weight in group["params"]:
                    if weight.grad is None:
                        continue
                    if weight.grad.is_sparse:
                        rows, _ = seen_rows(weight.grad)
                        weight.index_copy_(0, rows, weight.index_select(0, rows) * kept)
                    else:
                        weight.mul_(kept)
        return inspect.unwrap(RowAdam.step)(self, closure)


def seen_rows(gradient: Tensor) -> tuple[Tensor, Tensor]:
    """The distinct rows (rows,) of a table's sparse gradient, and their gradients (rows, dim)."""
    rows, values = rows_and_values(gradient)
    if not bool((rows[1:] > rows[:-1]).all()):  # a row occurs twice, or the rows are unsorted
        return rows_and_values(gradient.coalesce())
    return rows, values
