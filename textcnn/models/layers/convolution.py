"""Convolution and pooling windows over texts, each within that text's own ends."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from textcnn.models.fast.lookup import TokenFeatures, convolve_tokens
from textcnn.models.fast.winograd import pays, winograd
from textcnn.models.layers.features import Features, pad
from textcnn.models.layers.padding import extend, margins


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
            padding: a mode of `textcnn.models.layers.padding`.
        """
        super().__init__()
        # in memory place by place of the window: so `ngram_max` multiplies by it as it is
        weight = torch.empty(kernel_size, num_filters, channels // groups).permute(1, 2, 0)
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(torch.empty(num_filters)) if bias else None
        self.kernel_size, self.dilation = kernel_size, dilation
        self.stride, self.groups = stride, groups
        self.padding = padding
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """As nn.Conv1d begins: U(-a, a) with a = 1 / sqrt(inputs of a filter)."""
        bound = 1 / math.sqrt(self.weight[0].numel())
        drawn = torch.empty(self.weight.shape, device=self.weight.device)
        with torch.no_grad():  # in the order of a filter's numbers, however they lie in memory
            self.weight.copy_(nn.init.uniform_(drawn, -bound, bound))
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
        if isinstance(features, TokenFeatures) and self.looks_up(features):
            values = convolve_tokens(
                features,
                self.weight,
                self.bias,
                padding=self.padding,
                margins=(left, right),
                dilation=dilation,
            )
        else:
            values = self.multiply(features, left, right, dilation)
        lengths = self.positions(features.lengths, dilation)
        field = features.field.through(self.kernel_size, dilation, self.stride, left)
        return Features(values, lengths, field, finite=True, disposable=True)

    def looks_up(self, features: TokenFeatures) -> bool:
        """Whether a table of products is faster than a product for each position."""
        return self.kernel_size > 1 and self.stride == self.groups == 1 and features.repetitive

    def multiply(self, features: Features, left: int, right: int, dilation: int) -> Tensor:
        """(batch, num_filters, windows)"""
        around = left if self.padding in ("zeros", "full") and left == right else 0
        if left == right == 0 and features.finite and features.covers(self.span(dilation)):
            # own windows see nothing else, the others have a gradient of 0, which nan would spoil
            extended = features.values
        elif around > 0:  # zeros that need not be written
            extended = features.zeroed().values
        else:
            extended = extend(features, self.padding, left, right)
        missing = max(self.span(dilation) - extended.shape[2] - 2 * around, 0)
        return convolve(
            pad(extended, 0, missing),
            self.weight,
            self.bias,
            stride=self.stride,
            padding=around,
            dilation=dilation,
            groups=self.groups,
        )

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
    """What F.conv1d makes, as an image of height one with its channels side by side in memory.

    F.conv1d copies such values first; forward and backward take it a fifth longer with 256 filters,
    twice as long with 64. Where gradients are wanted and channels are many, `winograd` does it.
    """
    if weight.shape[2] == groups == 1:
        # oneDNN's own 1x1 convolution, of channels that lie so, reads and writes out of bounds when
        # the number of threads has changed since its first call (PyTorch 2.13)
        tokens = values[..., ::stride].transpose(1, 2)  # (batch, windows, channels)
        return F.linear(tokens, weight[..., 0], bias).transpose(1, 2)
    if stride == dilation == groups == 1 and pays(values, weight):
        return winograd(pad(values, padding, padding), weight, bias)
    made = F.conv2d(
        as_image(values),
        # `contiguous` would leave a single filter as it lies, which PyTorch may refuse
        weight.unsqueeze(2).clone(memory_format=torch.channels_last),
        bias,
        stride=(1, stride),
        padding=(0, padding),
        dilation=(1, dilation),
        groups=groups,
    )
    return made.squeeze(2)  # (batch, num_filters, windows)


def as_image(values: Tensor) -> Tensor:
    """(batch, channels, 1, time), position by position in memory."""
    return values.unsqueeze(2).contiguous(memory_format=torch.channels_last)
