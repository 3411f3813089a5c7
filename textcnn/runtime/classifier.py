"""A loaded export: texts in, logits and predictions out."""

import os
from collections.abc import Sequence
from itertools import compress, pairwise
from typing import Any

import numpy as np

from textcnn.errors import InputError
from textcnn.runtime.description import Description
from textcnn.runtime.encoding import MIN_TOGETHER, Encoding, parts
from textcnn.runtime.model import Model
from textcnn.runtime.onnx_model import OnnxModel
from textcnn.runtime.prediction import LabelSetPrediction, Prediction, abstaining
from textcnn.runtime.processes import in_processes

CHARACTERS = 2**17  # of texts that are encoded and classified together: a few MB of memory


class RuntimeClassifier:
    """Predicts as the classifier that was exported. Several threads may use one."""

    def __init__(
        self,
        description: Description,
        encoding: Encoding,
        model: Model | OnnxModel,
        manifest: dict[str, Any],
    ):
        self.labels = description.labels
        self.calibration = description.calibration
        self.raw_thresholds = description.thresholds
        self.encoding, self.model, self.manifest = encoding, model, manifest
        self.process = os.getpid()

    @property
    def thresholds(self) -> tuple[float, ...] | None:
        """The probability from which each label is predicted; None: one class per text."""
        thresholds = self.raw_thresholds
        return None if thresholds is None else self.calibration.moved(thresholds)

    def logits(self, texts: Sequence[str], *, processes: int = 1) -> np.ndarray:
        """What the model computes, before calibration: float32 (texts, classes).

        Args:
            processes: how many share the work, if there are many texts; this one is one of them.

        Raises:
            TypeError: `texts` is a single string, or holds something other than strings.
            InputError: a logit is infinite or nan.
        """
        check_texts(texts)
        if processes < 1:
            raise InputError(f"processes must be at least 1, got {processes}")
        if processes == 1 or self.model.parallel:
            logits = self.own_logits(texts)
        else:
            self.own_logits(["a " * MIN_TOGETHER])  # makes the tables that all processes share
            logits = in_processes(self.forked_logits, texts, len(self.labels), processes)
        if not np.isfinite(logits).all():
            raise InputError("the model computes infinite numbers or nan for a text; train again")
        return logits

    def own_logits(self, texts: Sequence[str]) -> np.ndarray:
        """`logits` in this process, unchecked."""
        if sum(map(len, texts)) <= CHARACTERS:
            return self.model.logits(self.encoding(texts))
        logits = np.zeros((len(texts), len(self.labels)), np.float32)
        sizes = np.fromiter(map(len, texts), np.int64, len(texts))
        for first, last in pairwise([0, *parts(sizes, CHARACTERS)]):
            logits[first:last] = self.model.logits(self.encoding(texts[first:last]))
        return logits

    def forked_logits(self, texts: Sequence[str]) -> np.ndarray:
        """`own_logits`, in another process than the one that loaded the classifier, or in this."""
        if os.getpid() != self.process and isinstance(self.model, Model):
            self.model.release()
        return self.own_logits(texts)

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """(texts, classes) of the same shape, calibrated."""
        scaled = self.calibration.scaled(logits)
        if self.raw_thresholds is not None:
            return sigmoid(scaled)
        shares = np.exp(scaled - scaled.max(axis=1, keepdims=True, initial=-np.inf))
        return np.asarray(shares / shares.sum(axis=1, keepdims=True))

    def decide(self, logits: np.ndarray) -> list[Any]:
        """The predictions that the logits (texts, classes) stand for."""
        labels = self.labels
        named = [dict(zip(labels, row, strict=True)) for row in self.probabilities(logits).tolist()]
        kind = Prediction if self.raw_thresholds is None else LabelSetPrediction
        return list(map(kind._make, zip(self.answers(logits), named, strict=True)))

    def answers(self, logits: np.ndarray) -> list[Any]:
        """The label of each text, or its label set."""
        labels = self.labels
        # of the logits: calibration changes no answer, not even by rounding
        if self.raw_thresholds is None:
            return [labels[index] for index in logits.argmax(axis=1).tolist()]
        chosen = sigmoid(logits).astype(np.float64) >= self.raw_thresholds
        return [frozenset(compress(labels, row)) for row in chosen.tolist()]

    def classify(self, texts: Sequence[str], *, processes: int = 1) -> list[Any]:
        """The label of each text, or its label set: `predict` without probabilities.

        For short texts it takes half the time. Arguments and errors as for `logits`.
        """
        return self.answers(self.logits(texts, processes=processes))

    def predict(
        self,
        texts: Sequence[str],
        *,
        threshold: float | None = None,
        coverage: float | None = None,
        processes: int = 1,
    ) -> list[Any]:
        """A `Prediction` of each text, or for label sets a `LabelSetPrediction`, in order.

        Args:
            texts, processes: as for `logits`; so are the errors.
            threshold: an `Abstention` for texts whose most probable class is less probable.
            coverage: instead, answer about this share of texts: the surest, by the threshold that
                answered this share of the validation texts.
        """
        predictions = self.decide(self.logits(texts, processes=processes))
        if threshold is None and coverage is None:
            return predictions
        return abstaining(predictions, self.threshold_for(threshold, coverage))

    def threshold_for(self, threshold: float | None, coverage: float | None) -> float:
        """The threshold itself, or that for a coverage.

        Raises:
            InputError: both are given, or the number is none from 0 to 1, or labels are predicted
                in sets.
        """
        if self.raw_thresholds is not None:
            raise InputError(
                "threshold and coverage need one class per text, but this model predicts label "
                "sets, which have a threshold for each label; leave it out"
            )
        if threshold is not None and coverage is not None:
            raise InputError("give either threshold or coverage, got both")
        name, number = ("threshold", threshold) if coverage is None else ("coverage", coverage)
        if number is None or not 0 <= number <= 1:
            raise InputError(f"{name} takes a number from 0 to 1, got {number}")
        return number if coverage is None else self.calibration.threshold_for(coverage)


def check_texts(texts: Sequence[str]) -> None:
    if isinstance(texts, str) or not all(issubclass(t, str) for t in set(map(type, texts))):
        raise TypeError(f"expected a list of strings, got {texts!r:.80}; try [text]")


def sigmoid(values: np.ndarray) -> np.ndarray:
    exponential = np.exp(-np.abs(values))
    return np.asarray(np.where(values < 0, exponential, 1) / (1 + exponential))
