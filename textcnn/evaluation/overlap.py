"""Texts that the classifier was trained on: scores on them say how well they are remembered."""

from dataclasses import dataclass

import numpy as np

from textcnn.data.trained_texts import TrainedTexts
from textcnn.evaluation.measures.intervals import Interval, wilson


@dataclass(frozen=True)
class Overlap:
    """How many of the scored texts were in training, and the accuracy with and without them."""

    texts: int  # that were in training
    of: int  # texts of which that is known
    accuracy: float | None  # of those that were in training; None without any
    others: float | None  # accuracy of those that were not; None without any
    others_interval: Interval | None

    @property
    def line(self) -> str | None:
        """What a reader of the scores must know; None if no text was in training."""
        if not self.texts:
            return None
        if self.others is None or self.others_interval is None:
            return (
                f"all {self.of:,} texts were in training: the scores say how well they are "
                "remembered, not how well new texts are classified"
            )
        low, high = (f"{100 * end:.1f}" for end in self.others_interval)
        return (
            f"{self.texts:,} of {self.of:,} texts ({100 * self.texts / self.of:.1f} %) were in "
            f"training: accuracy {100 * (self.accuracy or 0.0):.1f} % on them, "
            f"{100 * self.others:.1f} % ({low} to {high} %) on the others"
        )


def find_overlap(
    trained: TrainedTexts | None, text_hashes: np.ndarray, correct: np.ndarray
) -> Overlap | None:
    """None if nothing is known of the training texts.

    Args:
        text_hashes: (texts,) uint64, of the scored texts.
        correct: (texts,) bool
    """
    if trained is None:
        return None
    seen, known = trained.find(text_hashes)
    others = known & ~seen
    return Overlap(
        texts=int(seen.sum()),
        of=int(known.sum()),
        accuracy=float(correct[seen].mean()) if seen.any() else None,
        others=float(correct[others].mean()) if others.any() else None,
        others_interval=wilson(int(correct[others].sum()), int(others.sum())),
    )


def seen_rows(trained: TrainedTexts | None, text_hashes: np.ndarray) -> np.ndarray | None:
    """(texts,) bool: which texts were in training; None unless that is known of all."""
    if trained is None:
        return None
    seen, known = trained.find(text_hashes)
    return seen if bool(known.all()) else None
