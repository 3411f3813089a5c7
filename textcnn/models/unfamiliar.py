"""How much of a text training never saw."""

import torch
from torch import Tensor, nn

from textcnn.models.ngrams.beside import ngrams_of
from textcnn.text.vocabulary import PADDING, UNKNOWN


def unseen_shares(
    model: nn.Module,
    ids: Tensor,
    lengths: Tensor,
    *,
    longest: int,
    seen_ids: int | None = None,
) -> Tensor:
    """The share of the n-grams of each text that no training text holds.

    N-grams may begin at the start and end at the end of a text, which count as tokens then. Without
    n-grams in the model, single tokens count alone. An empty text has 1.

    Args:
        ids: (batch, time) int64, PADDING after a text's end.
        lengths: (batch,) int64
        longest: tokens of an n-gram, at most; the model may know shorter ones only.
        seen_ids: ids from here on are of tokens that training never saw; None: there are none.

    Returns:
        (batch,) float64
    """
    unseen = (ids == UNKNOWN) if seen_ids is None else (ids == UNKNOWN) | (ids >= seen_ids)
    known, total = lengths - unseen.sum(dim=1), lengths
    ngrams = ngrams_of(model)
    if ngrams is not None:
        index = ngrams.index
        for tokens, keys in enumerate(index.keys_by_length(ids, lengths), start=2):
            if tokens > longest:
                break
            known = known + (index.table.look_up(keys) != PADDING).sum(dim=1)
            # with a mark at each end of the text
            total = total + torch.where(lengths > 0, lengths + 3 - tokens, 0).clamp(min=0)
    return torch.where(total > 0, 1 - known.double() / total.clamp(min=1), 1.0)
