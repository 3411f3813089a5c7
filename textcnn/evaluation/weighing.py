"""Weights of the branches of a model, chosen on validation texts."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor


def fit_weights(
    branches: Sequence[Tensor], labels: Tensor, start: Sequence[float], *, pull: float = 1.0
) -> Tensor:
    """Positive weights of logits whose weighted sum has the smallest cross-entropy.

    Args:
        branches: the logits (texts, classes) of each branch.
        labels: (texts,) int64, or for label sets (texts, classes) bool.
        start: the weights without any text.
        pull: how strongly the logarithms of the weights are pulled to the start, in nats for a
            factor of e^√2: a few texts that all branches classify correctly would otherwise ask
            for infinite weights.

    Returns:
        weights: (branches,) float32
    """
    logits = torch.stack([each.double() for each in branches])  # (branches, texts, classes)
    first = torch.tensor(start, dtype=torch.float64).log()
    logs = first.clone().requires_grad_()
    solver = torch.optim.LBFGS([logs], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        solver.zero_grad()
        summed = torch.einsum("b,btc->tc", logs.exp(), logits)
        if labels.ndim == 2:
            entropy = F.binary_cross_entropy_with_logits(
                summed, labels.double(), reduction="none"
            ).mean(dim=1)
        else:
            entropy = F.cross_entropy(summed, labels, reduction="none")
        total = entropy.sum() + pull * ((logs - first) ** 2).sum() / 2
        total.backward()
        return total

    with torch.inference_mode(False), torch.enable_grad():
        solver.step(loss)  # type: ignore[no-untyped-call]
    return logs.detach().exp().float()
