"""Max pooling over windows of positions, each within its text's own ends."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from textcnn.models.layers.convolution import as_image
from textcnn.models.layers.features import Features, pad
from textcnn.models.layers.field import Field
from textcnn.models.layers.padding import margins


def largest(values: Tensor, kernel_size: int, stride: int, padding: int = 0) -> Tensor:
    """F.max_pool1d of values (batch, channels, time) whose channels are adjacent in memory."""
    image = F.max_pool2d(as_image(values), (1, kernel_size), (1, stride), (0, padding))
    return image.squeeze(2)  # (batch, channels, windows)


class MaxPool(nn.Module):
    """The largest value of each channel in windows of `kernel_size` positions, `stride` apart.

    `padding="valid"`: windows inside the text; a shorter text has one. `"zeros"`: a window around
    every stride-th position. `"causal"`: a window that ends there. Positions outside a text are
    never the largest.
    """

    largest = staticmethod(largest)  # another function with the same results may replace it

    def __init__(self, kernel_size: int, stride: int, padding: str = "valid"):
        super().__init__()
        self.kernel_size, self.stride = kernel_size, stride
        self.left, self.right = margins(padding, kernel_size)

    def positions(self, lengths: Tensor) -> Tensor:
        """The number of windows in texts of these lengths; at least one."""
        windows = lengths + self.left + self.right - self.kernel_size
        return windows.div(self.stride, rounding_mode="floor").add(1).clamp(min=1)

    def field(self, field: Field) -> Field:
        """The tokens that a window sees, of features that see `field`."""
        return field.through(self.kernel_size, 1, self.stride, self.left)

    def forward(self, features: Features) -> Features:
        """(batch, channels, time) to (batch, channels, windows)."""
        field, lengths = self.field(features.field), self.positions(features.lengths)
        unpadded = self.left == self.right == 0
        if unpadded and features._known.finite and features.covers(self.kernel_size):
            # nothing to mask
            values = self.largest(features.values, self.kernel_size, self.stride)
            return Features(values, lengths, field)._knowing(finite=True)
        values = features.filled(-torch.inf)
        missing = max(self.kernel_size - self.left - self.right - values.shape[2], 0)
        # max_pool2d pads with -inf as well, but only by the same number on both sides
        around = self.left if self.left == self.right else 0
        values = pad(values, self.left - around, self.right - around + missing, -torch.inf)
        values = largest(values, self.kernel_size, self.stride, around)
        # windows without any position of the text are -inf, which would make gradients nan
        return Features(values, lengths, field).zeroed()._knowing(finite=True)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}"


def half_pool(padding: str) -> MaxPool:
    """Three positions to one, two apart: halves a map between convolutions of that padding."""
    return MaxPool(3, stride=2, padding="causal" if padding == "causal" else "zeros")
