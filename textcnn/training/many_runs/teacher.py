"""A trained classifier whose probabilities a student learns."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from torch import Tensor

from textcnn.checkpoint import find_checkpoint, sha256
from textcnn.data.splits import Splits
from textcnn.errors import InputError
from textcnn.inference import AnyClassifier, load
from textcnn.training.objectives.losses import listed


class Teacher:
    """Reads texts with its own tokenizer and vocabulary; its classes are in the student's order."""

    def __init__(self, classifier: AnyClassifier, labels: Sequence[str], fingerprint: str = ""):
        """
        Args:
            labels: of the student; the teacher's, in any order.
            fingerprint: of the teacher's weights.
        """
        self.classifier = classifier
        self.columns = [classifier.labels.index(label) for label in labels]
        self.fingerprint = fingerprint

    def logits(self, texts: Sequence[str]) -> np.ndarray:
        """(texts, classes) float32"""
        logits: np.ndarray = self.tensor(texts).numpy()
        return logits

    def tensor(self, texts: Sequence[str]) -> Tensor:
        """(texts, classes) float32"""
        return self.classifier.logits(texts)[:, self.columns].contiguous()


def load_teacher(path: str, splits: Splits) -> Teacher:
    """The teacher in a run or checkpoint directory.

    Args:
        splits: of the student.

    Raises:
        InputError: there is no checkpoint, or its labels are others or of another kind.
    """
    try:
        directory = find_checkpoint(path)
        classifier = load(directory)
    except InputError as error:
        raise InputError(f"teacher={path}: {error}") from error
    several = classifier.thresholds is not None
    if several != splits.train.multi_label:
        kinds = {True: "label sets", False: "one class per text"}
        raise InputError(
            f"teacher={path} predicts {kinds[several]}, but the data have {kinds[not several]}; "
            f"give a teacher trained with data.multi_label={str(not several).lower()}"
        )
    if set(classifier.labels) != set(splits.labels):
        raise InputError(
            f"teacher={path} has the classes {listed(classifier.labels)}, but the data have "
            f"{listed(splits.labels)}; give a teacher trained on the same classes"
        )
    return Teacher(classifier, splits.labels, sha256(Path(directory) / "model.safetensors"))
