"""Weights of the branches of a model, chosen on validation texts."""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from textcnn.data.batching import SCORED_TOKENS, EncodedTexts, sorted_batches
from textcnn.models.ngrams.beside import WithNgrams

START = (0.6, 0.6)  # without texts: both see the same words, so that their logits repeat each other
BATCH_SIZE = 512  # texts; affects time and memory, not the weights


def weigh_branches(model: WithNgrams, texts: EncodedTexts) -> None:
    """Set the weights of a network and of n-grams to those that fit these texts best."""
    device = model.weights.device
    branches: tuple[list[Tensor], list[Tensor]] = ([], [])
    labels: list[Tensor] = []
    targets: list[Tensor] = []
    model.eval()
    for rows in sorted_batches(texts.lengths, BATCH_SIZE, SCORED_TOKENS):
        batch = texts.batch(rows).to(device)
        assert batch.labels is not None
        with torch.inference_mode():
            branches[0].append(model.network(**batch.inputs).float().cpu())
            branches[1].append(model.ngrams(**batch.inputs).cpu())
        labels.append(batch.labels.cpu())
        if batch.targets is not None:
            targets.append(batch.targets.cpu())
    if labels:
        logits = [torch.cat(each) for each in branches]
        with torch.no_grad():
            soft = torch.cat(targets) if targets else None
            model.weights.copy_(fit_weights(logits, torch.cat(labels), START, targets=soft))


def fit_weights(
    branches: Sequence[Tensor],
    labels: Tensor,
    start: Sequence[float],
    *,
    targets: Tensor | None = None,
    pull: float = 1.0,
) -> Tensor:
    """Positive weights of logits whose weighted sum has the smallest cross-entropy.

    Args:
        branches: the logits (texts, classes) of each branch.
        labels: (texts,) int64, or for label sets (texts, classes) bool.
        start: the weights without any text.
        targets: (texts, classes), soft labels in place of `labels`; None: there are none.
        pull: how strongly the logarithms of the weights are pulled to the start, in nats for a
            factor of e^√2: a few texts that all branches classify correctly would otherwise ask
            for infinite weights.

    Returns:
        weights: (branches,) float32
    """
    from scipy.optimize import minimize  # imported here: it takes a while

    logits = torch.stack([each.double() for each in branches])  # (branches, texts, classes)
    first = torch.tensor(start, dtype=torch.float64).log()
    truth = labels if targets is None else targets.double()

    def loss(numbers: np.ndarray) -> tuple[float, np.ndarray]:
        with torch.inference_mode(False), torch.enable_grad():
            logs = torch.tensor(numbers, requires_grad=True)
            summed = torch.einsum("b,btc->tc", logs.exp(), logits)
            if labels.ndim == 2:
                entropy = F.binary_cross_entropy_with_logits(
                    summed, truth.double(), reduction="none"
                ).mean(dim=1)
            else:
                entropy = F.cross_entropy(summed, truth, reduction="none")
            total = entropy.sum() + pull * ((logs - first) ** 2).sum() / 2
            total.backward()
        assert logs.grad is not None
        return total.item(), logs.grad.numpy()

    found = minimize(loss, first.numpy(), jac=True, method="L-BFGS-B")
    return torch.from_numpy(found.x).exp().float()
