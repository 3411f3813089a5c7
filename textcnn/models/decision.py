"""Which labels a text gets where it may have any number of them: the one rule for everyone."""

from collections.abc import Sequence

import torch
from torch import Tensor


def chosen(probabilities: Tensor, thresholds: Sequence[float]) -> Tensor:
    """A label is predicted if its probability is at least its threshold.

    Args:
        probabilities: (texts, labels) in 0..1, each by itself; one that is no number is below all.
        thresholds: one for each label.

    Returns:
        bool (texts, labels)
    """
    # float64, as Python compares: who reads both from JSON comes to the same labels
    limits = torch.tensor(thresholds, dtype=torch.float64, device=probabilities.device)
    return probabilities.double() >= limits
