"""What a classifier says of a text."""

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple


class Prediction(NamedTuple):
    """The most probable class, and the probability of each class."""

    label: str
    probabilities: dict[str, float]  # they add up to 1

    def top(self, count: int) -> list[tuple[str, float]]:
        """The `count` most probable classes, the most probable first: `label` comes first."""
        return most_probable(self.probabilities, count, self.label)

    def as_json(self) -> dict[str, Any]:
        return {"label": self.label, "probabilities": self.probabilities}


class LabelSetPrediction(NamedTuple):
    """The labels whose probability reaches their threshold, and the probability of each label."""

    labels: frozenset[str]
    probabilities: dict[str, float]  # independent, in the order of the classifier's labels

    def top(self, count: int) -> list[tuple[str, float]]:
        """The `count` most probable labels, the most probable first, predicted or not."""
        return most_probable(self.probabilities, count)

    def as_json(self) -> dict[str, Any]:
        """The labels are in the order of the classifier's."""
        labels = [label for label in self.probabilities if label in self.labels]
        return {"labels": labels, "probabilities": self.probabilities}


def most_probable(
    probabilities: Mapping[str, float], count: int, first: str | None = None
) -> list[tuple[str, float]]:
    """
    Args:
        first: which of equally probable classes comes first; None: the order of the classes.
    """
    ranked = sorted(probabilities.items(), key=itemgetter(1), reverse=True)  # stable
    if first is not None and ranked[0][0] != first:
        ranked = sorted(ranked, key=lambda pair: (-pair[1], pair[0] != first))
    return ranked[:count]


AnyPrediction = Prediction | LabelSetPrediction


class Abstention(NamedTuple):
    """No answer, because no class is probable enough, and the probability of each class."""

    probabilities: dict[str, float]
    label: None = None

    def top(self, count: int) -> list[tuple[str, float]]:
        """The `count` most probable classes, the most probable first."""
        return most_probable(self.probabilities, count)

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
