"""What a classifier says of a text."""

from collections.abc import Sequence
from typing import Any, NamedTuple


class Prediction(NamedTuple):
    """The most probable class, and the probability of each class."""

    label: str
    probabilities: dict[str, float]  # they add up to 1

    def as_json(self) -> dict[str, Any]:
        return {"label": self.label, "probabilities": self.probabilities}


class LabelSetPrediction(NamedTuple):
    """The labels whose probability reaches their threshold, and the probability of each label."""

    labels: frozenset[str]
    probabilities: dict[str, float]  # independent, in the order of the classifier's labels

    def as_json(self) -> dict[str, Any]:
        """The labels are in the order of the classifier's."""
        labels = [label for label in self.probabilities if label in self.labels]
        return {"labels": labels, "probabilities": self.probabilities}


AnyPrediction = Prediction | LabelSetPrediction


class Abstention(NamedTuple):
    """No answer, because no class is probable enough, and the probability of each class."""

    probabilities: dict[str, float]
    label: None = None

    def as_json(self) -> dict[str, Any]:
        return {"label": None, "abstained": True, "probabilities": self.probabilities}


def abstaining(
    predictions: Sequence[Prediction], threshold: float
) -> list[Prediction | Abstention]:
    """The predictions; without an answer where no class has a probability of `threshold`."""
    return [
        each if each.probabilities[each.label] >= threshold else Abstention(each.probabilities)
        for each in predictions
    ]
