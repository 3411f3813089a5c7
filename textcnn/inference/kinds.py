"""The two kinds of classifiers: of one class per text, and of label sets."""

from collections.abc import Sequence
from itertools import compress
from typing import Any, overload

from torch import Tensor

from textcnn.builders.models import Model
from textcnn.errors import InputError
from textcnn.inference.classifier import BaseClassifier
from textcnn.models.decision import chosen
from textcnn.models.finite import finite
from textcnn.runtime.prediction import (
    Abstention,
    LabelSetPrediction,
    Prediction,
    abstaining,
)
from textcnn.text.encoder import TextEncoder


class Classifier(BaseClassifier[Prediction]):
    """Predicts the class of each text."""

    def probabilities(self, logits: Tensor) -> Tensor:
        return finite(self.calibration.scaled(logits)).softmax(dim=1)  # (texts, classes)

    def decide(self, logits: Tensor) -> list[Prediction]:
        probabilities = self.probabilities(logits).tolist()
        named = [dict(zip(self.labels, row, strict=True)) for row in probabilities]
        # of the logits: calibration changes no answer, not even by rounding
        best = [self.labels[index] for index in logits.argmax(dim=1).tolist()]
        return list(map(Prediction._make, zip(best, named, strict=True)))

    @overload
    def predict(self, texts: Sequence[str], batch_size: int = 2048) -> list[Prediction]: ...
    @overload
    def predict(
        self, texts: Sequence[str], batch_size: int = 2048, *, threshold: float
    ) -> list[Prediction | Abstention]: ...
    @overload
    def predict(
        self, texts: Sequence[str], batch_size: int = 2048, *, coverage: float
    ) -> list[Prediction | Abstention]: ...
    def predict(
        self,
        texts: Sequence[str],
        batch_size: int = 2048,
        *,
        threshold: float | None = None,
        coverage: float | None = None,
    ) -> Any:
        """The predictions, in the order of the texts.

        Args:
            texts, batch_size: as for `logits`; so are the errors.
            threshold: an `Abstention` for texts whose most probable class is less probable.
            coverage: instead, answer about this share of texts: the surest, by the threshold that
                answered this share of the validation texts.
        """
        predictions = super().predict(texts, batch_size)
        if threshold is None and coverage is None:
            return predictions
        return abstaining(predictions, self.threshold_for(threshold, coverage))

    def threshold_for(self, threshold: float | None, coverage: float | None) -> float:
        """The threshold itself, or that for a coverage.

        Raises:
            InputError: both are given, or the number is none from 0 to 1.
        """
        if threshold is not None and coverage is not None:
            raise InputError("give either threshold or coverage, got both")
        given = {"threshold": threshold} if coverage is None else {"coverage": coverage}
        ((name, number),) = given.items()
        if number is None or not 0 <= number <= 1:
            raise InputError(f"{name} takes a number from 0 to 1, got {number}")
        return number if coverage is None else self.calibration.threshold_for(coverage)


class LabelSetClassifier(BaseClassifier[LabelSetPrediction]):
    """Predicts a label set for each text, possibly an empty one."""

    raw_thresholds: tuple[float, ...]

    def __init__(
        self,
        model: Model,
        encoder: TextEncoder,
        labels: Sequence[str],
        thresholds: Sequence[float],
        **settings: Any,
    ):
        """
        Args:
            thresholds: the probability before calibration from which each label is predicted.
            settings: `calibration`, `table_memory` and `half`, as for `Classifier`.
        """
        if len(thresholds) != len(labels):
            raise ValueError(
                f"expected a threshold for each of {len(labels)} labels, got {len(thresholds)}"
            )
        super().__init__(model, encoder, labels, **settings)
        self.raw_thresholds = tuple(thresholds)

    @property
    def thresholds(self) -> tuple[float, ...]:
        """The probability from which each label is predicted."""
        return self.calibration.moved(self.raw_thresholds)

    @thresholds.setter
    def thresholds(self, thresholds: Sequence[float] | None) -> None:
        assert thresholds is not None, "label sets need thresholds"
        self.raw_thresholds = self.calibration.moved_back(thresholds)

    def probabilities(self, logits: Tensor) -> Tensor:
        return finite(self.calibration.scaled(logits)).sigmoid()  # (texts, classes)

    def chosen(self, logits: Tensor) -> Tensor:
        """The label sets that the logits (texts, labels) stand for: bool, of the same shape."""
        # before calibration, which so changes no answer, not even by rounding
        return chosen(logits.sigmoid(), self.raw_thresholds)

    def decide(self, logits: Tensor) -> list[LabelSetPrediction]:
        probabilities = self.probabilities(logits).tolist()
        named = [dict(zip(self.labels, row, strict=True)) for row in probabilities]
        sets = [frozenset(compress(self.labels, row)) for row in self.chosen(logits).tolist()]
        return list(map(LabelSetPrediction._make, zip(sets, named, strict=True)))


AnyClassifier = Classifier | LabelSetClassifier


def build_classifier(
    model: Model,
    encoder: TextEncoder,
    labels: Sequence[str],
    thresholds: Sequence[float] | None,
    **settings: Any,
) -> AnyClassifier:
    """
    Args:
        thresholds: of label sets, before calibration; None: each text has one class.
        settings: `calibration`, `table_memory` and `half`, as for `Classifier`.
    """
    if thresholds is None:
        return Classifier(model, encoder, labels, **settings)
    return LabelSetClassifier(model, encoder, labels, thresholds, **settings)
