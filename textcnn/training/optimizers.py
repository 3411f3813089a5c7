"""Optimisers by name."""

import inspect
import sys
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn, optim

# With fewer rows a batch holds most of them, and picking them out costs more than it saves.
SPARSE_FROM = 4096


def build_optimizer(
    name: str, parameters: Iterable[nn.Parameter], *, learning_rate: float, **settings: Any
) -> optim.Optimizer:
    """`adam` (Kingma & Ba 2015) or `adadelta` (Zeiler 2012); `settings` as PyTorch names them."""
    optimizers = {"adam": RowAdam, "adadelta": optim.Adadelta}
    if name == "adam":
        settings["fused"] = True  # one pass over the numbers instead of ten
    return without_compiler(name, optimizers[name])(parameters, lr=learning_rate, **settings)


def takes_rows(optimizer: optim.Optimizer, table: nn.Embedding) -> bool:
    """Whether the gradients of a table should be those of the rows seen alone (`table.sparse`).

    Weight decay moves every row at every step, and Adadelta can't do without the others.
    """
    decays = any(group["weight_decay"] for group in optimizer.param_groups)
    return isinstance(optimizer, RowAdam) and not decays and len(table.weight) >= SPARSE_FROM


class RowAdam(optim.Adam):
    """Adam that steps through the rows seen alone, where a table has sparse gradients.

    A batch holds a few words of the vocabulary, and a step of all rows would cost more than the
    rest of training. Adam spreads a gradient g over the steps to come, by its running mean:
    (1 - β1) β1^i of it in the i-th, g in all. A row can't be moved when it isn't seen, so it takes
    all of that at once: -rate x g / (√v + ε), with v the running mean of squares over the steps in
    which it was seen, corrected for its start by the steps of the table.

    `optim.SparseAdam` takes (1 - β1) of a gradient when it comes, and the rest when the row is seen
    again: a rare word moves by a seventh of what Adam moves it (docs/models.md has numbers).
    """

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Of all weights that have a gradient."""
        sparse = []
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None and weight.grad.is_sparse:
                    self.step_rows(weight, *seen_rows(weight.grad), group)
                    sparse.append((weight, weight.grad))
                    weight.grad = None  # Adam passes over it
                elif self.state.get(weight) and "exp_avg" not in self.state[weight]:
                    # a run that one process began goes on in several, with dense gradients
                    self.state[weight]["exp_avg"] = torch.zeros_like(weight)
        loss = inspect.unwrap(optim.Adam.step)(self, closure)
        for weight, gradient in sparse:
            weight.grad = gradient
        return loss

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """With each number where the weight has its own: the fused step goes by memory alone."""
        super().load_state_dict(state_dict)
        for weight, state in self.state.items():
            for name, numbers in state.items():
                if numbers.shape == weight.shape:
                    state[name] = torch.empty_like(weight).copy_(numbers)

    def step_rows(
        self, table: Tensor, rows: Tensor, gradient: Tensor, group: dict[str, Any]
    ) -> None:
        """Of the rows (rows,) of a table, each once, with their gradients (rows, dim)."""
        state = self.state[table]
        if not state:
            state["step"] = torch.zeros((), device=table.device)
            state["exp_avg_sq"] = torch.zeros_like(table)
        state["step"] += 1
        values, squares = (whole.index_select(0, rows) for whole in (table, state["exp_avg_sq"]))
        torch._fused_adam_(
            [values],
            [gradient],
            [gradient],  # the running mean of it with β1 = 0
            [squares],
            [],
            [state["step"]],
            lr=group["lr"],
            beta1=0.0,
            beta2=group["betas"][1],
            weight_decay=0.0,
            eps=group["eps"],
            amsgrad=False,
            maximize=False,
        )
        table.index_copy_(0, rows, values)
        state["exp_avg_sq"].index_copy_(0, rows, squares)


def seen_rows(gradient: Tensor) -> tuple[Tensor, Tensor]:
    """The rows (rows,) of a table's sparse gradient, each once, and their gradients (rows, dim)."""
    rows = gradient._indices()[0]
    if not bool((rows[1:] > rows[:-1]).all()):  # PyTorch doesn't remember where they are, and sorts
        gradient = gradient.coalesce()
    return gradient._indices()[0], gradient._values()


def without_compiler(name: str, kind: type[optim.Optimizer]) -> Any:
    """The optimiser without the import of PyTorch's compiler.

    To keep `torch.compile` away from its optimisers PyTorch imports all of it at their first use,
    which takes 1.6 seconds; nothing is compiled here. The functions that do the work are called
    directly, and so are the same. A PyTorch that marks them in another way imports as ever.

    Args:
        name: of the PyTorch function that does the work, and of its module.
    """
    functional = getattr(sys.modules[f"torch.optim.{name}"], name)
    methods = ("add_param_group", "zero_grad", "state_dict", "load_state_dict")
    for wrapped in (functional, *(getattr(optim.Optimizer, method) for method in methods)):
        function = inspect.unwrap(wrapped)
        function.__dynamo_disable = function
    step = torch.no_grad()(inspect.unwrap(kind.step))
    return type(kind.__name__, (kind,), {"step": step})
