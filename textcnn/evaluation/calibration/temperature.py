"""Scalings of logits, fitted on validation texts: a temperature, or Platt's for each label."""

import torch
import torch.nn.functional as F
from torch import Tensor

from textcnn.evaluation.weighing import fit_weights
from textcnn.runtime.calibration import LARGEST_FACTOR, LARGEST_OFFSET

ROUNDS = 50  # of Newton's method, at most; it takes about eight
TOLERANCE = 1e-9  # nats, by which a round still lowers the loss of a label


def fit_temperature(
    logits: Tensor, labels: Tensor, *, targets: Tensor | None = None, pull: float = 1.0
) -> float:
    """The temperature whose probabilities have the smallest log loss (Guo et al. 2017).

    Args:
        logits: (texts, classes)
        labels: (texts,) int64
        targets: (texts, classes), soft labels in place of `labels`.
        pull: how strongly the temperature is pulled to 1, in nats for a factor of e^√2. So few
            texts change little, and texts that are all classified correctly don't ask for 0.

    Returns:
        From 1 / LARGEST_FACTOR to LARGEST_FACTOR; 1 without any text.
    """
    if not len(logits):
        return 1.0
    factor = fit_weights([logits], labels, (1.0,), targets=targets, pull=pull).item()
    return 1 / min(max(factor, 1 / LARGEST_FACTOR), LARGEST_FACTOR)


def fit_platt(logits: Tensor, truth: Tensor, *, pull: float = 1.0) -> tuple[Tensor, Tensor]:
    """A slope and an offset for each label, with the smallest binary log loss (Platt 2000).

    Newton's method, for all labels at once. Its unknowns are the logarithm of the slope, which
    stays positive, and the offset.

    Args:
        logits: (texts, labels)
        truth: (texts, labels) bool, or probabilities.
        pull: as for `fit_temperature`; it pulls slopes to 1 and offsets to 0.

    Returns:
        slopes: (labels,) float64, from 1 / LARGEST_FACTOR to LARGEST_FACTOR.
        offsets: (labels,) float64, from -LARGEST_OFFSET to LARGEST_OFFSET.
    """
    inputs, wanted = logits.double(), truth.double()
    limits = torch.tensor([LARGEST_FACTOR]).double().log().item(), LARGEST_OFFSET
    numbers = inputs.new_zeros(2, inputs.shape[1])  # log slope and offset of each label
    loss = platt_loss(numbers, inputs, wanted, pull)  # (labels,)
    for _ in range(ROUNDS):
        step = newton_step(numbers, inputs, wanted, pull)
        better = torch.zeros_like(loss, dtype=torch.bool)
        before = loss
        for halving in range(10):  # a label takes the longest step that lowers its loss
            tried = numbers - step * 0.5**halving
            tried = torch.stack([n.clamp(-m, m) for n, m in zip(tried, limits, strict=True)])
            reached = platt_loss(tried, inputs, wanted, pull)
            takes = ~better & (reached < before)
            numbers, loss = torch.where(takes, tried, numbers), torch.where(takes, reached, loss)
            better |= takes
            if bool(better.all()):
                break
        if not bool((before - loss > TOLERANCE).any()):
            break
    return numbers[0].exp(), numbers[1]


def platt_loss(numbers: Tensor, inputs: Tensor, wanted: Tensor, pull: float) -> Tensor:
    """The loss (labels,) in nats, summed over texts; arguments as for `newton_step`."""
    scaled = inputs * numbers[0].exp() + numbers[1]
    entropy = F.binary_cross_entropy_with_logits(scaled, wanted, reduction="none").sum(dim=0)
    return entropy + pull * (numbers**2).sum(dim=0) / 2


def newton_step(numbers: Tensor, inputs: Tensor, wanted: Tensor, pull: float) -> Tensor:
    """The inverse Hessian times the gradient: (2, labels).

    The Hessian leaves out a term that could make it negative (Fisher scoring).

    Args:
        numbers: (2, labels) logarithms of slopes, and offsets.
        inputs, wanted: (texts, labels) logits and truth.
    """
    slopes, offsets = numbers[0].exp(), numbers[1]
    probabilities = (inputs * slopes + offsets).sigmoid()
    error, weight = probabilities - wanted, probabilities * (1 - probabilities)
    by_slope = inputs * slopes  # the derivative of the scaled logits
    gradient = torch.stack([(error * by_slope).sum(dim=0), error.sum(dim=0)]) + pull * numbers
    first = (weight * by_slope**2).sum(dim=0) + pull
    mixed = (weight * by_slope).sum(dim=0)
    second = weight.sum(dim=0) + pull
    determinant = first * second - mixed**2  # positive, as the pull is
    return torch.stack(
        [
            (second * gradient[0] - mixed * gradient[1]) / determinant,
            (first * gradient[1] - mixed * gradient[0]) / determinant,
        ]
    )
