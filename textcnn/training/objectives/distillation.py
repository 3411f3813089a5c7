"""Learning from a teacher's probabilities besides the labels (Hinton 2015)."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from textcnn.training.objectives.losses import Loss, weighted_mean


@dataclass(frozen=True)
class Distillation:
    """How much a student learns from its teacher.

    A text with a label counts (1 - w) x its usual loss + w x T² x the divergence of the student's
    probabilities from the teacher's, both at temperature T; a text without a label counts the last
    divergence with w = 1. T² keeps the gradient of the divergence as large as at T = 1.
    """

    temperature: float  # T
    weight: float  # w, from 0 to 1

    def loss(
        self,
        loss_of: Loss,
        logits: Tensor,
        labels: Tensor,
        teacher: Tensor,
        *,
        weights: Tensor | None = None,
        labelled: Tensor | None = None,
        targets: Tensor | None = None,
    ) -> Tensor:
        """A scalar in nats: the mean over the texts, by their weights.

        Args:
            loss_of: the usual loss.
            logits, teacher: (batch, classes)
            labels: (batch,) int64; for label sets (batch, classes) bool.
            weights: (batch,) of each text; None: all 1.
            labelled: (batch,) bool; None: all texts have a label.
            targets: (batch, classes), soft labels; None: hard labels.
        """
        counted = torch.ones_like(logits[:, 0]) if weights is None else weights  # (batch,)
        known = counted if labelled is None else counted * labelled
        of_labels = loss_of(logits, labels, weights if labelled is None else known, targets)
        share = known.sum() / counted.sum().clamp(min=torch.finfo(counted.dtype).tiny)
        soft = self.weight * known + (counted - known)
        divergences = self.temperature**2 * divergence(
            logits / self.temperature, teacher / self.temperature, labels.ndim == 2
        )
        of_teacher = weighted_mean(divergences * soft, torch.ones_like(counted), counted)
        return (1 - self.weight) * share * of_labels + of_teacher


def divergence(logits: Tensor, teacher: Tensor, multi_label: bool) -> Tensor:
    """The Kullback-Leibler divergence of the student from the teacher in nats: (batch,).

    For label sets the mean over the labels, each of which a text has or lacks.

    Args:
        logits, teacher: (batch, classes)
    """
    if multi_label:
        ours = torch.stack([F.logsigmoid(logits), F.logsigmoid(-logits)])
        theirs = torch.stack([F.logsigmoid(teacher), F.logsigmoid(-teacher)])
        return F.kl_div(ours, theirs, reduction="none", log_target=True).sum(dim=0).mean(dim=1)
    ours, theirs = logits.log_softmax(dim=1), teacher.log_softmax(dim=1)
    return F.kl_div(ours, theirs, reduction="none", log_target=True).sum(dim=1)
