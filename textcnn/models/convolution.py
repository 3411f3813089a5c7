"""Convolution and pooling windows over texts, each within that text's own ends."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from textcnn.models.features import Features
from textcnn.models.padding import extend, margins


class Convolution(nn.Module):
    """A one-dimensional convolution (as in the field: a cross-correlation), W x window + b."""

    def __init__(
        self,
        channels: int,
        num_filters: int,
        kernel_size: int,
        *,
        padding: str = "valid",
        dilation: int = 1,
        stride: int = 1,
        groups: int = 1,
        bias: bool = True,
    ):
        """
        Args:
            channels: numbers per position of the input.
            padding: a mode of `textcnn.models.padding`.
        """
        super().__init__()
        self.weight = nn.Parameter(torch.empty(num_filters, channels // groups, kernel_size))
        self.bias = nn.Parameter(torch.empty(num_filters)) if bias else None
        self.kernel_size, self.dilation = kernel_size, dilation
        self.stride, self.groups = stride, groups
        self.padding = padding
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """As nn.Conv1d begins: U(-a, a) with a = 1 / sqrt(inputs of a filter)."""
        bound = 1 / math.sqrt(self.weight[0].numel())
        nn.init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            nn.init.uniform_(self.bias, -bound, bound)

    def positions(self, lengths: Tensor, dilation: int | None = None) -> Tensor:
        """How many windows texts of so many positions have; at least one."""
        span = self.span(dilation or self.dilation)
        windows = lengths + sum(margins(self.padding, span)) - span
        return windows.div(self.stride, rounding_mode="floor").add(1).clamp(min=1)

    def forward(self, features: Features, dilation: int | None = None) -> Features:
        """(batch, channels, time) to (batch, num_filters, windows).

        `dilation`: in place of its own, for weights that are shared between dilations.
        """
        dilation = dilation or self.dilation
        span = self.span(dilation)
        left, right = margins(self.padding, span)
        extended = extend(features, self.padding, left, right)
        values = F.conv1d(
            F.pad(extended, (0, max(span - extended.shape[2], 0))),
            self.weight,
            self.bias,
            stride=self.stride,
            dilation=dilation,
            groups=self.groups,
        )
        lengths = self.positions(features.lengths, dilation)
        field = features.field.through(self.kernel_size, dilation, self.stride, left)
        return Features(values, lengths, field, disposable=True)

    def multiply_adds(self, positions: int) -> int:
        """Of the kernel: weight normalisation has parameters that take part in none."""
        return positions * self.weight.numel()

    def span(self, dilation: int) -> int:
        """Positions from the first of a window to its last."""
        return (self.kernel_size - 1) * dilation + 1

    def extra_repr(self) -> str:
        channels = self.weight.shape[1] * self.groups
        return (
            f"{channels}, {len(self.weight)}, kernel_size={self.kernel_size}, "
            f"padding={self.padding}, dilation={self.dilation}, stride={self.stride}"
        )


class MaxPool(nn.Module):
    """The largest of each channel in windows of `kernel_size` positions, `stride` apart.

    `padding="valid"`: windows inside the text, of a shorter text one; `"zeros"`: one around every
    stride-th position; `"causal"`: one that ends there. What lies over an end is never the largest.
    """

    def __init__(self, kernel_size: int, stride: int, padding: str = "valid"):
        super().__init__()
        self.kernel_size, self.stride = kernel_size, stride
        self.left, self.right = margins(padding, kernel_size)

    def positions(self, lengths: Tensor) -> Tensor:
        windows = lengths + self.left + self.right - self.kernel_size
        return windows.div(self.stride, rounding_mode="floor").add(1).clamp(min=1)

    def forward(self, features: Features) -> Features:
        """(batch, channels, time) to (batch, channels, windows)."""
        values = features.values.masked_fill(features.outside, -torch.inf)
        missing = max(self.kernel_size - self.left - self.right - values.shape[2], 0)
        values = F.pad(values, (self.left, self.right + missing), value=-torch.inf)
        values = F.max_pool1d(values, self.kernel_size, self.stride)
        field = features.field.through(self.kernel_size, 1, self.stride, self.left)
        pooled = Features(values, self.positions(features.lengths), field)
        # windows without any position of the text are -inf, of which gradients would become nan
        return pooled.zeroed()

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}"


def half_pool(padding: str) -> MaxPool:
    """Three positions to one, two apart: between convolutions of that padding."""
    return MaxPool(3, stride=2, padding="causal" if padding == "causal" else "zeros")


class Stack(nn.Sequential):
    """Layers one after the other, each from Features to Features."""

    def positions(self, lengths: Tensor) -> Tensor:
        for layer in self:
            positions = getattr(layer, "positions", None)  # the others leave them as they are
            lengths = lengths if positions is None else positions(lengths)
        return lengths
