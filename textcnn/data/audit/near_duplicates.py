"""Texts that are almost the same, found by MinHash (Broder 1997)."""

from collections.abc import Sequence

import numpy as np

from textcnn.data.same_text import normalize

SIMILARITY = 0.8  # of two texts: shared shingles as a fraction of all
PERMUTATIONS = 64  # the error of the estimated similarity is about 1 / sqrt(PERMUTATIONS)
SHINGLE = 9  # characters
MOST_SHINGLES = 2**14  # of a text; of a longer one a half, a quarter, ... by their hash
FACTOR = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / the golden ratio: spreads hashes evenly


def near_duplicates(texts: Sequence[str], similarity: float = SIMILARITY) -> np.ndarray:
    """Groups of texts that are the same or nearly so: (texts,) int64.

    The group of a text is the index of its first member; a text that resembles no other is a group
    of its own. So is every empty text.
    """
    from datasketch import MinHash, MinHashLSH

    empty = MinHash(PERMUTATIONS, hashfunc=int)  # making its permutations takes a while
    index = MinHashLSH(threshold=similarity, num_perm=PERMUTATIONS)
    group = np.arange(len(texts))
    first_with: dict[str, int] = {}
    sketches: dict[int, MinHash] = {}
    for row, text in enumerate(texts):
        normal = normalize(text)
        if not normal:
            continue
        first = first_with.setdefault(normal, row)
        if first != row:  # the same text: no need to compare
            group[row] = group[first]
            continue
        sketch = empty.copy()
        sketch.update_batch(shingle_hashes(normal).tolist())
        near = [
            int(other)
            for other in index.query(sketch)
            if sketch.jaccard(sketches[int(other)]) >= similarity
        ]
        if near:
            group[row] = group[min(near)]
        index.insert(row, sketch)
        sketches[row] = sketch
    return group


def shingle_hashes(text: str) -> np.ndarray:
    """Hashes of all runs of SHINGLE characters, or of a shorter text: (shingles,) uint64 < 2^32."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    width = min(SHINGLE, len(codes))
    hashes = np.zeros(len(codes) - width + 1, np.uint64)
    for place in range(width):  # a polynomial; products overflow, which is what a hash wants
        hashes = hashes * FACTOR + codes[place : place + len(hashes)]
    hashes = np.unique((hashes * FACTOR) >> np.uint64(32))
    step = 1
    while len(hashes) > MOST_SHINGLES * step:
        step *= 2
    # by their hash, not their place: an insertion moves all places behind it
    return hashes[hashes % np.uint64(step) == 0]
