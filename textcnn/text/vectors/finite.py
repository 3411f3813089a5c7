"""A check that the binary formats share: numbers must be finite."""

from pathlib import Path

import numpy as np

from textcnn.errors import InputError


def check_finite(path: Path, word: str, vector: np.ndarray) -> None:
    """
    Raises:
        InputError: the vector of a word holds a number that is not finite.
    """
    finite = np.isfinite(vector)
    if not finite.all():
        wrong = vector[~finite][0]
        raise InputError(
            f"{path}: the vector of {word!r} holds {wrong:g}, which is not a finite number; copy "
            "the file again or give another one"
        )
