"""What a classifier says of a text."""

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
