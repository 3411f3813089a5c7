"""Other orders of the tokens of texts, without a loop over tokens.

An order is (tokens,) int64: which token of all texts, end to end, comes at each place. Tokens stay
in their text.
"""

import numpy as np


def positions_in(lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each token: the index of its text, and its position in that text; both (tokens,)."""
    text = np.repeat(np.arange(len(lengths)), lengths)
    starts = np.cumsum(lengths) - lengths
    return text, np.arange(len(text)) - starts[text]


def shuffled_blocks(lengths: np.ndarray, block: int, seed: int) -> np.ndarray:
    """The order with each text's blocks of `block` tokens shuffled; the last may be shorter.

    Args:
        lengths: (texts,) tokens of each text.
    """
    _, position = positions_in(lengths)
    return shuffled_runs(lengths, position % block == 0, seed)


def shuffled_runs(lengths: np.ndarray, first: np.ndarray, seed: int) -> np.ndarray:
    """The order with runs of tokens shuffled within each text; tokens within a run stay in order.

    Args:
        first: (tokens,) bool, the first token of each run; true for the first of each text.
    """
    text, position = positions_in(lengths)
    keys = np.random.default_rng(seed).random(int(first.sum()))
    key = keys[np.cumsum(first) - 1]  # for each token, the key of its run
    return np.lexsort((position, key, text))


def reversed_tokens(lengths: np.ndarray) -> np.ndarray:
    """The order with the last token of each text first."""
    text, position = positions_in(lengths)
    order: np.ndarray = np.cumsum(lengths)[text] - 1 - position
    return order
