"""What an export loses: the answers of the native classifier beside those of the export."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from textcnn.exporting.subject import Measured, Subject
from textcnn.runtime.classifier import RuntimeClassifier
from textcnn.runtime.prediction import LabelSetPrediction


@dataclass(frozen=True)
class Loss:
    """Shares of texts; of label sets those of whole sets."""

    texts: int
    before: float | None  # right answers of the native classifier; None: there are no labels
    after: float | None  # right answers of the export
    agreement: float  # same answers of both

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def line(self) -> str:
        """What is lost, for the user."""
        same = f"{self.agreement:.2%} of the answers are the same"
        if self.before is None or self.after is None:
            return f"on {self.texts:,} texts {same}"
        points = 100 * (self.before - self.after)
        lost = f"{points:.2f} points lost" if points >= 0 else f"{-points:.2f} points won"
        return (
            f"accuracy on {self.texts:,} texts: {self.before:.2%} before, {self.after:.2%} after "
            f"({lost}); {same}"
        )


def measure_loss(
    classifier: Subject, exported: RuntimeClassifier, measured: Measured
) -> Loss | None:
    """None without texts."""
    if not len(measured.texts):
        return None
    before = answers(classifier.decide(classifier.logits(measured.texts)))
    after = answers(exported.predict(measured.texts))
    right: tuple[float | None, float | None] = (None, None)
    if len(measured.labels):
        sets = isinstance(before[0], frozenset)
        wanted = list(map(frozenset, measured.labels)) if sets else list(measured.labels)
        right = share(before, wanted), share(after, wanted)
    return Loss(len(measured.texts), *right, share(before, after))


def answers(predictions: Sequence[Any]) -> list[Any]:
    return [
        each.labels if isinstance(each, LabelSetPrediction) else each.label for each in predictions
    ]


def share(answers: Sequence[Any], wanted: Sequence[Any]) -> float:
    """How many of two lists are the same."""
    return float(np.mean([a == b for a, b in zip(answers, wanted, strict=True)]))
