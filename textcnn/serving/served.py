"""The classifiers that the server answers with, and their answers as JSON."""

import json
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from textcnn.errors import InputError
from textcnn.exporting.numpy_export import contents
from textcnn.exporting.parts import parts_of
from textcnn.inference.files.columns import AnswerColumns
from textcnn.inference.kinds import AnyClassifier, Classifier
from textcnn.runtime.classifier import RuntimeClassifier
from textcnn.runtime.encoding import Encoded
from textcnn.runtime.loading import build
from textcnn.runtime.prediction import abstaining
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

    def __init__(
        self, name: str, classifier: AnyClassifier, runtime: RuntimeClassifier | None = None
    ):
        """
        Args:
            runtime: predicts the same, faster; None: the classifier predicts.
        """
        self.name, self.classifier, self.runtime = name, classifier, runtime

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
        decided = self.decided([*chain.from_iterable(own for own, _ in parts)])
        answers, start = [], 0
        for own, options in parts:
            columns = AnswerColumns(
                self.classifier.labels,
                sets=self.classifier.thresholds is not None,
                abstains=options.threshold is not None,
                top=options.top,
            )
            answers.append(written(decided[start : start + len(own)], options, columns))
            start += len(own)
        return answers

    def decided(self, texts: Sequence[str]) -> Sequence[Any]:
        """The prediction of each text."""
        if self.runtime is not None:
            return self.runtime.decide(self.runtime.logits(texts))
        classifier = self.classifier
        logits = classifier.chunk_logits(classifier.network, texts, len(texts))
        return classifier.decide(logits)

    def warm(self) -> None:
        """Compute the rows of all tokens in the tables, so that no request waits for them."""
        count = len(self.classifier.encoder.vocabulary)
        texts = -(-count // WARM_TOKENS)
        ids = np.arange(texts * WARM_TOKENS).clip(max=count - 1)
        lengths = np.full(texts, WARM_TOKENS)
        if self.runtime is not None:
            self.runtime.model.logits(Encoded(ids.astype(np.int32), lengths))
        else:
            with torch.inference_mode():
                rows = torch.from_numpy(ids).view(texts, WARM_TOKENS).split(64)
                for some, own in zip(rows, torch.from_numpy(lengths).split(64), strict=True):
                    self.classifier.network(some, own)
        self.decided(["", "a text", "a long text " * 200])


def runtime_of(
    classifier: AnyClassifier, table_memory: int, half: bool
) -> RuntimeClassifier | None:
    """The classifier as `textcnn.runtime` has it, which predicts a single text in a fraction of
    the time; None if it can't have this model.

    Args:
        table_memory, half: as for `textcnn.load`.
    """
    try:
        parts = parts_of(classifier)
    except InputError:
        return None
    return build({}, contents(parts, "float16" if half else "float32"), table_memory * 2**20)


def written(predictions: Sequence[Any], options: Options, columns: AnswerColumns) -> list[str]:
    """Predictions as JSON in ASCII, as `predict` writes them, but without the text."""
    if options.threshold is not None:
        predictions = abstaining(predictions, options.threshold)
    rows = [columns.json("", each, None) for each in predictions]
    for row in rows:
        del row["text"]
    return [json.dumps(row) for row in rows]


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
