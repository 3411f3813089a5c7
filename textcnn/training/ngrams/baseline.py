"""The linear model over n-grams as a yardstick: trained and scored on the same texts as a run."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from textcnn.data.prepare import PreparedData
from textcnn.evaluation.metrics import Scores
from textcnn.evaluation.tables import summary
from textcnn.inference import build_classifier
from textcnn.training.ngrams.linear import calibrate, fit_linear, learn_ngrams

LONGEST = {"word": 2, "char": 5, "byte": 5}  # tokens of an n-gram, at most
# N-grams of the training texts times classes: with fewer, training takes less than two seconds.
CHEAP = 4_000_000


@dataclass(frozen=True)
class Baseline:
    """How well the linear model does with its default settings."""

    validation: Scores
    test: Scores | None  # None: there are no test texts
    seconds: float  # of training
    unit: str  # of the n-grams: word, char or byte

    def as_json(self) -> dict[str, Any]:
        return {
            "model": "ngrams",
            "unit": self.unit,
            "ngrams": LONGEST[self.unit],
            "seconds": self.seconds,
            "validation": self.validation.summary(),
            "test": None if self.test is None else self.test.summary(),
        }

    def line(self) -> str:
        """One line for the terminal."""
        split = "validation" if self.test is None else "test"
        scores = summary(self.test or self.validation)
        return f"baseline, a linear model over {self.unit} n-grams: {split} {scores}"


def is_cheap(data: PreparedData) -> bool:
    """Whether training the baseline takes less than about two seconds."""
    classes = len(data.splits.labels)
    two = classes == 2 and not data.splits.train.multi_label
    tokens = len(data.texts.train.ids) * (LONGEST[unit_of(data)] - 1)
    return data.stream is None and tokens * (1 if two else classes) < CHEAP


def unit_of(data: PreparedData) -> str:
    return str(dict(data.texts.encoder.tokenizer.settings)["unit"])


def train_baseline(data: PreparedData, seed: int, score: Callable[..., Scores]) -> Baseline:
    """Train the linear model over the tokens of the run, with its default settings, and score it.

    Args:
        score: scores a classifier on texts, see `TrainingRun.score`.
    """
    start = time.perf_counter()
    texts, labels = data.texts, data.splits.labels
    ngrams = learn_ngrams(
        texts.train,
        vocabulary_size=len(texts.encoder.vocabulary),
        num_classes=len(labels),
        longest=LONGEST[unit_of(data)],
    )
    fit_linear(ngrams, texts.train, seed=seed)
    calibrate(ngrams, texts.validation)
    seconds = time.perf_counter() - start
    thresholds = (0.5,) * len(labels) if data.splits.train.multi_label else None
    classifier = build_classifier(ngrams, texts.encoder, labels, thresholds)
    validation = score(classifier, texts.validation, tune=True)
    test = score(classifier, texts.test) if len(texts.test) else None
    return Baseline(validation, test, seconds, unit_of(data))
