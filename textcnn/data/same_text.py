"""When two texts count as the same."""

import hashlib
from collections.abc import Sequence

import numpy as np


def normalize(text: str) -> str:
    """A text without the differences that don't count: case and white space."""
    return " ".join(text.casefold().split())


def text_hashes(texts: Sequence[str]) -> np.ndarray:
    """(texts,) uint64: the same for texts that differ in case and white space only.

    Hashes, as texts may be too many to hold twice; of a million, two are the same by chance once
    in forty million times.
    """
    normalized = (normalize(text).encode("utf-8", "surrogatepass") for text in texts)
    digests = b"".join(hashlib.blake2b(text, digest_size=8).digest() for text in normalized)
    return np.frombuffer(digests, np.uint64)
