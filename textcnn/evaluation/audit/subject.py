"""A trained classifier and labelled texts: its answers, and how they change with the texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from textcnn.data.batching import SCORED_TOKENS, EncodedTexts, sorted_batches
from textcnn.data.encoding import encode_texts
from textcnn.errors import InputError
from textcnn.evaluation.audit.rates import Change, compare, exceeds, percent
from textcnn.inference import AnyClassifier
from textcnn.models.decision import chosen
from textcnn.text.vocabulary import PADDING

BATCH_SIZE = 64  # texts


@dataclass(frozen=True)
class Subject:
    """What is audited."""

    classifier: AnyClassifier
    texts: list[str]
    labels: np.ndarray  # (texts,) int64 class ids; for label sets (texts, classes) bool

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def encoded(self) -> EncodedTexts:
        return self.encode(self.texts)

    def encode(self, texts: Sequence[str]) -> EncodedTexts:
        return encode_texts(texts, self.classifier.encoder)

    @cached_property
    def answers(self) -> np.ndarray:
        """See `answers_to`, for the texts as they are.

        Raises:
            InputError: the classifier computes infinite numbers or nan.
        """
        logits = self.logits(self.encoded)
        if not logits.isfinite().all():
            raise InputError(
                "the network computes infinite numbers or nan for these texts; train again with a "
                "smaller optimizer.learning_rate"
            )
        return self.decide(logits)

    def answers_to(self, texts: EncodedTexts) -> np.ndarray:
        """The predicted classes (texts,) int64, or label sets (texts, classes) bool."""
        return self.decide(self.logits(texts))

    def logits(self, texts: EncodedTexts) -> Tensor:
        """(texts, classes), the fast way."""
        rows = sorted_batches(texts.lengths, BATCH_SIZE, SCORED_TOKENS)
        return logits_of(self.classifier.network, texts, rows)

    def decide(self, logits: Tensor) -> np.ndarray:
        if self.classifier.raw_thresholds is None:
            return logits.argmax(dim=1).numpy()
        return chosen(logits.sigmoid(), self.classifier.raw_thresholds).numpy()

    def is_correct(self, answers: np.ndarray) -> np.ndarray:
        """(texts,) bool: whether the class, or the whole label set, is predicted correctly."""
        if answers.ndim == 1:
            return np.equal(answers, self.labels)
        # labels that training lacks come last and are never predicted
        extra = self.labels.shape[1] - answers.shape[1]
        return np.all(np.pad(answers, ((0, 0), (0, extra))) == self.labels, axis=1)

    @property
    def accuracy(self) -> float:
        """From 0 to 1; of label sets the share of whole sets that are correct."""
        return float(self.is_correct(self.answers).mean())

    @property
    def doubt(self) -> str | None:
        """Why this audit says little, if the classifier learned nothing; None otherwise."""
        most = int(np.unique(self.labels, axis=0, return_counts=True)[1].max())
        right = int(self.is_correct(self.answers).sum())
        if exceeds(right, len(self), most / len(self)):
            return None
        return (
            "the classifier is no better than the most frequent answer, "
            f"{percent(most / len(self))}: what changes its answers says little"
        )

    def change(
        self, name: str, texts: EncodedTexts, changed: int | None = None, advice: str | None = None
    ) -> Change:
        """What another version of the texts does to the answers.

        Args:
            name: what was done to the texts.
            changed: how many texts differ from the original; None: all may.
            advice: what to do if the answers suffer.
        """
        answers = self.answers_to(texts)
        flipped = differs(answers, self.answers)
        return compare(
            name,
            self.is_correct(self.answers),
            self.is_correct(answers),
            flipped=int(flipped.sum()),
            changed=changed,
            advice=advice,
        )


def differs(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(texts,) bool: whether two answers are different classes, or different label sets."""
    different: np.ndarray = some != others
    return different if different.ndim == 1 else np.any(different, axis=1)


def logits_of(
    network: nn.Module, texts: EncodedTexts, batches: Sequence[np.ndarray], *, padding: int = 0
) -> Tensor:
    """Logits (texts, classes) float32, in the order of the texts.

    Args:
        batches: the rows of each batch.
        padding: tokens of padding behind the longest text of each batch, more than it needs.
    """
    network.eval()
    parts = []
    with torch.inference_mode():
        for rows in batches:
            inputs: dict[str, Any] = texts.batch(rows).inputs
            inputs["ids"] = F.pad(inputs["ids"], (0, padding), value=PADDING)
            parts.append(network(**inputs).float().cpu())
    order = torch.from_numpy(np.concatenate(batches))
    return torch.cat(parts)[order.argsort()]
