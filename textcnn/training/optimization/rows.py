"""Optimizers that update only the rows of a table that occur in the batch."""

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, optim

from textcnn.system.private_torch import adam_step_, rows_and_values


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


class RowAdadelta(optim.Adadelta):
    """Adadelta that updates only the rows in the batch, for tables with sparse gradients.

    Without a gradient a row of `optim.Adadelta` stays as it is, and its two running means are
    multiplied by rho. RowAdadelta does that when the row comes again, for all steps that it missed:
    the weights are those of `optim.Adadelta`, but for rounding.
    """

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update all weights that have a gradient."""
        sparse = []
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                if weight.grad.is_sparse:
                    self.step_rows(weight, *seen_rows(weight.grad), group)
                    sparse.append((weight, weight.grad))
                    weight.grad = None  # Adadelta skips it
                elif "row_step" in self.state.get(weight, {}):
                    # a run of one process is resumed with several, which have dense gradients
                    self.catch_up(self.state[weight], group["rho"])
        loss = inspect.unwrap(optim.Adadelta.step)(self, closure)
        for weight, gradient in sparse:
            weight.grad = gradient
        return loss

    def step_rows(
        self, table: Tensor, rows: Tensor, gradient: Tensor, group: dict[str, Any]
    ) -> None:
        """Update distinct rows (rows,) of a table, with their gradients (rows, dim)."""
        rho, eps = group["rho"], group["eps"]
        state = self.state[table]
        if not state:
            state["step"] = torch.zeros((), device=table.device)
            state["square_avg"] = torch.zeros_like(table)
            state["acc_delta"] = torch.zeros_like(table)
        if "row_step" not in state:
            # the step that updated a row last; the type of the table, as load_state_dict makes it
            state["row_step"] = table.new_zeros(len(table)) + state["step"]
        state["step"] += 1
        squares, changes, row_step = (
            state[name].index_select(0, rows) for name in ("square_avg", "acc_delta", "row_step")
        )
        missed = rho ** (state["step"] - 1 - row_step)[:, None]
        squares.mul_(missed * rho).addcmul_(gradient, gradient, value=1 - rho)
        changes.mul_(missed)
        change = (changes + eps).sqrt_().div_((squares + eps).sqrt_()).mul_(gradient)
        changes.mul_(rho).addcmul_(change, change, value=1 - rho)
        table.index_add_(0, rows, change, alpha=-group["lr"])
        state["square_avg"].index_copy_(0, rows, squares)
        state["acc_delta"].index_copy_(0, rows, changes)
        state["row_step"].index_fill_(0, rows, state["step"].item())

    def catch_up(self, state: dict[str, Any], rho: float) -> None:
        """Bring the running means of all rows to the last step of their table."""
        missed = rho ** (state["step"] - state.pop("row_step"))[:, None]
        state["square_avg"].mul_(missed)
        state["acc_delta"].mul_(missed)


def seen_rows(gradient: Tensor) -> tuple[Tensor, Tensor]:
    """The distinct rows (rows,) of a table's sparse gradient, and their gradients (rows, dim)."""
    rows, values = rows_and_values(gradient)
    if not bool((rows[1:] > rows[:-1]).all()):  # a row occurs twice, or the rows are unsorted
        return rows_and_values(gradient.coalesce())
    return rows, values
