"""R-Drop (Liang et al. 2021): two passes with different dropout should give the same answer."""

import torch
from torch import Tensor, nn

from textcnn.data.batching import Batch
from textcnn.models.build import ENCODERS
from textcnn.models.classifier import TextCNN
from textcnn.models.layers.embedding import WordDropout
from textcnn.training.objectives.losses import weighted_mean
from textcnn.training.objectives.objective import LogitsOf, LossOf


def r_drop(
    logits_of: LogitsOf, loss_of: LossOf, batch: Batch, *, weight: float, whole: bool
) -> tuple[Tensor, Tensor]:
    """The mean loss of two passes, plus `weight` times their divergence; the first pass's logits.

    Args:
        whole: pass through the whole network twice. Otherwise only what comes after pooling is
            computed twice, which gives the same if nothing is dropped before.
    """
    assert batch.labels is not None
    if whole:
        logits = logits_of(twice(batch.ids), twice(batch.lengths))  # (2 x batch, classes)
    else:
        logits = logits_of(batch.ids, batch.lengths, twice)
    first, second = logits.chunk(2)  # (batch, classes)
    apart = symmetric_divergence(first, second, multi_label=batch.labels.ndim == 2)  # (batch,)
    if batch.weights is None:
        mean = apart.mean()
    else:
        mean = weighted_mean(apart, batch.weights, batch.weights)
    return (loss_of(first, batch) + loss_of(second, batch)) / 2 + weight * mean, first


def twice(rows: Tensor) -> Tensor:
    """(batch, ...) to (2 x batch, ...)"""
    return torch.cat([rows, rows])


def symmetric_divergence(first: Tensor, second: Tensor, *, multi_label: bool) -> Tensor:
    """(batch,) the mean of the two Kullback-Leibler divergences between the answers, in nats.

    For one class per text: ½ Σ (p - q)(log p - log q) over the classes. As p and q sum to 1, the
    difference of the logits may stand for that of the log-probabilities. For label sets: the same
    of having a label and lacking it, as a mean over the labels.

    Args:
        first, second: logits (batch, classes)
    """
    if multi_label:
        return ((first.sigmoid() - second.sigmoid()) * (first - second)).mean(dim=1) / 2
    return ((first.softmax(dim=1) - second.softmax(dim=1)) * (first - second)).sum(dim=1) / 2


def drops_before_pooling(network: TextCNN) -> bool:
    """Whether two passes may differ before pooling; True for encoders that textcnn doesn't know."""
    if type(network.encoder) not in ENCODERS.values():
        return True
    before = (network.word_dropout, network.embedding_dropout, network.encoder)
    modules = [module for part in before for module in part.modules()]
    return any(isinstance(each, WordDropout | nn.Dropout) and each.p > 0 for each in modules)
