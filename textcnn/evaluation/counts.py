"""Scores of classes from counts of texts, which add up over batches and processes.

Counts are (..., 3) int64: texts that have the class and are predicted to, that are predicted to,
and that have it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor


@dataclass(frozen=True)
class ClassScores:
    """Precision, recall and F1 of one class, from 0 to 1, and its number of texts."""

    label: str
    precision: float
    recall: float
    f1: float
    examples: int


def f1_scores(counts: Tensor) -> Tensor:
    """F1 (...) float64 of counts (..., 3); 0 if a label is neither true nor predicted.

    A single division of whole numbers, so that equal scores are equal to the last bit.
    """
    right, get, have = counts.double().unbind(dim=-1)
    return 2 * right / (get + have).clamp(min=1)


def class_scores(labels: Sequence[str], counts: Tensor) -> tuple[ClassScores, ...]:
    right, get, have = counts.double().unbind(dim=1)  # (labels,)
    precision, recall = right / get.clamp(min=1), right / have.clamp(min=1)
    columns = [part.tolist() for part in (precision, recall, f1_scores(counts), counts[:, 2])]
    return tuple(ClassScores(*row) for row in zip(labels, *columns, strict=True))


def over_processes(counts: Tensor, device: torch.device) -> Tensor:
    """The sum over all processes, if there are several."""
    if dist.is_available() and dist.is_initialized():
        counts = counts.to(device)  # NCCL needs them on the model's device
        dist.all_reduce(counts)
    return counts.cpu()
