"""Weights that distinguish the orders of two pips, found by linear programs instead of training.

They prove that such weights exist, even where training finds none (T2).
"""

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.optimize import linprog

from textcnn.models.encoders.multi_width import MultiWidth
from textcnn.models.layers.convolution import Convolution
from textcnn.studies.audio.listener import Listener
from textcnn.studies.audio.sound import Sound

Windows = NDArray[np.float64]  # (windows, samples)
MIN_MARGIN = 1e-3  # by which a maximum must be larger in one order; rounding errors are about 1e-12


def separating(one: Windows, other: Windows) -> NDArray[np.float64] | None:
    """A filter whose maximum is larger over `one` than over `other`; None if there is none.

    Such a filter exists exactly if a window of `one` lies outside the convex hull of `other`. That
    is a linear program for each window. The weights are between -1 and 1.
    """
    one, other = np.unique(one, axis=0), np.unique(other, axis=0)
    size = one.shape[1]
    for window in one:
        # the largest gap with w·y + gap ≤ w·window for all windows y of the other
        rows = np.hstack([other - window, np.ones((len(other), 1))])
        bounds = [(-1, 1)] * size + [(0, None)]
        found = linprog([0] * size + [-1], rows, np.zeros(len(rows)), bounds=bounds)
        if -found.fun > MIN_MARGIN:
            weights: NDArray[np.float64] = found.x[:size]
            return weights
    return None


def set_separating_weights(listener: Listener, falling: Sound, rising: Sound) -> bool:
    """Set weights that distinguish two sounds, in a network for waveforms.

    Each of two filters is larger for one of the sounds. Their ratio decides, so the loudness does
    not matter.

    Returns:
        False if no such weights exist; the network is then unchanged.
    """
    assert isinstance(listener.encoder, MultiWidth)
    (convolution,) = listener.encoder.convolutions
    assert isinstance(convolution, Convolution)
    assert convolution.bias is not None
    seen = [
        sliding_window_view(sound.astype(np.float64), convolution.kernel_size)
        for sound in (falling, rising)
    ]
    filters = [separating(seen[0], seen[1]), separating(seen[1], seen[0])]
    if any(each is None for each in filters):
        return False
    kernels = np.stack([each for each in filters if each is not None])  # (2, samples)
    # the maxima of both filters, in the falling and the rising sound; those of silence are 0
    falls, rises = ((windows @ kernels.T).max(axis=0).clip(min=MIN_MARGIN) for windows in seen)
    ratio = np.sqrt(falls[0] / falls[1] * rises[0] / rises[1])
    with torch.no_grad():
        for parameter in (convolution.weight, convolution.bias, *listener.head.parameters()):
            parameter.zero_()
        convolution.weight[:2, 0] = torch.from_numpy(kernels)
        listener.head.weight[0, 0], listener.head.weight[1, 1] = 1.0, float(ratio)
    return True
