"""What training leaves unchanged in the process of a Python program."""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from accelerate.state import AcceleratorState, PartialState

ONE_AT_A_TIME = threading.Lock()  # random numbers and accelerate's state belong to the process


@contextmanager
def isolated() -> Iterator[None]:
    """Train without a trace: random numbers continue as if nothing had been drawn.

    Other threads that train wait. accelerate is left uninitialized if it was, so that the program
    can still choose its own precision.
    """
    with ONE_AT_A_TIME, torch.random.fork_rng():
        python, numpy = random.getstate(), np.random.get_state()
        # private names of accelerate: without them its state stays, as after its own training
        initialized = bool(getattr(PartialState, "_shared_state", True))
        reset = getattr(AcceleratorState, "_reset_state", None)
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)
            if not initialized and reset is not None:
                reset(reset_partial_state=True)
