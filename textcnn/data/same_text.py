"""When two texts count as the same: they differ in case and white space only."""

import hashlib
from collections.abc import Sequence

import numpy as np


def normalize(text: str) -> str:
    """A text in lower case (for comparison: ß is ss), with one blank for each white space."""
    return " ".join(text.casefold().split())


def hash_texts(texts: Sequence[str]) -> np.ndarray:
    """(texts,) uint64: equal for texts that are the same after `normalize`.

    Hashes instead of texts, because texts may be too many to hold twice. In a million texts, two
    different ones share a hash with a probability of one in forty million.
    """
    normalized = (normalize(text).encode("utf-8", "surrogatepass") for text in texts)
    digests = b"".join(hashlib.blake2b(text, digest_size=8).digest() for text in normalized)
    return np.frombuffer(digests, np.uint64)
