"""Texts that differ from each other: from each cluster of candidates the least sure ones."""

import warnings
from collections.abc import Callable, Sequence

import numpy as np

MOST_CLUSTERS = 200
COMPONENTS = 100  # numbers of a text's vector


def spread(
    texts: Sequence[str],
    doubts: Sequence[float],
    count: int,
    tokenize: Callable[[str], Sequence[str]],
    *,
    seed: int = 0,
    clusters: int = MOST_CLUSTERS,
) -> list[int]:
    """The places of `count` texts, all clusters in turn, the surest ones last.

    Args:
        texts: candidates.
        doubts: of each.
        tokenize: whose tokens tell which texts are alike.
        seed: of the clusters.
        clusters: their number, at most; never more than `count`.
    """
    if len(texts) <= count:
        return np.argsort(-np.asarray(doubts), kind="stable").tolist()
    of_text = cluster(texts, min(clusters, count), tokenize, seed)
    order = np.argsort(-np.asarray(doubts), kind="stable")
    turn = np.zeros(len(texts), np.int64)  # of each text in its cluster, from 0
    for number in np.unique(of_text):
        inside = order[of_text[order] == number]
        turn[inside] = np.arange(len(inside))
    # by turn, and in a turn by doubt; sorted by doubt already, and the sort is stable
    chosen: list[int] = order[np.argsort(turn[order], kind="stable")][:count].tolist()
    return chosen


def cluster(
    texts: Sequence[str], count: int, tokenize: Callable[[str], Sequence[str]], seed: int
) -> np.ndarray:
    """The cluster of each text (texts,) int64: k-means over TF-IDF in fewer dimensions."""
    # imported here: they take a second
    from sklearn.cluster import MiniBatchKMeans
    from sklearn.decomposition import TruncatedSVD
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.preprocessing import normalize

    try:
        matrix = TfidfVectorizer(analyzer=tokenize, sublinear_tf=True).fit_transform(texts)
    except ValueError:  # no text has a token
        return np.zeros(len(texts), np.int64)
    if matrix.shape[1] > COMPONENTS:
        matrix = normalize(TruncatedSVD(COMPONENTS, random_state=seed).fit_transform(matrix))
    with warnings.catch_warnings():
        # fewer different texts than clusters
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = MiniBatchKMeans(count, random_state=seed, n_init=1, batch_size=1024)
        found: np.ndarray = model.fit_predict(matrix).astype(np.int64)
    return found
