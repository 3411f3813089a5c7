"""The precision of matrix products in training; weights, optimizer and losses are always fp32."""

import math
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, optim

from textcnn.errors import InputError
from textcnn.system.private_torch import supports_bf16

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
# by the names of torch.cpu.get_capabilities: x86 with AVX-512 or AMX, Arm with NEON or SVE
BF16_INSTRUCTIONS = ("avx512_bf16", "amx_bf16", "avx10_2", "bf16", "sve_bf16")


class Precision:
    """`fp32`, `bf16` or `fp16`: PyTorch's autocast, for fp16 with scaled gradients."""

    def __init__(self, name: str, device: torch.device):
        """
        Raises:
            InputError: fp16 on a CPU.
        """
        if name == "fp16" and device.type == "cpu":
            raise InputError(
                "training.precision must be fp32 or bf16 on a CPU, where fp16 is slower than fp32, "
                "got fp16; try training.precision=bf16"
            )
        self.device_type, self.dtype = device.type, DTYPES[name]
        # small gradients would be zero in fp16
        self.scaler = torch.amp.GradScaler(device.type, enabled=name == "fp16")

    def autocast(self) -> AbstractContextManager[Any]:
        """A context in which matrix products have this precision."""
        reduced = self.dtype is not torch.float32
        return torch.autocast(self.device_type, self.dtype, enabled=reduced)

    def scaled(self, loss: Tensor) -> Tensor:
        return self.scaler.scale(loss)

    def unscale(self, optimizer: optim.Optimizer) -> None:
        """Turn the gradients of the scaled loss into those of the loss."""
        self.scaler.unscale_(optimizer)

    def step(self, optimizer: optim.Optimizer) -> None:
        """A step with the unscaled gradients; no step if any is infinite or nan."""
        self.scaler.step(optimizer)
        self.scaler.update()

    def state(self) -> dict[str, Any]:
        """The state that `load_state` restores when a run is resumed."""
        return self.scaler.state_dict()

    def load_state(self, state: dict[str, Any]) -> None:
        """
        Raises:
            ValueError: it holds other things than numbers above 0, and a count.
        """
        if not isinstance(state, dict) or not all(
            type(value) in (int, float) and 0 <= value < math.inf for value in state.values()
        ):
            raise ValueError(f"the scale of the gradients is {state!r:.60}")
        if state:
            self.scaler.load_state_dict(state)

    def warning(self) -> str | None:
        """Why training will be slow, in one line; None if it won't."""
        if self.dtype is torch.bfloat16 and self.device_type == "cpu" and not has_bf16():
            return (
                "training.precision=bf16 is slower than fp32 on this CPU, which has no bf16 "
                "instructions; try training.precision=fp32"
            )
        return None


def has_bf16() -> bool:
    """Whether the CPU multiplies in bf16; True if PyTorch doesn't report it."""
    return supports_bf16(BF16_INSTRUCTIONS)
