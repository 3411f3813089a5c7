"""Max pooling without overlap, by comparing tiles.

Must agree with `textcnn.models.layers.max_pool.largest`, exactly.

`F.max_pool2d` stores the index of each maximum, 8 bytes a number, and fills the gradient with
zeros before it scatters into it. This version compares whole slices, the first positions of all
tiles with the second and so on: once in the forward pass, and once in the backward pass.
"""

from typing import Any, TypeGuard

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from textcnn.models.layers.max_pool import MaxPool
from textcnn.system.private_torch import with_parts


def has_tiles(module: nn.Module) -> TypeGuard[MaxPool]:
    """Whether a layer is max pooling without overlap and without padding."""
    return (
        isinstance(module, MaxPool)
        and module.kernel_size == module.stride
        and module.left == module.right == 0
    )


def by_tiles(pool: MaxPool) -> nn.Module:
    """The same layer, with `tile_max`."""
    twin = with_parts(pool, {})
    vars(twin)["largest"] = largest
    return twin


def largest(values: Tensor, kernel_size: int, stride: int) -> Tensor:
    """(batch, channels, time) to (batch, channels, windows), for a stride of kernel_size."""
    return tile_max(values.transpose(1, 2), stride).transpose(1, 2)


def tile_max(values: Tensor, size: int) -> Tensor:
    """(batch, time, channels) to (batch, time // size, channels); drops an incomplete tile."""
    maxima: Tensor = TileMax.apply(values, size)
    return maxima


class TileMax(torch.autograd.Function):
    """`tile_max`; the first of equal values gets the gradient."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, size: int) -> Tensor:
        first, *others = slices(values, size)
        maxima = first.clone()
        for other in others:
            torch.maximum(maxima, other, out=maxima)
        ctx.save_for_backward(values, maxima)
        ctx.size = size
        return maxima

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        values, maxima = ctx.saved_tensors
        to_values = torch.empty(values.shape, dtype=values.dtype, device=values.device)
        to_values[:, maxima.shape[1] * ctx.size :] = 0
        # threshold_backward keeps the gradient where the difference is above almost 0;
        # torch.where and masked_fill take five times as long
        below = -torch.finfo(values.dtype).tiny
        outs = slices(to_values, ctx.size)
        for part, out in zip(slices(values, ctx.size)[:-1], outs, strict=False):
            difference = part - maxima
            torch.ops.aten.threshold_backward(gradient, difference, below, grad_input=out)
            gradient = gradient - out  # what is left for later positions of the tile
        outs[-1].copy_(gradient)
        return to_values, None


def slices(values: Tensor, size: int) -> tuple[Tensor, ...]:
    """The first position of each tile, the second and so on: each (batch, tiles, channels)."""
    tiles = values.shape[1] // size
    return values[:, : tiles * size].unflatten(1, (tiles, size)).unbind(2)
