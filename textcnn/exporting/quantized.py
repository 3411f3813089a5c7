"""Smaller types for the tables of a model."""

import numpy as np

from textcnn.runtime.tables import SCALE

LARGEST = 127
# Names of tensors that stay float32: they are small, and the logits are most sensitive to them.
EXACT = ("bias", "head.weight", "scale", "shift", "score", "idf")


def with_dtype(tensors: dict[str, np.ndarray], dtype: str) -> dict[str, np.ndarray]:
    """The tensors, with tables of this type.

    Args:
        dtype: float32, float16 or int8; with int8, keys of subwords become uint32.
    """
    found: dict[str, np.ndarray] = {}
    for name, values in tensors.items():
        if dtype == "int8" and name.endswith("subwords.keys"):
            found[name] = values  # shortened with their rows below
        elif values.dtype != np.float32 or name.endswith(EXACT) or dtype == "float32":
            found[name] = values
        elif dtype == "float16":
            limit = np.finfo(np.float16).max
            found[name] = values.clip(-limit, limit).astype(np.float16)
        else:
            found[name], found[name + SCALE] = as_int8(values, axis_of(name))
    if dtype == "int8":
        for name in [each for each in found if each.endswith("subwords.keys")]:
            shorten_keys(found, name)
    return found


def axis_of(name: str) -> int:
    """The axis on which numbers of one index share a scale.

    A vector and a kernel have one of their own. The weights of n-grams are few for each n-gram, so
    that those of a class share theirs.
    """
    return 1 if name.startswith("ngrams.") else 0


def as_int8(values: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """int8, and the float32 scale by which they are multiplied."""
    others = tuple(each for each in range(values.ndim) if each != axis)
    largest = np.abs(values).max(axis=others, keepdims=True, initial=0.0)
    scale = np.where(largest > 0, largest / LARGEST, 1).astype(np.float32)
    return np.rint(values / scale).astype(np.int8), scale


def shorten_keys(tensors: dict[str, np.ndarray], name: str) -> None:
    """Keep the lower halves of keys, ascending; of equal ones the first."""
    rows = name.removesuffix("keys") + "weights"
    short, kept = np.unique((tensors[name] & 0xFFFFFFFF).astype(np.uint32), return_index=True)
    tensors[name], tensors[rows] = short, tensors[rows][kept]
    scale = tensors.get(rows + SCALE)
    if scale is not None and len(scale) > 1:
        tensors[rows + SCALE] = scale[kept]
