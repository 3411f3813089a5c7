"""The private names of PyTorch that textcnn uses, all in one place.

Each function says what its private name buys and what it does without: a PyTorch release may
rename or remove such names at any time. `find` looks them up at each call.
"""

import inspect
import sys
from collections.abc import Callable, Mapping
from copy import deepcopy
from itertools import count
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn, optim

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

CHANGES = count(1)  # for `version`: no two are equal


def find(owner: object, name: str) -> Any:
    """The attribute of that name; None if this PyTorch has none."""
    return getattr(owner, name, None)


# Modules


def unobserved_modules(*roots: nn.Module) -> list[nn.Module] | None:
    """The roots and all modules in them; None if somebody may watch or change their calls.

    That is so if a module has a hook, or a `forward` that was set on this object, and if there are
    hooks on all modules.

    Private: the dictionaries of hooks and of children, and `_has_any_global_hook`. They are read
    in 0.3 µs a module. No public function lists hooks: without these names the result is None.
    """
    any_global_hook = find(nn.modules.module, "_has_any_global_hook")
    if any_global_hook is None or any_global_hook():
        return None
    found = list(roots)
    try:
        for module in found:  # the list grows meanwhile
            state = module.__dict__
            if (
                state["_forward_hooks"]
                or state["_forward_pre_hooks"]
                or state["_backward_hooks"]
                or state["_backward_pre_hooks"]
                or "forward" in state
            ):
                return None
            children = state["_modules"]
            if children:
                found += [child for child in children.values() if child is not None]
    except KeyError:
        return None
    return found


def with_parts(module: nn.Module, parts: Mapping[str, nn.Module]) -> nn.Module:
    """A copy that shares all parameters and buffers, but has other modules at these paths.

    Private: the dictionary `_modules`, so that only modules on the way to a part are copied, in
    1 µs each. Without it the copy is a deep one of everything but parameters and buffers.
    """
    children = find(module, "_modules")
    if children is None:
        shared = {id(tensor): tensor for tensor in (*module.parameters(), *module.buffers())}
        new: nn.Module = deepcopy(module, shared)
        for path, part in parts.items():
            parent, _, name = path.rpartition(".")
            setattr(new.get_submodule(parent), name, part)
        return new
    new = object.__new__(type(module))
    new.__dict__.update(module.__dict__)
    new.__dict__["_modules"] = own = children.copy()
    deeper: dict[str, dict[str, nn.Module]] = {}
    for path, part in parts.items():
        name, _, rest = path.partition(".")
        if rest:
            deeper.setdefault(name, {})[rest] = part
        else:
            own[name] = part
    for name, below in deeper.items():
        own[name] = with_parts(children[name], below)
    return new


# Tensors


def version(tensor: Tensor) -> int:
    """A number that differs from the last one if the tensor has changed in place since.

    Private: `_version`, PyTorch's count of changes. Without it every call returns a new number, so
    everything computed from the tensor is computed again.
    """
    if tensor.is_inference():  # such tensors don't count
        return 0
    changes = find(tensor, "_version")
    return next(CHANGES) if changes is None else int(changes)


def rows_and_values(gradient: Tensor) -> tuple[Tensor, Tensor]:
    """The rows (n,) of a sparse gradient and their values (n, dim), in the order of memory.

    Private: `_indices` and `_values`, which also read a gradient that PyTorch doesn't know to be
    coalesced. Without them it is coalesced first, which sorts it.
    """
    indices, values = find(gradient, "_indices"), find(gradient, "_values")
    if indices is None or values is None:
        gradient = gradient.coalesce()
        return gradient.indices()[0], gradient.values()
    return indices()[0], values()


def matmul_transposed(left: Tensor, right: Tensor) -> Tensor:
    """left @ right.t(): (n, channels) and (rows, channels) to (n, rows).

    Private: oneDNN's `_linear_pointwise`, a tenth faster than `@` (which calls MKL) for the shapes
    of n-gram maxima. Used for float32 tensors on a CPU.
    """
    if left.dtype is torch.float32 and torch.backends.mkldnn.is_available():
        linear = find(torch.ops.mkldnn, "_linear_pointwise")
        if linear is not None:
            product: Tensor = linear(left, right, None, "none", [], "")
            return product
    return left @ right.t()


# Optimizers


def adam_step_(
    values: Tensor,
    gradient: Tensor,
    squares: Tensor,
    step: Tensor,
    *,
    learning_rate: float,
    beta2: float,
    eps: float,
) -> None:
    """A step of Adam without a running mean of gradients (β1 = 0): changes values and squares.

    Private: `_fused_adam_`, one pass over the numbers. Without it the same takes six passes.

    Args:
        squares: the running mean of the squares of the gradient.
        step: () float32, the number of this step, from 1.
    """
    fused = find(torch, "_fused_adam_")
    if fused is None:
        squares.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
        deviation = squares.sqrt().div_((1 - beta2 ** step.item()) ** 0.5).add_(eps)
        values.addcdiv_(gradient, deviation, value=-learning_rate)
        return
    fused(
        [values],
        [gradient],
        [gradient],  # the running mean of it with β1 = 0
        [squares],
        [],
        [step],
        lr=learning_rate,
        beta1=0.0,
        beta2=beta2,
        weight_decay=0.0,
        eps=eps,
        amsgrad=False,
        maximize=False,
    )


def without_compiler(name: str, kind: type[optim.Optimizer]) -> Any:
    """The optimizer without the import of PyTorch's compiler, which takes 1.6 seconds.

    PyTorch imports its compiler at the first use of an optimizer, to keep `torch.compile` away
    from it. textcnn compiles nothing. The subclass returned here calls the functions that do the
    work directly, so the numbers are the same.

    Private: the mark `__dynamo_disable` on a function that needs no compiler, and the wrapped
    functions of the optimizer. Without them the optimizer is returned as it is.

    Args:
        name: of the PyTorch function that does the work, and of its module.
    """
    functional = find(sys.modules.get(f"torch.optim.{name}"), name)
    if functional is None:
        return kind
    methods = ("add_param_group", "zero_grad", "state_dict", "load_state_dict")
    for wrapped in (functional, *(getattr(optim.Optimizer, method) for method in methods)):
        function = inspect.unwrap(wrapped)
        function.__dynamo_disable = function
    step = torch.no_grad()(inspect.unwrap(kind.step))
    return type(kind.__name__, (kind,), {"step": step})


# The rest


def supports_bf16(instructions: tuple[str, ...]) -> bool:
    """Whether the CPU has one of these instructions, by their names in get_capabilities.

    Private: `_is_avx512_bf16_supported`, for PyTorch before 2.11, which lacks the public
    `torch.cpu.get_capabilities`. Without both the answer is True.
    """
    capabilities: Callable[[], dict[str, Any]] | None = find(torch.cpu, "get_capabilities")
    if capabilities is not None:
        known = capabilities()
        return any(known.get(name) is True for name in instructions)
    supported = find(torch.cpu, "_is_avx512_bf16_supported")
    return True if supported is None else bool(supported())


def add_hyper_parameters(
    writer: "SummaryWriter", values: dict[str, Any], metrics: dict[str, float]
) -> None:
    """A row of TensorBoard's HPARAMS tab, in the event file of the run.

    Private: `_get_file_writer`. Without it the public `add_hparams` writes a second event file
    into the same directory.
    """
    get_file_writer = find(writer, "_get_file_writer")
    if get_file_writer is None:
        writer.add_hparams(values, metrics, run_name=".")
        return
    from torch.utils.tensorboard.summary import hparams  # only where TensorBoard is at work

    file_writer = get_file_writer()
    for summary in hparams(values, metrics):
        file_writer.add_summary(summary)
