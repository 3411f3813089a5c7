"""Which labels a text gets in multi-label classification: the one rule, used everywhere."""

from collections.abc import Sequence

import torch
from torch import Tensor


def chosen(probabilities: Tensor, thresholds: Sequence[float]) -> Tensor:
    """A label is predicted if its probability is at least its threshold.

    Args:
        probabilities: (texts, labels) in 0..1, independent of each other; nan is below everything.
        thresholds: one for each label.

    Returns:
        bool (texts, labels)
    """
    # float64, as in Python: anybody who reads both from JSON gets the same labels
    limits = torch.tensor(thresholds, dtype=torch.float64, device=probabilities.device)
    return probabilities.double() >= limits
