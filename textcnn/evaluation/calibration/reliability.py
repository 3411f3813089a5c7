"""How far stated probabilities are from observed frequencies."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

BINS = 15


@dataclass(frozen=True)
class Bin:
    """Predictions of similar confidence: a bar of a reliability diagram."""

    low: float  # the smallest and the largest confidence that belongs here
    high: float
    count: int
    confidence: float  # mean over the predictions; 0 without any
    accuracy: float  # the share that is true; 0 without any

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def equal_width_bins(confidences: Tensor, correct: Tensor, count: int = BINS) -> list[Bin]:
    """Bins (0, 1/count], (1/count, 2/count], ..., the first with 0 (Guo et al. 2017).

    Args:
        confidences: (predictions,) probabilities.
        correct: (predictions,) bool, or the share that is true.
    """
    edges = torch.linspace(0, 1, count + 1, dtype=torch.float64)
    places = torch.bucketize(confidences.double(), edges[1:-1].contiguous())
    return filled(edges.tolist(), places, confidences, correct)


def equal_mass_bins(confidences: Tensor, correct: Tensor, count: int = BINS) -> list[Bin]:
    """Bins with about as many predictions each; equal confidences share a bin.

    Arguments as for `equal_width_bins`.
    """
    if not len(confidences):
        return []
    ordered = confidences.double().sort().values
    places = torch.arange(1, count) * len(ordered) // count  # where the next bin begins
    inner = ordered[(places - 1).clamp(min=0)].unique()  # the largest confidence of each bin
    inner = inner[inner < ordered[-1]]
    edges = [ordered[0].item(), *inner.tolist(), ordered[-1].item()]
    return filled(edges, torch.bucketize(confidences.double(), inner), confidences, correct)


def filled(
    edges: Sequence[float], places: Tensor, confidences: Tensor, correct: Tensor
) -> list[Bin]:
    """
    Args:
        edges: (bins + 1,)
        places: (predictions,) int64, the bin of each.
    """
    count = len(edges) - 1

    def summed(values: Tensor) -> Tensor:
        return torch.zeros(count, dtype=torch.float64).index_add_(0, places, values.double())

    sizes = torch.bincount(places, minlength=count)
    means = [summed(each) / sizes.clamp(min=1) for each in (confidences, correct)]
    columns = [sizes.tolist(), *(mean.tolist() for mean in means)]
    return [Bin(*row) for row in zip(edges[:-1], edges[1:], *columns, strict=True)]


def calibration_error(bins: Sequence[Bin]) -> float:
    """The expected calibration error: the mean distance of accuracy and confidence of the bins,
    each weighted by its predictions (Naeini et al. 2015). 0 without any prediction."""
    total = sum(each.count for each in bins)
    return sum(each.count * abs(each.accuracy - each.confidence) for each in bins) / max(total, 1)


def brier_score(probabilities: Tensor, truth: Tensor) -> float:
    """The mean squared distance of probabilities and truth (Brier 1950): lower is better.

    With one class per text, the squares are summed over the classes, so that it is from 0 to 2.
    With label sets it is their mean over texts and labels, from 0 to 1.

    Args:
        probabilities: (texts, classes)
        truth: (texts,) int64; soft labels (texts, classes) of a floating type; or label sets
            (texts, classes) bool.
    """
    if not len(probabilities):
        return 0.0
    squares = probabilities.double() ** 2
    if truth.ndim == 1:
        own = probabilities.double().gather(1, truth[:, None])[:, 0]
        return (squares.sum(dim=1) - 2 * own + 1).mean().item()
    distances = (probabilities.double() - truth.double()) ** 2
    return (distances.mean() if truth.dtype == torch.bool else distances.sum(dim=1).mean()).item()
