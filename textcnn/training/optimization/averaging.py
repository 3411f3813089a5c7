"""Averages of the weights over the steps of training: exponential, or the mean of the last part.

Averages are means with weights that depend on the step alone, so an average whose weights didn't
change for some steps is caught up in one formula. Rows of a table with sparse gradients are caught
up when they change, and at validation: a step costs no more than its rows.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, optim

from textcnn.training.optimization.rows import seen_rows
from textcnn.training.optimization.stored import check_tensor

# The share that an average over `before` steps has in that over `now` steps; 0 for 0 steps.
Kept = Callable[[Any, int], Any]


def mean(before: Any, now: int) -> Any:
    """Uniform over all steps (Polyak & Juditsky 1992; Izmailov 2018)."""
    return before / now


def exponential(decay: float) -> Kept:
    """Step i of t counts decay^(t - i), and all steps together 1.

    So the first steps don't drag the initial weights along, as the bias correction of Adam does it.
    """

    def kept(before: Any, now: int) -> Any:
        return decay ** (now - before) * (1 - decay**before) / (1 - decay**now)

    return kept


class WeightAverage:
    """The average of a network's trained weights and of its statistics (of batch normalization).

    It follows the optimizer by hooks.
    """

    def __init__(self, network: Any, optimizer: optim.Optimizer, kept: Kept, skip: int = 0):
        """
        Args:
            network: TextCNN, Ngrams or WithNgrams.
            skip: steps before the first that counts.
        """
        self.network, self.kept, self.skip = network, kept, skip
        self.updates = 0  # of the optimizer
        self.values: dict[str, Tensor] = {}  # by name; empty before the first step that counts
        self.table = next(
            (name for name, weight in self.tensors().items() if weight is table_of(network)), None
        )
        self.rows_at: Tensor | None = None  # (rows,) the steps that each row's average covers
        optimizer.register_step_pre_hook(lambda *_: self.before_step())
        optimizer.register_step_post_hook(lambda *_: self.after_step())

    @property
    def steps(self) -> int:
        """The number of steps that count so far."""
        return max(self.updates - self.skip, 0)

    def tensors(self) -> dict[str, Tensor]:
        """What is averaged, as it is in the network."""
        trained: dict[str, Tensor] = {
            name: weight for name, weight in self.network.named_parameters() if weight.requires_grad
        }
        statistics = {
            name: buffer
            for name, buffer in self.network.named_buffers()
            if name.rpartition(".")[2].startswith("running_")
        }
        return trained | statistics

    @torch.no_grad()
    def before_step(self) -> None:
        """Catch up the rows that the step will change, while they have their old values."""
        table = table_of(self.network)
        if not self.steps or self.rows_at is None or table is None or table.grad is None:
            return
        if not table.grad.is_sparse:
            self.catch_up(torch.arange(len(table), device=table.device))
            self.rows_at = None  # from now on a dense tensor
            return
        self.catch_up(seen_rows(table.grad)[0])

    def catch_up(self, rows: Tensor) -> None:
        """Bring the average of rows (rows,) of the table to the steps so far."""
        assert self.rows_at is not None
        assert self.table is not None
        weight, average = self.tensors()[self.table], self.values[self.table]
        old, new = (whole.index_select(0, rows) for whole in (average, weight))
        average.index_copy_(0, rows, self.moved(old, new, self.rows_at[rows]))
        self.rows_at[rows] = self.steps

    def moved(self, average: Tensor, weight: Tensor, covers: Tensor) -> Tensor:
        """Rows of an average over `covers` (rows,) steps, over all steps, in which they stayed."""
        kept = self.kept(covers.double(), self.steps)  # (rows,)
        return average.lerp(weight, (1 - kept).to(weight.dtype)[:, None])

    @torch.no_grad()
    def after_step(self) -> None:
        """Count the weights after a step."""
        self.updates += 1
        if not self.steps:
            return
        tensors = self.tensors()
        if not self.values:
            self.begin(tensors)
        share = 1 - self.kept(self.steps - 1, self.steps)
        for name, average in self.values.items():
            if name != self.table or self.rows_at is None:
                average.lerp_(tensors[name], share)

    def begin(self, tensors: dict[str, Tensor]) -> None:
        self.values = {name: tensor.detach().clone() for name, tensor in tensors.items()}
        if self.table is not None and self.network.tables[0].sparse:
            weight = tensors[self.table]
            self.rows_at = torch.zeros(len(weight), dtype=torch.int64, device=weight.device)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The network has its average weights until the end of the context, if there are any."""
        if not self.values:
            yield
            return
        tensors = self.tensors()
        raw = {name: tensor.detach().clone() for name, tensor in tensors.items()}
        with torch.no_grad():
            for name, average in self.values.items():
                if name == self.table and self.rows_at is not None:
                    average = self.moved(average, tensors[name], self.rows_at)
                tensors[name].copy_(average)
        try:
            yield
        finally:
            with torch.no_grad():
                for name, tensor in tensors.items():
                    tensor.copy_(raw[name])

    def state(self) -> dict[str, Any]:
        """What `load_state` restores: the average, and the network's own weights."""
        raw = {name: tensor.detach().clone() for name, tensor in self.tensors().items()}
        state: dict[str, Any] = {"updates": self.updates, "values": self.values, "raw": raw}
        return state | ({} if self.rows_at is None else {"rows_at": self.rows_at})

    @torch.no_grad()
    def load_state(self, state: dict[str, Any]) -> None:
        """
        Raises:
            KeyError, TypeError, RuntimeError, ValueError: the state is of another network.
        """
        tensors = self.tensors()
        check_state(state, tensors, self.table)
        for name, tensor in tensors.items():
            tensor.copy_(state["raw"][name])
        self.updates = state["updates"]
        if not self.steps:
            return
        if not state["values"]:
            raise ValueError("the average holds no values")
        self.begin(tensors)
        for name, average in self.values.items():
            average.copy_(state["values"][name])
        if self.rows_at is not None:
            # processes of their own have dense gradients: their average covers all steps
            self.rows_at.fill_(self.steps)
        if "rows_at" in state:
            assert self.table is not None
            covers = torch.zeros(len(tensors[self.table]), dtype=torch.int64)
            covers = covers.copy_(state["rows_at"]).to(tensors[self.table].device)
            if self.rows_at is None:
                average = self.values[self.table]
                average.copy_(self.moved(average, tensors[self.table], covers))
            else:
                self.rows_at.copy_(covers)


def build_average(
    name: str,
    network: Any,
    optimizer: optim.Optimizer,
    *,
    decay: float,
    begins: float,
    steps: int | None,
) -> WeightAverage | None:
    """
    Args:
        name: `none`, `ema` or `tail`.
        decay: of `ema`.
        begins: the fraction of all steps after which `tail` begins.
        steps: of the whole run; None: unknown, which `tail` can't use.
    """
    if name == "none":
        return None
    if name == "ema":
        return WeightAverage(network, optimizer, exponential(decay))
    assert steps is not None
    return WeightAverage(network, optimizer, mean, skip=int(begins * steps))


def check_state(state: dict[str, Any], tensors: dict[str, Tensor], table: str | None) -> None:
    """Hold a stored state against what is averaged: `copy_` alone would repeat a shorter tensor.

    Args:
        table: the name of the table whose rows may lag behind.

    Raises:
        KeyError, TypeError, ValueError: the state is of another network, or not finite.
    """
    if type(state["updates"]) is not int or state["updates"] < 0:
        raise ValueError(f"updates of the average is {state['updates']!r:.40}")
    for kind in ("raw", "values") if state["values"] else ("raw",):
        for name, tensor in tensors.items():
            check_tensor(f"{kind} {name}", state[kind][name], tensor.shape, tensor.dtype)
    if "rows_at" in state:
        if table is None:
            raise ValueError("rows_at of the average, but the network has no table")
        rows = state["rows_at"]
        check_tensor("rows_at", rows, tensors[table].shape[:1], torch.int64)
        if bool(((rows < 0) | (rows > state["updates"])).any()):
            raise ValueError("rows_at of the average has numbers beyond its updates")


def table_of(network: Any) -> Tensor | None:
    """The first table (rows, dim) whose rows training updates: that of the embedding, if any."""
    return network.tables[0].weight if network.tables else None
