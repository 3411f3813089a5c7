"""Boundary modes: what a window sees beyond the ends of its text.

| mode | windows | beyond the ends |
| --- | --- | --- |
| valid | all inside the text; one if the text is shorter than the kernel | zeros, in that one |
| zeros | one around each token | zero vectors |
| reflect | one around each token | the text mirrored at its first and last token |
| replicate | one around each token | the first and the last token repeated |
| circular | one around each token | the text continued from its other end |
| full | all that contain a token | zero vectors |
| causal | one that ends at each token | zero vectors |
"""

import torch
from torch import Tensor

from textcnn.models.layers.features import Features, pad


def margins(padding: str, span: int) -> tuple[int, int]:
    """How many positions windows of `span` see before a text's start and after its end."""
    if padding == "valid":
        return 0, 0
    if padding == "full":
        return span - 1, span - 1
    if padding == "causal":
        return span - 1, 0
    return (span - 1) // 2, span // 2  # a kernel of even size sees one more position to the right


def extend(features: Features, padding: str, left: int, right: int) -> Tensor:
    """All that windows see, padded at each text's own ends.

    Returns:
        (batch, channels, left + time + right)
    """
    if padding in ("reflect", "replicate", "circular") and left + right > 0:
        time = features.values.shape[2]
        position = torch.arange(-left, time + right, device=features.values.device)
        # (batch, left + time + right)
        source = inside(position, features.lengths[:, None], padding)
        values = features.values.transpose(1, 2)  # (batch, time, channels)
        index = source[..., None].expand(-1, -1, values.shape[2])
        return values.gather(1, index).transpose(1, 2)
    return pad(features.zeroed().values, left, right)


def inside(position: Tensor, length: Tensor, padding: str) -> Tensor:
    """The position 0..length-1 whose value each position has, however far beyond an end."""
    if padding == "circular":
        return position % length
    if padding == "replicate":
        return torch.minimum(position.clamp(min=0), length - 1)
    period = (2 * (length - 1)).clamp(min=1)  # forth and back; 1 for a single token
    phase = position % period
    return torch.minimum(phase, period - phase)
