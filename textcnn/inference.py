"""A trained classifier: texts in, predictions out. Needs nothing but its checkpoint."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from textcnn.checkpoint import Checkpoint, find_checkpoint, load_checkpoint
from textcnn.config import TrainConfig
from textcnn.data.batching import SCORED_TOKENS, sorted_batches
from textcnn.data.encoding import encode_texts
from textcnn.errors import InputError
from textcnn.models.build import build_model
from textcnn.models.classifier import TextClassifier
from textcnn.models.decision import chosen
from textcnn.stored_config import parse_train_config
from textcnn.text.encoder import TextEncoder
from textcnn.text.tokenizers import build_tokenizer


@dataclass(frozen=True)
class Prediction:
    """The most probable class, and the probability of each."""

    label: str
    probabilities: dict[str, float]  # they add up to 1

    def as_json(self) -> dict[str, Any]:
        return {"label": self.label, "probabilities": self.probabilities}


@dataclass(frozen=True)
class LabelSetPrediction:
    """The labels whose probability is at least their threshold, and the probability of each."""

    labels: frozenset[str]
    probabilities: dict[str, float]  # each by itself, in the order of the classifier's labels

    def as_json(self) -> dict[str, Any]:
        """Its labels are in the order of the classifier's."""
        labels = [label for label in self.probabilities if label in self.labels]
        return {"labels": labels, "probabilities": self.probabilities}


class Classifier:
    """Predicts the class of texts, or with `thresholds` their sets of labels."""

    def __init__(
        self,
        model: TextClassifier,
        encoder: TextEncoder,
        labels: Sequence[str],
        thresholds: Sequence[float] | None = None,
    ):
        """`thresholds`: the probability from which on each label is predicted."""
        if thresholds is not None and len(thresholds) != len(labels):
            raise ValueError(
                f"expected a threshold for each of {len(labels)} labels, got {len(thresholds)}"
            )
        self.model = model
        self.encoder = encoder
        self.labels = tuple(labels)
        self.thresholds = None if thresholds is None else tuple(thresholds)

    def logits(self, texts: Sequence[str], batch_size: int = 128) -> Tensor:
        """
        Args:
            texts: any strings, empty ones too.
            batch_size: texts at a time; changes memory and time, not the result.

        Returns:
            float32 (texts, classes), in the order of the texts.

        Raises:
            TypeError: if `texts` is one string, or holds something else than strings.
        """
        if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
            raise TypeError(f"expected a list of strings, got {texts!r:.80}; try [text]")
        encoded = encode_texts(texts, self.encoder)
        device = next(self.model.parameters()).device
        logits = torch.empty(len(texts), len(self.labels))  # (texts, classes)
        self.model.eval()
        with torch.inference_mode():
            for rows in sorted_batches(encoded.lengths, batch_size, SCORED_TOKENS):
                batch = encoded.batch(rows).to(device)
                logits[torch.from_numpy(rows)] = self.model(batch.ids, batch.lengths).float().cpu()
        return logits

    def probabilities(self, logits: Tensor) -> Tensor:
        """(texts, classes) of the same shape: together 1 for a text, or each by itself."""
        return logits.softmax(dim=1) if self.thresholds is None else logits.sigmoid()

    def decide(self, logits: Tensor) -> list[Any]:
        """What `predict` makes of the logits (texts, classes)."""
        probabilities = self.probabilities(logits)
        named = [dict(zip(self.labels, row, strict=True)) for row in probabilities.tolist()]
        if self.thresholds is None:
            best = [self.labels[index] for index in probabilities.argmax(dim=1).tolist()]
            return [Prediction(*row) for row in zip(best, named, strict=True)]
        sets = [
            frozenset(compress(self.labels, row))
            for row in chosen(probabilities, self.thresholds).tolist()
        ]
        return [LabelSetPrediction(*row) for row in zip(sets, named, strict=True)]

    def predict(self, texts: Sequence[str], batch_size: int = 128) -> list[Any]:
        """For each text, in order, a Prediction, or with thresholds a LabelSetPrediction.

        Any, because only the checkpoint knows which. Arguments as for `logits`.
        """
        return self.decide(self.logits(texts, batch_size))


def load(path: str | Path) -> Classifier:
    """The classifier in a run directory (its best checkpoint) or a checkpoint directory.

    Raises:
        InputError: there is no checkpoint, or it is damaged or of a newer format.
    """
    directory = find_checkpoint(path)
    return restore(load_checkpoint(directory), directory)[0]


def restore(checkpoint: Checkpoint, directory: Path) -> tuple[Classifier, TrainConfig]:
    """The classifier of a checkpoint, and the configuration that it was trained with.

    The model is built without memory of its own and takes the stored tensors, so that a
    configuration that doesn't fit them, however large, is refused before anything is allocated.
    """
    try:
        config = parse_train_config(checkpoint.config)
        with torch.device("meta"):
            model = build_model(
                vocabulary_size=len(checkpoint.vocabulary),
                num_classes=len(checkpoint.labels),
                **config.model.settings(config.text.max_length),
            )
        types = {name: tensor.dtype for name, tensor in model.state_dict().items()}
        model.load_state_dict(checkpoint.weights, assign=True)
        for name, tensor in checkpoint.weights.items():
            if tensor.dtype != types[name]:
                raise ValueError(f"{name} is {tensor.dtype}, expected {types[name]}")
    except InputError as error:
        raise InputError(f"{directory}: its configuration: {error}") from error
    except (ValueError, TypeError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{directory}: configuration and weights don't fit: {reason}") from error
    if config.data.multi_label != (checkpoint.thresholds is not None):
        there = "lacks" if checkpoint.thresholds is None else "has"
        wanted = str(config.data.multi_label).lower()
        raise InputError(
            f"{directory} {there} a thresholds.json, but its data.multi_label is {wanted}: the "
            "checkpoint is not whole; copy it again"
        )
    tokenizer = build_tokenizer(config.text.unit, **config.text.tokenizer_settings())
    encoder = TextEncoder(
        tokenizer, checkpoint.vocabulary, config.text.max_length, config.text.truncate
    )
    return Classifier(model, encoder, checkpoint.labels, checkpoint.thresholds), config
