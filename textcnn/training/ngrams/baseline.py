"""The linear model over n-grams as a yardstick: trained and scored on the same texts as a run."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from textcnn.data.batching import EncodedTexts
from textcnn.data.encoding import encode_texts, tokenize_texts
from textcnn.data.labelled import LabelledTexts
from textcnn.data.prepare import PreparedData
from textcnn.evaluation.metrics import Scores
from textcnn.evaluation.scoring import score_classifier
from textcnn.evaluation.tables import summary
from textcnn.inference import AnyClassifier, build_classifier
from textcnn.text.encoder import TextEncoder, build_vocabulary
from textcnn.text.tokenizers import build_tokenizer
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
    texts = data.texts
    classifier = fit_classifier(
        texts.train,
        texts.validation,
        texts.encoder,
        data.splits.labels,
        longest=LONGEST[unit_of(data)],
        seed=seed,
    )
    seconds = time.perf_counter() - start
    validation = score(classifier, texts.validation, tune=True)
    test = score(classifier, texts.test) if len(texts.test) else None
    return Baseline(validation, test, seconds, unit_of(data))


def fit_classifier(
    train: EncodedTexts,
    validation: EncodedTexts,
    encoder: TextEncoder,
    labels: Sequence[str],
    *,
    longest: int,
    seed: int,
) -> AnyClassifier:
    """The linear model with its default settings; label sets have the threshold 0.5.

    Args:
        longest: tokens of an n-gram, at most.
    """
    assert train.labels is not None
    ngrams = learn_ngrams(
        train,
        vocabulary_size=len(encoder.vocabulary),
        num_classes=len(labels),
        longest=longest,
    )
    fit_linear(ngrams, train, seed=seed)
    calibrate(ngrams, validation)
    thresholds = (0.5,) * len(labels) if train.labels.ndim == 2 else None
    return build_classifier(ngrams, encoder, labels, thresholds)


def train_bag(
    train: LabelledTexts, validation: LabelledTexts, encoder: TextEncoder, seed: int
) -> AnyClassifier:
    """The linear model over single words, which can't use their order.

    Args:
        encoder: of the classifier that it is compared with. Its tokens are the words; beside a
            model of characters or bytes, they are those of the tokenizer `basic`.
    """
    texts = {"train": train.texts(), "validation": validation.texts()}
    if dict(encoder.tokenizer.settings)["unit"] != "word":
        encoder = word_encoder(texts["train"])
    known = encode_texts(texts["train"], encoder, train.labels).ids_alone
    held_out = encode_texts(texts["validation"], encoder, validation.labels).ids_alone
    classifier = fit_classifier(known, held_out, encoder, train.names, longest=1, seed=seed)
    if train.multi_label and len(held_out):
        score_classifier(classifier, held_out, torch.device("cpu"), tune=True)
    return classifier


def word_encoder(texts: Sequence[str]) -> TextEncoder:
    """Reads the words of these texts, however often they occur."""
    tokenizer = build_tokenizer("word", tokenizer="basic")
    words = tokenize_texts(tokenizer, texts)
    vocabulary = build_vocabulary(tokenizer, lambda: words.counts(np.arange(len(words))))
    return TextEncoder(tokenizer, vocabulary, None, "head")
