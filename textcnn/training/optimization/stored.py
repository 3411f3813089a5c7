"""Whether a stored state of an optimizer fits the weights that it is loaded for.

PyTorch's fused steps read and write as many numbers as a weight has. They don't check that the
state has as many: a shorter one corrupts memory.
"""

from typing import Any

import torch
from torch import Tensor, optim

from textcnn.models.finite import all_finite

# Names of an optimizer's numbers for one weight: those it can't do without, and all.
NEEDED: dict[type[optim.Optimizer], tuple[str, ...]] = {
    optim.Adam: ("step", "exp_avg_sq"),  # RowAdam's tables have no exp_avg
    optim.Adadelta: ("step", "square_avg", "acc_delta"),
    optim.SGD: (),
}
KNOWN: dict[type[optim.Optimizer], tuple[str, ...]] = {
    optim.Adam: ("step", "exp_avg", "exp_avg_sq"),
    optim.Adadelta: ("step", "square_avg", "acc_delta", "row_step"),
    optim.SGD: ("momentum_buffer",),
}
NOT_NEGATIVE = ("step", "exp_avg_sq", "square_avg", "acc_delta", "row_step")


def fitting_optimizer_state(stored: Any, optimizer: optim.Optimizer) -> dict[str, Any]:
    """The stored state as `load_state_dict` takes it, with the settings of `optimizer`.

    Rates, decays and so on come from the run's configuration; only the numbers of each weight are
    taken from `stored`.

    Raises:
        ValueError: the numbers are of other weights, of another optimizer, or not finite.
    """
    own = optimizer.state_dict()["param_groups"]
    groups = stored.get("param_groups") if isinstance(stored, dict) else None
    if (
        not isinstance(groups, list)
        or not all(isinstance(group, dict) for group in groups)
        or [group.get("params") for group in groups] != [group["params"] for group in own]
    ):
        raise ValueError("the optimizer's state is of other groups of weights")
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    state = stored.get("state")
    if not isinstance(state, dict):
        raise ValueError("the optimizer's state holds no numbers of weights")
    kind = next(kind for kind in KNOWN if isinstance(unwrapped(optimizer), kind))
    for index, numbers in state.items():
        if type(index) is not int or not 0 <= index < len(weights) or not isinstance(numbers, dict):
            raise ValueError(f"the optimizer's state names no weight: {index!r:.40}")
        check_numbers(numbers, weights[index], index, kind)
    return {"state": state, "param_groups": own}


def unwrapped(optimizer: optim.Optimizer) -> optim.Optimizer:
    """The optimizer in the one that Accelerate made of it."""
    inner: optim.Optimizer = getattr(optimizer, "optimizer", optimizer)
    return inner


def check_numbers(
    numbers: dict[Any, Any], weight: Tensor, index: int, kind: type[optim.Optimizer]
) -> None:
    """
    Raises:
        ValueError: they are not what an optimizer of this kind keeps of a weight.
    """
    if not set(numbers) <= set(KNOWN[kind]) or (numbers and not set(NEEDED[kind]) <= set(numbers)):
        raise ValueError(f"the optimizer's state of weight {index} is of another optimizer")
    for name, value in numbers.items():
        if name == "momentum_buffer" and value is None:
            continue
        shape = {"step": torch.Size(), "row_step": weight.shape[:1]}.get(name, weight.shape)
        check_tensor(f"{name} of weight {index}", value, shape, torch.float32)
        if name in NOT_NEGATIVE and bool((value < 0).any()):
            raise ValueError(f"{name} of weight {index} has numbers below 0")
    if "row_step" in numbers:
        check_row_step(numbers["row_step"], numbers["step"], weight, index)


def check_row_step(row_step: Tensor, step: Tensor, weight: Tensor, index: int) -> None:
    """
    Raises:
        ValueError: they can't be the steps that last updated the rows of a table.
    """
    if weight.dim() != 2:
        raise ValueError(f"row_step of weight {index}, which has no rows: {tuple(weight.shape)}")
    if bool((row_step > step).any()):
        raise ValueError(f"row_step of weight {index} has numbers above its step")
    if bool((row_step != row_step.round()).any()):
        raise ValueError(f"row_step of weight {index} has numbers that are not whole")


def check_tensor(name: str, value: Any, shape: torch.Size, dtype: torch.dtype) -> None:
    """
    Raises:
        ValueError: `value` is not a dense tensor of this shape and type, or not finite.
    """
    if not isinstance(value, Tensor):
        raise ValueError(f"{name} is {value!r:.40}, expected a tensor")
    if value.device.type != "cpu" or value.layout is not torch.strided or value.is_quantized:
        raise ValueError(f"{name} is not a dense tensor")
    if value.shape != shape or value.dtype != dtype:
        raise ValueError(
            f"{name} is {tuple(value.shape)} {value.dtype}, expected {tuple(shape)} {dtype}"
        )
    if value.is_floating_point() and not all_finite(value):
        raise ValueError(f"{name} has numbers that are infinite or nan")
