"""Activation functions by name; must agree with `textcnn.models.layers.activations`."""

from collections.abc import Callable

import numpy as np


def relu(values: np.ndarray) -> np.ndarray:
    return np.maximum(values, np.float32(0))


def elu(values: np.ndarray) -> np.ndarray:
    return np.where(values > 0, values, np.expm1(np.minimum(values, 0)))


def leaky_relu(values: np.ndarray) -> np.ndarray:
    return np.where(values > 0, values, values * np.float32(0.01))


def gelu(values: np.ndarray) -> np.ndarray:
    return np.asarray(values * (1 + erf(values * np.float32(0.5**0.5))) * np.float32(0.5))


def erf(values: np.ndarray) -> np.ndarray:
    """To 1.5e-7 (Abramowitz & Stegun 1964, 7.1.26); NumPy has none."""
    t = 1 / (1 + 0.3275911 * np.abs(values))
    series = t * (
        0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))
    )
    return np.asarray(np.copysign(1 - series * np.exp(-values * values), values))


def identity(values: np.ndarray) -> np.ndarray:
    return values


ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "relu": relu,
    "tanh": np.tanh,
    "gelu": gelu,
    "elu": elu,
    "leaky_relu": leaky_relu,
    "none": identity,
}
# These never decrease, so max pooling may come before them, which leaves fewer numbers.
MONOTONE = frozenset({"relu", "tanh", "elu", "leaky_relu", "none"})
