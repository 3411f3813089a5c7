"""k-max: the largest features of a text, in the order in which they stand (Kalchbrenner 2014)."""

import torch
from torch import Tensor

from textcnn.models.features import Features


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
    # a sort, not topk: of equals the same must win, however far the text is padded
    largest = values.sort(dim=2, descending=True, stable=True).indices[..., :most]
    beyond = torch.arange(most, device=values.device) >= kept[:, None, None]  # (batch, 1, most)
    last = values.shape[2] - 1
    places = largest.masked_fill(beyond, last + 1).sort(dim=2).values.clamp(max=last)
    chosen = Features(features.values.gather(2, places), kept, features.field.whole())
    return chosen.zeroed(), places
