"""How many texts a second a classifier labels."""

import time
from collections.abc import Sequence

from textcnn.inference import AnyClassifier

AT_LEAST, ROUNDS = 0.5, 3  # seconds and rounds of measurement


def texts_per_second(classifier: AnyClassifier, texts: Sequence[str]) -> float:
    """The fastest of some rounds over these texts, from strings to logits, in this process.

    A first round, which fills lookup tables and caches, doesn't count.
    """
    classifier.logits(texts)
    fastest, total, rounds = float("inf"), 0.0, 0
    while total < AT_LEAST or rounds < ROUNDS:
        start = time.perf_counter()
        classifier.logits(texts)
        seconds = time.perf_counter() - start
        fastest, total, rounds = min(fastest, seconds), total + seconds, rounds + 1
    return len(texts) / max(fastest, 1e-9)
