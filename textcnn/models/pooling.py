"""Pooling: from the features of every window of a text to one number per filter."""

import torch
from torch import Tensor


def max_over_time(features: Tensor, windows: Tensor) -> tuple[Tensor, Tensor]:
    """The largest feature of each filter over a text's own windows, and where it was.

    Args:
        features: (batch, filters, time); those of windows that are not the text's own become -inf,
            in place: a copy of them is what would cost most memory.
        windows: (batch,) int64, how many of the windows belong to the text: at least one.

    Returns:
        pooled: (batch, filters)
        winners: (batch, filters) int64, the window that won; the first of equals.
    """
    time = torch.arange(features.shape[2], device=features.device)
    outside = time >= windows[:, None, None]  # (batch, 1, time)
    return features.masked_fill_(outside, -torch.inf).max(dim=2)
