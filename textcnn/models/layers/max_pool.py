"""Max pooling over windows of positions, each within its text's own ends."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from textcnn.models.fast.tile_max import tile_max
from textcnn.models.layers.convolution import as_image
from textcnn.models.layers.features import Features, pad
from textcnn.models.layers.padding import margins


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
        field = features.field.through(self.kernel_size, 1, self.stride, self.left)
        lengths = self.positions(features.lengths)
        if self.left == self.right == 0 and features.finite and features.covers(self.kernel_size):
            return Features(self.pool_inside(features.values), lengths, field, finite=True)
        values = features.filled(-torch.inf)
        missing = max(self.kernel_size - self.left - self.right - values.shape[2], 0)
        # what max_pool2d pads with is -inf too, but it can pad both sides alike only
        around = self.left if self.left == self.right else 0
        values = pad(values, self.left - around, self.right - around + missing, -torch.inf)
        values = F.max_pool2d(
            as_image(values), (1, self.kernel_size), (1, self.stride), (0, around)
        ).squeeze(2)
        # windows without any position of the text are -inf, of which gradients would become nan
        return Features(values, lengths, field).zeroed().but(finite=True)

    def pool_inside(self, values: Tensor) -> Tensor:
        """Of texts whose windows all lie inside, so that nothing has to be masked."""
        if self.kernel_size == self.stride:
            return tile_max(values.transpose(1, 2), self.stride).transpose(1, 2)
        return F.max_pool2d(as_image(values), (1, self.kernel_size), (1, self.stride)).squeeze(2)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}"


def half_pool(padding: str) -> MaxPool:
    """Three positions to one, two apart: between convolutions of that padding."""
    return MaxPool(3, stride=2, padding="causal" if padding == "causal" else "zeros")
