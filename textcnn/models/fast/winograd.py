"""Convolutions with about half of the multiplications (Winograd 1980, Lavin & Gray 2016).

The m outputs of a tile of m positions are m sums of m products each, with weights that are shared.
As in the multiplication of polynomials (Toom 1963, Cook 1966) n = 2 m - 1 products of sums do in
place of m²: of sums of the inputs with sums of the weights; the outputs are sums of them. With
hundreds of channels a product costs hundreds of times what a sum does.

A kernel of k weights is q = ⌈k / m⌉ of m, the last filled up with zeros. Their products are added
up before anything is made of them: each of the n is a convolution over q tiles.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

# Where the polynomials are evaluated, besides at infinity, by m: numbers as small as possible,
# which round best. Sums of inputs and of products have factors that bf16 holds exactly.
POINTS = {3: (0.0, 1.0, -1.0, 2.0), 4: (0.0, 1.0, -1.0, 2.0, -2.0, 0.5)}


@dataclass(frozen=True)
class Sums:
    """outputs = of_products · ((of_weights · weights) x (of_inputs · inputs))."""

    of_inputs: Tensor  # (n, n) float64
    of_weights: Tensor  # (n, m) float64
    of_products: Tensor  # (m, n) float64


@cache
def sums(size: int) -> Sums:
    """Those of tiles of `size` positions."""
    points = POINTS[size]
    of_inputs = np.zeros((2 * size - 1, 2 * size - 1))
    of_weights = np.zeros((2 * size - 1, size))
    for number, point in enumerate(points):
        others = points[:number] + points[number + 1 :]
        of_inputs[number, :-1] = np.polynomial.polynomial.polyfromroots(others)
        scale = np.prod([point - other for other in others])
        of_weights[number] = point ** np.arange(size) / scale
    of_inputs[-1] = np.polynomial.polynomial.polyfromroots(points)
    of_weights[-1, -1] = 1  # at infinity the highest power counts
    of_products = np.vander([*points, 0.0], size, increasing=True).T
    of_products[:, -1] = np.arange(size) == size - 1
    return Sums(*(torch.tensor(matrix) for matrix in (of_inputs, of_weights, of_products)))


def tile_size(kernel_size: int) -> int:
    """That with the fewest products for each output."""
    return min(POINTS, key=lambda size: -(-kernel_size // size) * (2 * size - 1) / size)


def pays(values: Tensor, weight: Tensor) -> bool:
    """Whether `winograd` is faster than F.conv1d: with many channels, filters and positions.

    Only to train: predictions are rounded in one way, however many texts are predicted together.
    """
    filters, channels, kernel_size = weight.shape
    return (
        values.device.type == "cpu"
        and kernel_size >= 3
        and min(filters, channels) >= 256  # with 128 the sums cost what they save
        and values.shape[0] * values.shape[2] >= 2048
        and torch.is_grad_enabled()
        and weight.requires_grad
        and not torch.compiler.is_compiling()  # nor exporting
    )


def winograd(values: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """What F.conv1d makes, but for rounding: at most 1e-5 of the largest number.

    Args:
        values: (batch, channels, time)
        weight: (num_filters, channels, kernel_size)

    Returns:
        (batch, num_filters, time - kernel_size + 1), position by position in memory, under autocast
        in its precision.
    """
    made: Tensor = Winograd.apply(values.transpose(1, 2), weight, bias)
    windows = values.shape[2] - weight.shape[2] + 1
    return made[:, :windows].transpose(1, 2)


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
            by_place = weight.permute(2, 0, 1)  # as they lie in memory
            parts = F.pad(by_place, (0, 0, 0, 0, 0, groups * size - kernel_size))
            parts = parts.unflatten(0, (groups, size)).permute(1, 2, 0, 3)
            weights = combine(sums(size).of_weights, parts).to(precision)
            seen = in_tiles(values.to(precision), size, tiles + groups - 1)
            inputs = combine(sums(size).of_inputs, seen)
            products = multiply(inputs, weights)
            phases = combine(sums(size).of_products, products)  # (size, batch, tiles, filters)
        made = phases.new_empty(len(values), tiles, size, filters)
        if bias is None:
            made.copy_(phases.permute(1, 2, 0, 3))
        else:
            torch.add(phases.permute(1, 2, 0, 3), bias.to(precision), out=made)
        ctx.save_for_backward(inputs, weights)
        ctx.size, ctx.time, ctx.kernel_size = size, values.shape[1], kernel_size
        ctx.dtypes = values.dtype, weight.dtype
        return made.flatten(1, 2)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        inputs, weights = ctx.saved_tensors
        matrices, size = sums(ctx.size), ctx.size
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
    """Sums of the terms along the first dimension, with the factors of a row of the matrix each."""
    return (matrix.to(terms.dtype) @ terms.flatten(1)).unflatten(1, terms.shape[1:])


def in_tiles(values: Tensor, size: int, tiles: int) -> Tensor:
    """Of each tile all positions that its windows see: (2 x size - 1, batch, tiles, channels)."""
    missing = size * tiles + size - 1 - values.shape[1]
    values = F.pad(values, (0, 0, 0, max(missing, 0)))
    return torch.stack([values[:, first::size][:, :tiles] for first in range(2 * size - 1)])


def from_tiles(seen: Tensor, size: int, time: int) -> Tensor:
    """The sums at each position of a text (batch, time, channels): `in_tiles` backwards."""
    _, batch, tiles, channels = seen.shape
    made = seen.new_zeros(batch, max(tiles + 1, -(-time // size)), size, channels)
    made[:, :tiles] = seen[:size].permute(1, 2, 0, 3)
    made[:, 1 : tiles + 1, :-1] += seen[size:].permute(1, 2, 0, 3)
    return made.flatten(1, 2)[:, :time]


def multiply(inputs: Tensor, weights: Tensor) -> Tensor:
    """Each of the products, summed over channels and groups: (products, batch, tiles, filters).

    Args:
        inputs: (products, batch, tiles + groups - 1, channels)
        weights: (products, num_filters, groups, channels)
    """
    if weights.shape[2] == 1:  # not oneDNN's own 1x1 convolution: see `convolve`
        made = torch.bmm(inputs.flatten(1, 2), weights[:, :, 0].transpose(1, 2))
        return made.unflatten(1, inputs.shape[1:3])
    pairs = zip(inputs, weights, strict=True)
    return torch.stack([from_image(F.conv2d(as_image(i), as_image(w))) for i, w in pairs])


def multiply_back(
    products: Tensor, inputs: Tensor, weights: Tensor, to_inputs: bool, to_weights: bool
) -> tuple[Tensor, Tensor]:
    """From the gradient of `multiply` to those of inputs and weights, empty if not asked for."""
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
    """(batch, tiles, channels) to (batch, channels, 1, tiles), in memory the same."""
    return each.transpose(1, 2).unsqueeze(2)


def from_image(image: Tensor) -> Tensor:
    """(batch, channels, 1, tiles) to (batch, tiles, channels)."""
    return image.squeeze(2).transpose(1, 2)
