"""Mixup of sentence vectors (Guo, Mao & Zhang 2019, "senMixup", after Zhang et al. 2018)."""

from typing import Any

import torch
from torch import Tensor

from textcnn.data.batching import Batch
from textcnn.training.objectives.objective import LogitsOf, LossOf


def mixup(
    logits_of: LogitsOf, loss_of: LossOf, batch: Batch, *, alpha: float
) -> tuple[Tensor, Tensor]:
    """The loss of mixed texts, and their logits (batch, classes).

    Each text's pooled features are mixed with those of a random partner. The share of the text
    itself is drawn from Beta(alpha, alpha) for each batch; the larger part is the text's, so that
    the logits count as its answer. (Pairs are drawn equally often in both orders, so this changes
    no expectation.) The losses of both texts are mixed in the same shares.
    """
    drawn = draw_beta(alpha)
    share = max(drawn, 1 - drawn)
    partner = torch.randperm(len(batch.ids)).to(batch.ids.device)
    logits = logits_of(batch.ids, batch.lengths, lambda rows: rows.lerp(rows[partner], 1 - share))
    own, others = loss_of(logits, batch), loss_of(logits, reordered(batch, partner))
    return share * own + (1 - share) * others, logits


def reordered(batch: Batch, rows: Tensor) -> Batch:
    """The batch with its texts, and all that it says of them, in the order of `rows`."""
    parts: dict[str, Any] = {
        name: None if part is None else part[rows] for name, part in vars(batch).items()
    }
    return Batch(**parts)


def draw_beta(alpha: float) -> float:
    """A number between 0 and 1 from Beta(alpha, alpha)."""
    # in float32, small values of alpha underflow to 0.5
    concentration = torch.tensor(alpha, dtype=torch.float64)
    return torch.distributions.Beta(concentration, concentration).sample().item()
