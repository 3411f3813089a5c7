"""The largest of every `size` neighbours, without overlap.

`F.max_pool2d` writes where each stood, 8 bytes a number, and fills the gradient with zeros before
it scatters into it. Here, each place of the tiles is compared as a whole, once on the way there and
once on the way back.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def tile_max(values: Tensor, size: int) -> Tensor:
    """(batch, time, channels) to (batch, time // size, channels); a rest at the end is left out."""
    largest: Tensor = TileMax.apply(values, size)
    return largest


class TileMax(torch.autograd.Function):
    """`tile_max`; of equals the first has the gradient."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, size: int) -> Tensor:
        first, *others = places(values, size)
        largest = first.clone()
        for place in others:
            torch.maximum(largest, place, out=largest)
        ctx.save_for_backward(values, largest)
        ctx.size = size
        return largest

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        values, largest = ctx.saved_tensors
        made = torch.empty(values.shape, dtype=values.dtype, device=values.device)
        made[:, largest.shape[1] * ctx.size :] = 0
        # torch.where and masked_fill would take five times as long as this, which is of one kind:
        # the gradient where a difference is above almost 0
        below = -torch.finfo(values.dtype).tiny
        outs = places(made, ctx.size)
        for place, out in zip(places(values, ctx.size)[:-1], outs, strict=False):
            less = place - largest
            torch.ops.aten.threshold_backward(gradient, less, below, grad_input=out)
            gradient = gradient - out  # what is left for those behind
        outs[-1].copy_(gradient)
        return made, None


def places(values: Tensor, size: int) -> tuple[Tensor, ...]:
    """The first position of each tile, the second and so on: each (batch, tiles, channels)."""
    tiles = values.shape[1] // size
    return values[:, : tiles * size].unflatten(1, (tiles, size)).unbind(2)
