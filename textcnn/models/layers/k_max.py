"""k-max: the k largest features of a text, in text order (Kalchbrenner 2014)."""

import torch
from torch import Tensor

from textcnn.models.layers.features import Features


def k_max(features: Features, k: Tensor, time: int) -> tuple[Features, Tensor]:
    """The k largest features of each channel, in text order; of equal ones the first.

    Args:
        k: (batch,) int64, at least 1. A text with fewer positions keeps them all.
        time: positions of the result, at least the largest k.

    Returns:
        features: (batch, channels, time), with min(k, its positions) positions of each text.
        positions: (batch, channels, time) int64, where the features were before; without meaning
            after a text's end.
    """
    features = features.at_least(time)
    kept = torch.minimum(k, features.lengths)
    values = features.values.masked_fill(features.outside, -torch.inf)
    # the smallest value that is kept; one stable sort would do everything, but takes four times
    # as long as topk
    order = (kept - 1)[:, None, None].expand(-1, values.shape[1], -1)
    least = values.topk(time, dim=2).values.gather(2, order)  # (batch, channels, 1)
    above, equal = values > least, values == least
    left = kept[:, None, None] - above.sum(dim=2, keepdim=True)  # to fill with equal values
    chosen = above | (equal & (equal.cumsum(dim=2, dtype=torch.int32) <= left))
    rank = chosen.cumsum(dim=2).sub(1).masked_fill(~chosen, time)
    position = torch.arange(values.shape[2], device=values.device).expand_as(rank)
    positions = torch.zeros_like(rank[..., :1]).repeat(1, 1, time + 1)
    positions = positions.scatter(2, rank, position)[..., :time]
    result = Features(features.values.gather(2, positions), kept, features.field.whole())
    return result.zeroed(), positions
