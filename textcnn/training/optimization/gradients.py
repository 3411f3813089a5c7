"""The l2 norm of all gradients, and clipping to it; of tables also the gradients of rows."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from textcnn.training.optimization.rows import seen_rows


def gradient_norm(weights: Iterable[nn.Parameter]) -> Tensor:
    """The l2 norm of all gradients together: ()."""
    gradients = [weight.grad for weight in weights if weight.grad is not None]
    values = [seen_rows(each)[1] if each.is_sparse else each for each in gradients]
    return nn.utils.get_total_norm(values)


@torch.no_grad()
def clip_gradients(weights: Iterable[nn.Parameter], max_norm: float) -> Tensor:
    """Scale all gradients down to an l2 norm of at most `max_norm` (Pascanu 2013).

    Returns:
        The norm before: ().
    """
    weights = [weight for weight in weights if weight.grad is not None]
    norm = gradient_norm(weights)
    scale = (max_norm / (norm + 1e-6)).clamp(max=1.0)
    for weight in weights:
        assert weight.grad is not None
        if weight.grad.is_sparse:
            rows, values = seen_rows(weight.grad)
            size = weight.grad.shape
            weight.grad = torch.sparse_coo_tensor(
                rows[None], values * scale, size, check_invariants=False, is_coalesced=True
            )
        else:
            weight.grad.mul_(scale)
    return norm
