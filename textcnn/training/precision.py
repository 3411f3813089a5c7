"""The precision of matrix products in training; weights, optimiser and losses are fp32 in each."""

from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, optim

from textcnn.errors import InputError

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
# by the names of torch.cpu.get_capabilities: x86 with AVX-512 or AMX, Arm with NEON or SVE
BF16_INSTRUCTIONS = ("avx512_bf16", "amx_bf16", "avx10_2", "bf16", "sve_bf16")


class Precision:
    """`fp32`, `bf16` or `fp16`: PyTorch's autocast, and for fp16 its scaling of the gradients."""

    def __init__(self, name: str, device: torch.device):
        """
        Raises:
            InputError: fp16 on a CPU.
        """
        if name == "fp16" and device.type == "cpu":
            raise InputError(
                "training.precision takes fp32 or bf16 on a CPU, which is slower with fp16 than "
                "with fp32, got fp16; try training.precision=bf16"
            )
        self.device_type, self.dtype = device.type, DTYPES[name]
        # small gradients would be zero in fp16
        self.scaler = torch.amp.GradScaler(device.type, enabled=name == "fp16")

    def autocast(self) -> AbstractContextManager[Any]:
        """In it products are of this precision."""
        reduced = self.dtype is not torch.float32
        return torch.autocast(self.device_type, self.dtype, enabled=reduced)

    def scaled(self, loss: Tensor) -> Tensor:
        return self.scaler.scale(loss)

    def step(self, optimizer: optim.Optimizer) -> None:
        """A step down the gradients of the scaled loss, or none where they are infinite."""
        self.scaler.unscale_(optimizer)
        self.scaler.step(optimizer)
        self.scaler.update()

    def state(self) -> dict[str, Any]:
        """For `go_to`, when the run goes on."""
        return self.scaler.state_dict()

    def go_to(self, state: dict[str, Any]) -> None:
        if state:
            self.scaler.load_state_dict(state)

    def warning(self) -> str | None:
        """Why training would be slow, in one line."""
        if self.dtype is torch.bfloat16 and self.device_type == "cpu" and not has_bf16():
            return (
                "training.precision=bf16: this CPU has no instructions for bf16, so that it is "
                "slower than fp32"
            )
        return None


def has_bf16() -> bool:
    """Whether the CPU multiplies in bf16; true where PyTorch, before 2.11, can't tell."""
    known = getattr(torch.cpu, "get_capabilities", None)
    if known is not None:
        capabilities = known()
        return any(capabilities.get(name) is True for name in BF16_INSTRUCTIONS)
    asked = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return True if asked is None else bool(asked())
