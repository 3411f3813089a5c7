"""Convolutions with about half of the multiplications (Winograd 1980, Lavin & Gray 2016).

Must agree with `textcnn.models.layers.convolution.convolve`, to 1e-5 of the largest number.

The m outputs of a tile of m positions are m sums of m products each, with shared weights. As in the
multiplication of polynomials (Toom 1963, Cook 1966), n = 2 m - 1 products replace those m²: each
multiplies a sum of inputs by a sum of weights, and the outputs are sums of them. With hundreds of
channels a product costs hundreds of times as much as a sum.

A kernel of k weights is q = ⌈k / m⌉ groups of m, the last one padded with zeros. The products of
all groups are added before the outputs are computed: each of the n is a convolution over q tiles.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, TypeGuard

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from textcnn.models.layers.convolution import Convolution, convolve
from textcnn.models.layers.features import pad
from textcnn.system.private_torch import with_parts

# Where the polynomials are evaluated, besides infinity, by m. Small numbers round best: bf16 holds
# the factors of inputs and products exactly.
POINTS = {3: (0.0, 1.0, -1.0, 2.0), 4: (0.0, 1.0, -1.0, 2.0, -2.0, 0.5)}
FEWEST_CHANNELS = 256  # with 128 the sums cost what they save
FEWEST_POSITIONS = 2048


def may_pay(module: nn.Module) -> TypeGuard[Convolution]:
    """Whether `pays` may hold for a layer, whatever its input."""
    return (
        isinstance(module, Convolution)
        and module.kernel_size >= 3
        and min(module.num_filters, module.channels) >= FEWEST_CHANNELS
        and module.stride == module.groups == 1
        and torch.is_grad_enabled()
    )


def by_winograd(convolution: Convolution) -> nn.Module:
    """The same layer, with `winograd` where it pays."""
    twin = with_parts(convolution, {})
    vars(twin)["product"] = winograd_or_convolve
    return twin


def winograd_or_convolve(
    values: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    *,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    groups: int = 1,
) -> Tensor:
    """`convolve`, by `winograd` where it pays."""
    if stride == dilation == groups == 1 and pays(values, weight):
        return winograd(pad(values, padding, padding), weight, bias)
    return convolve(
        values,
        weight,
        bias,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
    )


def pays(values: Tensor, weight: Tensor) -> bool:
    """Whether `winograd` is faster than `convolve`: with many channels, filters and positions.

    Only in training. Predictions are always rounded in the same way, however many texts are
    predicted together.
    """
    filters, channels, kernel_size = weight.shape
    return (
        values.device.type == "cpu"
        and kernel_size >= 3
        and min(filters, channels) >= FEWEST_CHANNELS
        and values.shape[0] * values.shape[2] >= FEWEST_POSITIONS
        and torch.is_grad_enabled()
        and weight.requires_grad
        and not torch.compiler.is_compiling()
    )


@dataclass(frozen=True)
class Transforms:
    """outputs = of_products · ((of_weights · weights) x (of_inputs · inputs))."""

    of_inputs: Tensor  # (n, n) float64
    of_weights: Tensor  # (n, m) float64
    of_products: Tensor  # (m, n) float64


@cache
def transforms(size: int) -> Transforms:
    """For tiles of `size` positions."""
    points = POINTS[size]
    of_inputs = np.zeros((2 * size - 1, 2 * size - 1))
    of_weights = np.zeros((2 * size - 1, size))
    for number, point in enumerate(points):
        others = points[:number] + points[number + 1 :]
        of_inputs[number, :-1] = np.polynomial.polynomial.polyfromroots(others)
        scale = np.prod([point - other for other in others])
        of_weights[number] = point ** np.arange(size) / scale
    of_inputs[-1] = np.polynomial.polynomial.polyfromroots(points)
    of_weights[-1, -1] = 1  # at infinity only the highest power counts
    of_products = np.vander([*points, 0.0], size, increasing=True).T
    of_products[:, -1] = np.arange(size) == size - 1
    return Transforms(*(torch.tensor(matrix) for matrix in (of_inputs, of_weights, of_products)))


def tile_size(kernel_size: int) -> int:
    """The tile with the fewest products for each output."""
    return min(POINTS, key=lambda size: -(-kernel_size // size) * (2 * size - 1) / size)


def winograd(values: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """F.conv1d up to rounding: at most 1e-5 of the largest number.

    Args:
        values: (batch, channels, time)
        weight: (num_filters, channels, kernel_size)

    Returns:
        (batch, num_filters, time - kernel_size + 1), the filters of a position adjacent in memory;
        under autocast in its precision.
    """
    convolved: Tensor = Winograd.apply(values.transpose(1, 2), weight, bias)
    windows = values.shape[2] - weight.shape[2] + 1
    return convolved[:, :windows].transpose(1, 2)


class Winograd(torch.autograd.Function):
    """From (batch, time, channels) to (batch, all positions of all tiles, num_filters)."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        lower = torch.is_autocast_enabled("cpu")
        precision = torch.get_autocast_dtype("cpu") if lower else weight.dtype
        filters, _, kernel_size = weight.shape
        size = tile_size(kernel_size)
        groups = -(-kernel_size // size)
        tiles = -(-(values.shape[1] - kernel_size + 1) // size)
        with torch.autocast("cpu", enabled=False):
            by_place = weight.permute(2, 0, 1)  # the order in memory
            parts = F.pad(by_place, (0, 0, 0, 0, 0, groups * size - kernel_size))
            parts = parts.unflatten(0, (groups, size)).permute(1, 2, 0, 3)
            weights = combine(transforms(size).of_weights, parts).to(precision)
            seen = in_tiles(values.to(precision), size, tiles + groups - 1)
            inputs = combine(transforms(size).of_inputs, seen)
            products = multiply(inputs, weights)
            phases = combine(
                transforms(size).of_products, products
            )  # (size, batch, tiles, filters)
        outputs = phases.new_empty(len(values), tiles, size, filters)
        if bias is None:
            outputs.copy_(phases.permute(1, 2, 0, 3))
        else:
            torch.add(phases.permute(1, 2, 0, 3), bias.to(precision), out=outputs)
        ctx.save_for_backward(inputs, weights)
        ctx.size, ctx.time, ctx.kernel_size = size, values.shape[1], kernel_size
        ctx.dtypes = values.dtype, weight.dtype
        return outputs.flatten(1, 2)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        inputs, weights = ctx.saved_tensors
        matrices, size = transforms(ctx.size), ctx.size
        of_values, of_weight = ctx.dtypes
        to_values, to_weight, to_bias = ctx.needs_input_grad
        values = weight = bias = None
        if to_bias:
            bias = gradient.sum(dim=(0, 1), dtype=of_weight)
        with torch.autocast("cpu", enabled=False):
            phases = gradient.unflatten(1, (-1, size)).permute(2, 0, 1, 3).contiguous()
            products = combine(matrices.of_products.t(), phases)
            inputs, weights = multiply_back(products, inputs, weights, to_values, to_weight)
            if to_values:
                seen = combine(matrices.of_inputs.t(), inputs)
                values = from_tiles(seen, size, ctx.time).to(of_values)
            if to_weight:
                parts = combine(matrices.of_weights.t(), weights.to(of_weight))
                by_place = parts.permute(2, 0, 1, 3).flatten(0, 1)[: ctx.kernel_size]
                weight = by_place.permute(1, 2, 0)  # (filters, channels, k)
        return values, weight, bias


def combine(matrix: Tensor, terms: Tensor) -> Tensor:
    """The product of a matrix (m, n) and terms (n, ...): (m, ...)."""
    return (matrix.to(terms.dtype) @ terms.flatten(1)).unflatten(1, terms.shape[1:])


def in_tiles(values: Tensor, size: int, tiles: int) -> Tensor:
    """All positions that the windows of each tile see: (2 x size - 1, batch, tiles, channels)."""
    missing = size * tiles + size - 1 - values.shape[1]
    values = F.pad(values, (0, 0, 0, max(missing, 0)))
    return torch.stack([values[:, first::size][:, :tiles] for first in range(2 * size - 1)])


def from_tiles(seen: Tensor, size: int, time: int) -> Tensor:
    """The backward pass of `in_tiles`: sums at each position of a text, (batch, time, channels)."""
    _, batch, tiles, channels = seen.shape
    sums = seen.new_zeros(batch, max(tiles + 1, -(-time // size)), size, channels)
    sums[:, :tiles] = seen[:size].permute(1, 2, 0, 3)
    sums[:, 1 : tiles + 1, :-1] += seen[size:].permute(1, 2, 0, 3)
    return sums.flatten(1, 2)[:, :time]


def multiply(inputs: Tensor, weights: Tensor) -> Tensor:
    """Each of the products, summed over channels and groups: (products, batch, tiles, filters).

    Args:
        inputs: (products, batch, tiles + groups - 1, channels)
        weights: (products, num_filters, groups, channels)
    """
    if weights.shape[2] == 1:  # not by a 1x1 convolution, for the reason given in `convolve`
        products = torch.bmm(inputs.flatten(1, 2), weights[:, :, 0].transpose(1, 2))
        return products.unflatten(1, inputs.shape[1:3])
    pairs = zip(inputs, weights, strict=True)
    return torch.stack([from_image(F.conv2d(as_image(i), as_image(w))) for i, w in pairs])


def multiply_back(
    products: Tensor, inputs: Tensor, weights: Tensor, to_inputs: bool, to_weights: bool
) -> tuple[Tensor, Tensor]:
    """The gradients of the inputs and weights of `multiply`; empty where not asked for.

    Args:
        products: the gradient of its result.
    """
    nothing = products.new_empty(0)
    if weights.shape[2] == 1:
        flat = products.flatten(1, 2)  # (products, batch x tiles, num_filters)
        left = torch.bmm(flat, weights[:, :, 0]).view_as(inputs) if to_inputs else nothing
        if not to_weights:
            return left, nothing
        return left, torch.bmm(flat.transpose(1, 2), inputs.flatten(1, 2)).unsqueeze(2)
    asked = [to_inputs, to_weights, False]
    found = [
        torch.ops.aten.convolution_backward(
            *(as_image(each) for each in triple),
            bias_sizes=None,
            stride=[1, 1],
            padding=[0, 0],
            dilation=[1, 1],
            transposed=False,
            output_padding=[0, 0],
            groups=1,
            output_mask=asked,
        )
        for triple in zip(products, inputs, weights, strict=True)
    ]
    return (
        torch.stack([from_image(each[0]) for each in found]) if to_inputs else nothing,
        torch.stack([from_image(each[1]) for each in found]) if to_weights else nothing,
    )


def as_image(each: Tensor) -> Tensor:
    """(batch, tiles, channels) to (batch, channels, 1, tiles), without a copy."""
    return each.transpose(1, 2).unsqueeze(2)


def from_image(image: Tensor) -> Tensor:
    """(batch, channels, 1, tiles) to (batch, tiles, channels), without a copy."""
    return image.squeeze(2).transpose(1, 2)
