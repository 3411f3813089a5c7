"""Training n-grams by gradients, alone or together with a network."""

from collections.abc import Sequence

from torch import Tensor

from textcnn.data.batching import Batch
from textcnn.training.objectives.objective import LogitsOf, LossOf


def ngrams_alone(logits_of: LogitsOf, loss_of: LossOf, batch: Batch) -> tuple[Tensor, Tensor]:
    """Each text's own counts are left out: the ratios would give its label away."""
    logits = logits_of(batch.ids, batch.lengths, batch.labels)
    return loss_of(logits, batch), logits


def with_ngrams(
    logits_of: LogitsOf, loss_of: LossOf, batch: Batch, *, weights: Sequence[float]
) -> tuple[Tensor, Tensor]:
    """A loss for the sum, and one for each branch, so that neither starves.

    Args:
        weights: of the losses of the sum, of the network and of the n-grams.
    """
    network, ngrams = logits_of(batch.ids, batch.lengths, batch.labels)  # (batch, classes) each
    both = network + ngrams
    parts = zip(weights, (both, network, ngrams), strict=True)
    losses = [weight * loss_of(logits, batch) for weight, logits in parts if weight]
    loss = losses[0]
    for other in losses[1:]:
        loss = loss + other
    return loss, both
