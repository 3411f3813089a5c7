"""One-dimensional convolutions over texts, each within that text's own ends."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from textcnn.models.layers.features import Features, pad
from textcnn.models.layers.field import Field
from textcnn.models.layers.padding import extend, margins


def convolve(
    values: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    *,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    groups: int = 1,
) -> Tensor:
    """F.conv1d, computed on an image of height one whose channels are adjacent in memory.

    F.conv1d copies values of this layout first. Forward and backward take it a fifth longer with
    256 filters, and twice as long with 64.
    """
    if weight.shape[2] == groups == 1:
        # oneDNN's own 1x1 convolution of this layout reads and writes out of bounds if the number
        # of threads has changed since its first call (PyTorch 2.13)
        tokens = values[..., ::stride].transpose(1, 2)  # (batch, windows, channels)
        return F.linear(tokens, weight[..., 0], bias).transpose(1, 2)
    convolved = F.conv2d(
        as_image(values),
        # `contiguous` would not change a single filter's layout, which PyTorch may refuse
        weight.unsqueeze(2).clone(memory_format=torch.channels_last),
        bias,
        stride=(1, stride),
        padding=(0, padding),
        dilation=(1, dilation),
        groups=groups,
    )
    return convolved.squeeze(2)  # (batch, num_filters, windows)


def as_image(values: Tensor) -> Tensor:
    """(batch, channels, 1, time), the channels of a position adjacent in memory."""
    return values.unsqueeze(2).contiguous(memory_format=torch.channels_last)


class Convolution(nn.Module):
    """A one-dimensional convolution, W x window + b (in mathematics: a cross-correlation)."""

    product = staticmethod(convolve)  # another function with the same results may replace it

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
            padding: a mode of `textcnn.models.layers.padding`.
        """
        super().__init__()
        # (num_filters, channels, kernel_size), in memory (kernel_size, num_filters, channels): the
        # order in which the fast way of n-gram maxima multiplies
        weight = torch.empty(kernel_size, num_filters, channels // groups).permute(1, 2, 0)
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(torch.empty(num_filters)) if bias else None
        self.channels, self.num_filters = channels, num_filters
        self.kernel_size, self.dilation = kernel_size, dilation
        self.stride, self.groups = stride, groups
        self.padding = padding
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weights and biases as nn.Conv1d does: U(-a, a), a = 1 / sqrt(inputs of a filter)."""
        bound = 1 / math.sqrt(self.weight[0].numel())
        drawn = torch.empty(self.weight.shape, device=self.weight.device)
        with torch.no_grad():  # drawn filter by filter, whatever the layout in memory
            self.weight.copy_(nn.init.uniform_(drawn, -bound, bound))
        if self.bias is not None:
            nn.init.uniform_(self.bias, -bound, bound)

    def positions(self, lengths: Tensor, dilation: int | None = None) -> Tensor:
        """The number of windows in texts of these lengths; at least one."""
        span = self.span(dilation or self.dilation)
        windows = lengths + sum(margins(self.padding, span)) - span
        return windows.div(self.stride, rounding_mode="floor").add(1).clamp(min=1)

    def field(self, field: Field, dilation: int | None = None) -> Field:
        """The tokens that a window sees, of features that see `field`."""
        dilation = dilation or self.dilation
        left, _ = margins(self.padding, self.span(dilation))
        return field.through(self.kernel_size, dilation, self.stride, left)

    def forward(self, features: Features, dilation: int | None = None) -> Features:
        """(batch, channels, time) to (batch, num_filters, windows).

        Args:
            dilation: replaces the layer's own, for weights shared between dilations.
        """
        dilation = dilation or self.dilation
        values = self.multiply(features, dilation)
        lengths = self.positions(features.lengths, dilation)
        convolved = Features(values, lengths, self.field(features.field, dilation))
        return convolved._knowing(finite=True, disposable=True)

    def multiply(self, features: Features, dilation: int) -> Tensor:
        """(batch, num_filters, windows)"""
        span = self.span(dilation)
        left, right = margins(self.padding, span)
        around = left if self.padding in ("zeros", "full") and left == right else 0
        if left == right == 0 and features._known.finite and features.covers(span):
            # windows inside a text read nothing else; the others have a gradient of 0, which
            # nan or infinite values would turn into nan
            extended = features.values
        elif around > 0:  # the product adds these zeros itself
            extended = features.zeroed().values
        else:
            extended = extend(features, self.padding, left, right)
        missing = max(span - extended.shape[2] - 2 * around, 0)
        return self.product(
            pad(extended, 0, missing),
            self.weight,
            self.bias,
            stride=self.stride,
            padding=around,
            dilation=dilation,
            groups=self.groups,
        )

    def multiply_adds(self, positions: int) -> int:
        """Multiply-adds with the kernel; the extra weights of a normalized kernel don't count."""
        return positions * self.weight.numel()

    def span(self, dilation: int) -> int:
        """Positions from the first of a window to its last."""
        return (self.kernel_size - 1) * dilation + 1

    def extra_repr(self) -> str:
        return (
            f"{self.channels}, {self.num_filters}, kernel_size={self.kernel_size}, "
            f"padding={self.padding}, dilation={self.dilation}, stride={self.stride}"
        )
