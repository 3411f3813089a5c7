"""Pooling of maps of texts of the same length; must agree with `textcnn.models.layers.pooling`."""

import numpy as np


def pool(
    name: str, values: np.ndarray, places: int, attention: tuple[np.ndarray, ...] = ()
) -> np.ndarray:
    """(positions, texts, channels) to (texts, channels x places), those of a channel adjacent.

    Args:
        places: numbers of each channel; those beyond a text's positions are 0.
        attention: weight (channels, channels), bias and score (channels,).
    """
    if name == "max":
        return np.asarray(values.max(axis=0))
    if name == "mean":
        return np.asarray(values.mean(axis=0))
    if name == "sum":
        return np.asarray(values.sum(axis=0))
    if name == "attention":
        return attended(values, *attention)
    kept = {"kmax": k_max, "chunk_max": chunk_max, "flatten": flatten}[name](values, places)
    pooled = np.zeros((*values.shape[1:], places), np.float32)  # (texts, channels, places)
    pooled[..., : len(kept)] = kept.transpose(1, 2, 0)
    return pooled.reshape(len(pooled), -1)


def k_max(values: np.ndarray, k: int) -> np.ndarray:
    """The k largest of each channel in text order, of equal ones the first; or all."""
    order = np.argsort(-values, axis=0, kind="stable")[:k]
    return np.take_along_axis(values, np.sort(order, axis=0), axis=0)


def chunk_max(values: np.ndarray, chunks: int) -> np.ndarray:
    """The largest of each chunk; 0 for an empty one. Position p of n is in chunk p chunks // n."""
    chunk = np.arange(len(values)) * chunks // len(values)
    found = np.zeros((chunks, *values.shape[1:]), np.float32)
    some, first = np.unique(chunk, return_index=True)
    found[some] = np.maximum.reduceat(values, first, axis=0)
    return found


def flatten(values: np.ndarray, frames: int) -> np.ndarray:
    return values[:frames]


def attended(
    values: np.ndarray, weight: np.ndarray, bias: np.ndarray, score: np.ndarray
) -> np.ndarray:
    scores = np.tanh(values @ weight.T + bias) @ score  # (positions, texts)
    shares = np.exp(scores - scores.max(axis=0))
    shares /= shares.sum(axis=0)
    return np.asarray((shares[..., None] * values).sum(axis=0))
