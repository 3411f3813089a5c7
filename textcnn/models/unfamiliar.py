"""How much of a text training never saw."""

import torch
from torch import Tensor, nn

from textcnn.models.ngrams.beside import ngrams_of
from textcnn.text.vocabulary import PADDING, UNKNOWN

LONGEST = 2  # tokens: most longer n-grams of any new text are new


def unseen_shares(
    model: nn.Module, ids: Tensor, lengths: Tensor, seen_ids: int | None = None
) -> Tensor:
    """The share of the n-grams of each text that no training text holds.

    N-grams of one and two tokens count, with the start and the end of the text; without n-grams in
    the model, tokens alone. An empty text has 1.

    Args:
        ids: (batch, time) int64, PADDING after a text's end.
        lengths: (batch,) int64
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
            if tokens > LONGEST:
                break
            known = known + (index.table.look_up(keys) != PADDING).sum(dim=1)
            # with a mark at each end of the text
            total = total + torch.where(lengths > 0, lengths + 3 - tokens, 0).clamp(min=0)
    return torch.where(total > 0, 1 - known.double() / total.clamp(min=1), 1.0)
