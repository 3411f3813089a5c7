"""Texts that are almost the same, found by MinHash (Broder 1997)."""

from collections.abc import Sequence

import numpy as np

from textcnn.data.same_text import normalize

SIMILARITY = 0.8  # of two texts: shared shingles as a fraction of all
PERMUTATIONS = 64  # the error of the estimated similarity is about 1 / sqrt(PERMUTATIONS)
SHINGLE = 9  # characters
# Shingles of a text that are looked at, spread over all of it: enough for the estimate.
MOST_SHINGLES = 2000


def near_duplicates(texts: Sequence[str], similarity: float = SIMILARITY) -> np.ndarray:
    """Groups of texts that are the same or nearly so: (texts,) int64.

    The group of a text is the index of its first member; a text that resembles no other is a group
    of its own. So is every empty text.
    """
    from datasketch import MinHash, MinHashLSH

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
        sketch = MinHash(PERMUTATIONS)
        sketch.update_batch(shingles(normal))
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


def shingles(text: str) -> list[bytes]:
    """All runs of SHINGLE characters, at most MOST_SHINGLES; of a shorter text the text itself."""
    places = range(max(len(text) - SHINGLE + 1, 1))
    step = -(-len(places) // MOST_SHINGLES)
    return list({text[place : place + SHINGLE].encode() for place in places[::step]})
