"""Logits of many texts by several processes, which share this one's memory: nothing is copied."""

import mmap
import os
import warnings
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

MIN_CHARACTERS = 2**17  # of a process; starting one takes some milliseconds

Logits = Callable[[Sequence[str]], np.ndarray]  # from texts to (texts, classes) float32


def in_processes(function: Logits, texts: Sequence[str], classes: int, count: int) -> np.ndarray:
    """`function(texts)`, on several cores.

    Where processes can't be forked (Windows), and for few texts, this process does all.

    Args:
        classes: columns of the result.
        count: processes, this one included.

    Raises:
        whatever `function` raises.
    """
    sizes = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)))
    total = int(sizes[-1]) if len(sizes) else 0
    count = min(count, total // MIN_CHARACTERS)
    if count < 2 or not hasattr(os, "fork"):
        return function(texts)
    ends = np.searchsorted(sizes, np.arange(1, count) * total // count).tolist()
    memory = mmap.mmap(-1, max(4 * len(texts) * classes, 1))
    logits = np.frombuffer(memory, np.float32, len(texts) * classes).reshape(-1, classes)
    shares = [*pairwise([0, *ends, len(texts)])]
    children = [fork(function, texts[a:b], logits[a:b]) for a, b in shares[1:]]
    try:
        done = [function(texts[slice(*shares[0])])]
    finally:
        codes = [os.waitpid(child, 0)[1] for child in children]
    for (first, last), code in zip(shares[1:], codes, strict=True):
        # what failed there fails here again, with its error
        done.append(function(texts[first:last]) if code else logits[first:last])
    return np.concatenate(done)


def fork(function: Logits, texts: Sequence[str], logits: np.ndarray) -> int:
    """Start a process that writes the logits of some texts, and return its number."""
    with warnings.catch_warnings():
        # of other threads, such as those of BLAS: the child starts none and waits for none
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        code = 1
        try:
            logits[:] = function(texts)
            code = 0
        finally:
            os._exit(code)  # nothing of this process is cleaned up twice
    return child
