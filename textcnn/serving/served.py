"""The classifiers that the server answers with, and their answers as JSON."""

import json
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import torch

from textcnn.errors import InputError
from textcnn.inference.kinds import AnyClassifier, Classifier
from textcnn.runtime.prediction import Abstention, AnyPrediction, abstaining
from textcnn.serving.request_error import RequestError
from textcnn.system.escapes import in_one_line

WARM_TOKENS = 64  # of a made-up text
CHECKPOINTS = ("best", "last")  # directories of a run, whose names say little
MOST_PROBABILITIES = 1_000_000  # of a reply; each takes 30 bytes of it


class Options(NamedTuple):
    """What a request wants to know of its texts."""

    top: int | None = None  # probabilities, the largest first; None: all
    threshold: float | None = None  # below which a text gets no label; None: all get one


class Served:
    """A classifier under the name that requests choose it by."""

    def __init__(self, name: str, classifier: AnyClassifier):
        self.name, self.classifier = name, classifier

    def check(self, texts: Sequence[str], options: Options) -> None:
        """
        Raises:
            RequestError: the classifier can't answer so.
        """
        classes = len(self.classifier.labels)
        count = len(texts) * min(options.top or classes, classes)
        if count > MOST_PROBABILITIES:
            top = max(MOST_PROBABILITIES // len(texts), 1)
            raise RequestError(
                422,
                "too_many_probabilities",
                f"a reply takes at most {MOST_PROBABILITIES:,} probabilities, got "
                f'{len(texts):,} texts of {classes:,} classes; try "top": {min(top, 10)}',
            )
        if options.threshold is not None and not isinstance(self.classifier, Classifier):
            raise RequestError(
                422,
                "no_threshold",
                f"threshold needs one class per text, got the model {self.name}, which predicts "
                "label sets and has a threshold for each label; leave threshold out",
            )

    def predict(self, parts: Sequence[tuple[Sequence[str], Options]]) -> list[list[str]]:
        """For the texts of each request a JSON object per text, computed in one batch.

        Raises:
            InputError: the network computes numbers that are not finite.
        """
        classifier = self.classifier
        texts = [*chain.from_iterable(own for own, _ in parts)]
        logits = classifier.chunk_logits(classifier.network, texts, len(texts))
        decided: Sequence[Any] = classifier.decide(logits)
        answers, start = [], 0
        for own, options in parts:
            answers.append(written(decided[start : start + len(own)], options))
            start += len(own)
        return answers

    def warm(self) -> None:
        """Compute the rows of all tokens in the tables, so that no request waits for them."""
        classifier = self.classifier
        count = len(classifier.encoder.vocabulary)
        ids = torch.arange(-(-count // WARM_TOKENS) * WARM_TOKENS).clamp(max=count - 1)
        with torch.inference_mode():
            for some in ids.view(-1, WARM_TOKENS).split(64):  # (texts, tokens)
                classifier.network(some, torch.full((len(some),), WARM_TOKENS))
        classifier.predict(["", "a text"])


def written(predictions: Sequence[Any], options: Options) -> list[str]:
    """Predictions as JSON in ASCII."""
    always: dict[str, Any] = {}
    if options.threshold is not None:
        predictions = abstaining(predictions, options.threshold)
        always = {"label": None, "abstained": False}
    return [json.dumps({**always, **as_json(each, options.top)}) for each in predictions]


def as_json(prediction: AnyPrediction | Abstention, top: int | None) -> dict[str, Any]:
    found = prediction.as_json()
    if top is not None:
        ordered = sorted(prediction.probabilities.items(), key=lambda item: -item[1])
        found["probabilities"] = dict(ordered[:top])
    return found


def names_of(paths: Sequence[str | Path]) -> list[str]:
    """A name for each checkpoint: the last parts of its path, as many as make it unique.

    Raises:
        InputError: a path is given twice.
    """
    parts = [Path(path).expanduser().resolve().parts for path in paths]
    for path, own in zip(paths, parts, strict=True):
        if parts.count(own) > 1:
            raise InputError(f"checkpoint lists {path} twice; give each directory once")
    sizes = [2 if own[-1] in CHECKPOINTS else 1 for own in parts]
    while True:
        names = ["/".join(own[-size:]) for own, size in zip(parts, sizes, strict=True)]
        longer = [
            min(size + (names.count(name) > 1), len(own))
            for name, size, own in zip(names, sizes, parts, strict=True)
        ]
        if longer == sizes:
            return [in_one_line(name) for name in names]
        sizes = longer
