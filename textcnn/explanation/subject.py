"""What an explanation needs of a classifier."""

from collections.abc import Sequence
from typing import Any, Protocol

from torch import Tensor, nn

from textcnn.runtime.prediction import AnyPrediction, Prediction
from textcnn.text.encoder import TextEncoder


class Subject(Protocol):
    """A `Classifier` or a `LabelSetClassifier`."""

    model: Any
    encoder: TextEncoder
    labels: tuple[str, ...]

    @property
    def thresholds(self) -> tuple[float, ...] | None: ...

    @property
    def network(self) -> nn.Module: ...

    def logits(self, texts: Sequence[str]) -> Tensor: ...

    def probabilities(self, logits: Tensor) -> Tensor: ...

    def decide(self, logits: Tensor) -> Sequence[AnyPrediction]: ...


def names_of(prediction: AnyPrediction) -> tuple[str, ...]:
    """The predicted class, or all predicted labels of a set."""
    if isinstance(prediction, Prediction):
        return (prediction.label,)
    return tuple(prediction.as_json()["labels"])
