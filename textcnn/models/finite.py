"""Whether numbers are finite: those of a network that diverged are not."""

import torch
from torch import Tensor

from textcnn.errors import InputError


def all_finite(tensor: Tensor) -> bool:
    """Whether no number is infinite or nan. It allocates nothing of the tensor's size."""
    if not tensor.numel() or not tensor.is_floating_point():
        return True
    low, high = torch.aminmax(tensor)  # both nan if any number is
    return bool(low.isfinite() and high.isfinite())


def finite(logits: Tensor) -> Tensor:
    """The same logits.

    Raises:
        InputError: a logit is infinite or nan, so nothing can be predicted.
    """
    if not all_finite(logits):
        raise InputError(
            "the network computes infinite numbers or nan for a text: its weights are too large, "
            "as after training that diverged; train again with a smaller optimizer.learning_rate"
        )
    return logits
