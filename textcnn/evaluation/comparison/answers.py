"""Which texts a classifier labels correctly, by scoring them or from a file of predictions."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from textcnn.evaluation.counts import class_scores
from textcnn.inference import AnyClassifier, LabelSetClassifier
from textcnn.models.finite import finite

SAMPLE = 1000  # texts on which speed is measured
LONGEST_LINE = 2**26  # characters of a prediction, with the probabilities of all classes


@dataclass(frozen=True)
class TestTexts:
    """The texts of one test split and their classes."""

    __test__ = False  # for pytest

    texts: list[str]
    labels: np.ndarray  # (texts,) int64 class ids; for label sets (texts, classes) bool
    names: tuple[str, ...]  # of the classes, by id


@dataclass(frozen=True)
class Answers:
    """Which texts of one test split each run labels correctly."""

    hashes: np.ndarray  # (texts,) uint64, equal for the same text
    correct: dict[Path, np.ndarray]  # by directory of the run: (texts,) bool
    sample: list[str]  # some of the texts


def predictions_of(classifier: AnyClassifier, texts: Sequence[str]) -> Tensor:
    """Class ids (texts,) int64; for label sets (texts, classes) bool."""

    def decided(_: Sequence[str], logits: Tensor) -> Tensor:
        if isinstance(classifier, LabelSetClassifier):
            return classifier.chosen(finite(logits))
        return finite(logits).argmax(dim=1)

    return torch.cat([*classifier.map_logits(decided, classifier.split(texts))])


def correct_texts(predicted: Tensor, test: TestTexts) -> np.ndarray:
    """(texts,) bool: the class is the true one; of label sets, the whole set is."""
    truth = torch.from_numpy(test.labels)
    if truth.ndim == 1:
        return (predicted == truth).numpy()
    # a label that training lacks is never predicted
    predicted = F.pad(predicted, (0, truth.shape[1] - predicted.shape[1]))
    return (predicted == truth).all(dim=1).numpy()


def scores_of(predicted: Tensor, test: TestTexts) -> dict[str, float]:
    """Accuracy, macro-F1 and micro-F1, as `Scores` has them."""
    truth, classes = torch.from_numpy(test.labels), len(test.names)
    accuracy = float(correct_texts(predicted, test).mean())
    if truth.ndim == 1:
        right = torch.bincount(truth[predicted == truth], minlength=classes)
        columns = [right, *(torch.bincount(each, minlength=classes) for each in (predicted, truth))]
    else:
        predicted = F.pad(predicted, (0, classes - predicted.shape[1]))
        columns = [each.sum(dim=0) for each in (predicted & truth, predicted, truth)]
    counts = torch.stack(columns, dim=1)  # (classes, 3)
    f1 = [row.f1 for row in class_scores(test.names, counts)]
    if truth.ndim == 1:  # without classes that occur neither among labels nor predictions
        f1 = [each for each, row in zip(f1, counts[:, 1:], strict=True) if row.any()]
        return {"accuracy": accuracy, "macro_f1": sum(f1) / len(f1)}
    right, get, have = counts.sum(dim=0).tolist()
    micro = 2 * right / max(get + have, 1)
    return {"accuracy": accuracy, "macro_f1": sum(f1) / len(f1), "micro_f1": micro}


def read_predictions(file: Path, count: int, accuracy: float) -> tuple[list[str], np.ndarray]:
    """The texts of `predictions.jsonl` in the order of their rows, and which are correct (texts,).

    Args:
        count, accuracy: that the run reports of its test split.

    Raises:
        ValueError: it is another split, another checkpoint, or no such file.
    """
    rows = sorted(prediction_rows(file, count), key=lambda row: row[0])
    if len(rows) != count:
        raise ValueError(f"it has {len(rows):,} texts, the test split has {count:,}")
    correct = np.array([row[2] for row in rows])
    if correct.mean() != accuracy:
        raise ValueError(f"its accuracy is {correct.mean():.4f}, the run reports {accuracy:.4f}")
    return [row[1] for row in rows], correct


def prediction_rows(file: Path, most: int) -> Iterator[tuple[int, str, bool]]:
    """Number, text and whether it is correct, of each row, of at most one more than `most`."""
    with file.open(encoding="utf-8") as lines:
        for number in range(most + 1):
            line = lines.readline(LONGEST_LINE)
            if not line:
                return
            row: Any = json.loads(line)
            if not isinstance(row, dict):
                raise ValueError(f"line {number + 1} is no JSON object")
            place, text, correct = row.get("row"), row.get("text"), row.get("correct")
            if type(place) is not int or not isinstance(text, str) or type(correct) is not bool:
                raise ValueError(f"line {number + 1} has no row, text and correct")
            yield place, text, correct
