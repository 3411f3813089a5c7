"""Parts of arrays that lie end to end."""

import numpy as np


def ranges(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """start, start + 1, ..., start + length - 1 for every start and length, end to end."""
    before = np.cumsum(lengths) - lengths  # number of values before each range
    numbers: np.ndarray = np.arange(lengths.sum()) + np.repeat(starts - before, lengths)
    return numbers
