"""What the windows of a convolution read: a text, extended beyond its ends.

Must agree with `textcnn.models.layers.padding`.
"""

import numpy as np

from textcnn.runtime.description import Convolution
from textcnn.text.vocabulary import PADDING


def margins(padding: str, span: int) -> tuple[int, int]:
    """How many positions windows of `span` see before a text's start and after its end."""
    if padding == "valid":
        return 0, 0
    if padding == "full":
        return span - 1, span - 1
    if padding == "causal":
        return span - 1, 0
    return (span - 1) // 2, span // 2


def extended(
    ids: np.ndarray, lengths: np.ndarray, convolution: Convolution, nowhere: int, shortest: int
) -> np.ndarray:
    """The ids that windows read, PADDING for the zero vector.

    Args:
        ids: (texts, time) int32, PADDING after a text's end; time is at least 1.
        lengths: (texts,) at least 1.
        nowhere: stands for what is in no window of a text.
        shortest: the smallest of the lengths.

    Returns:
        (texts, positions): with `nowhere` behind the last window of a text.
    """
    size, padding = convolution.kernel_size, convolution.padding
    left, right = margins(padding, size)
    longest = ids.shape[1]
    if left == right == 0 and shortest == longest >= size:
        return ids
    positions = np.maximum(lengths + left + right, size)  # (texts,) at least one window
    place = np.arange(int(positions.max())) - left
    if padding in ("reflect", "replicate", "circular"):
        source = inside(place, lengths[:, None], padding)  # (texts, positions)
        found = np.take_along_axis(ids, source, axis=1)
    else:
        found = np.full((len(ids), len(place)), PADDING, np.int32)
        found[:, left : left + longest] = ids[:, : len(place) - left]
    if shortest < longest:
        found[place >= (positions - left)[:, None]] = nowhere
    return found


def inside(place: np.ndarray, length: np.ndarray, padding: str) -> np.ndarray:
    """The position 0..length-1 whose token each place has, however far beyond an end."""
    if padding == "circular":
        return np.asarray(place % length)
    if padding == "replicate":
        return np.asarray(np.minimum(np.maximum(place, 0), length - 1))
    period = np.maximum(2 * (length - 1), 1)  # forth and back; 1 for a single token
    phase = place % period
    return np.asarray(np.minimum(phase, period - phase))
