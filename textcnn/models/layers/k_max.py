"""k-max: the largest features of a text, in the order in which they stand (Kalchbrenner 2014)."""

import torch
from torch import Tensor

from textcnn.models.layers.features import Features


def k_max(features: Features, k: Tensor, most: int) -> tuple[Features, Tensor]:
    """The k largest of each channel, in the order of the text; of equals the first.

    Args:
        k: (batch,) how many of each text: at least 1. A text with fewer positions keeps them all.
        most: how many positions the result has; no k is larger.

    Returns:
        features: (batch, channels, most), of min(k, its positions) positions for each text.
        places: (batch, channels, most) int64, where they stood; behind a text's own of no meaning.
    """
    features = features.at_least(most)
    kept = torch.minimum(k, features.lengths)
    values = features.values.masked_fill(features.outside, -torch.inf)
    # the least that is kept: a stable sort, which would do all, takes four times as long as topk
    order = (kept - 1)[:, None, None].expand(-1, values.shape[1], -1)
    least = values.topk(most, dim=2).values.gather(2, order)  # (batch, channels, 1)
    above, equal = values > least, values == least
    left = kept[:, None, None] - above.sum(dim=2, keepdim=True)  # for those that are equal to it
    chosen = above | (equal & (equal.cumsum(dim=2, dtype=torch.int32) <= left))
    rank = chosen.cumsum(dim=2).sub(1).masked_fill(~chosen, most)
    position = torch.arange(values.shape[2], device=values.device).expand_as(rank)
    places = torch.zeros_like(rank[..., :1]).repeat(1, 1, most + 1)
    places = places.scatter(2, rank, position)[..., :most]
    result = Features(features.values.gather(2, places), kept, features.field.whole())
    return result.zeroed(), places
