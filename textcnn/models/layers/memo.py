"""What was computed from tensors, kept until one of them changes."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from textcnn.system.private_torch import version


class Memo:
    """Values by name. Copies and pickles are empty: addresses in memory mean nothing to them."""

    def __init__(self) -> None:
        self.made: dict[str, Kept] = {}

    def get(self, name: str, tensors: Sequence[Tensor], compute: Callable[[], Any]) -> Any:
        """What `compute` returns, computed anew only if one of the tensors has changed."""
        state = [(tensor.data_ptr(), version(tensor)) for tensor in tensors]
        made = self.made.get(name)
        if made is None or made.state != state:
            # outside of inference mode, so that training can use it later
            with torch.inference_mode(False), torch.no_grad():
                held = [tensor.detach() for tensor in tensors]
                made = self.made[name] = Kept(state, held, compute())
        return made.value

    def forget(self, name: str) -> None:
        self.made.pop(name, None)

    def __reduce__(self) -> tuple[Any, ...]:
        return Memo, ()


class Kept(NamedTuple):
    """A value, and what it was computed from."""

    state: list[tuple[int, int]]  # the address and the version of each tensor
    held: list[Tensor]  # the memory of the tensors, so that no other tensor gets an address
    value: Any
