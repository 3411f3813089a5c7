"""Scores of predictions with one class per text, over batches and processes."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from textcnn.data.batching import SCORED_TOKENS, Batch, EncodedTexts, sorted_batches
from textcnn.data.labels.unseen import UNSEEN

BATCH_SIZE = 64  # texts; affects time and memory, not the scores


@dataclass(frozen=True)
class ClassScores:
    """Precision, recall and F1 of one class, from 0 to 1, and its number of texts."""

    label: str
    precision: float
    recall: float
    f1: float
    examples: int


@dataclass(frozen=True)
class Scores:
    """Accuracy and F1 from 0 to 1, loss in nats.

    With one class per text, loss is the mean cross-entropy, micro-F1 equals accuracy, and macro-F1
    is the mean over the classes that occur among labels or predictions.

    With label sets, accuracy is the fraction of texts whose whole set is correct, loss the mean
    binary cross-entropy over texts and labels, and macro-F1 the mean over all labels; a label that
    is neither true nor predicted counts as 0.

    Of texts with soft labels, the most probable class counts as the true one (the first of equal
    ones), and of label sets the labels of at least 0.5; the loss is against the probabilities.
    Weights of texts count nowhere.
    """

    accuracy: float
    macro_f1: float
    micro_f1: float
    loss: float
    examples: int
    classes: tuple[ClassScores, ...]
    confusion: tuple[tuple[int, ...], ...] | None  # [true class][predicted class]; None for sets

    @property
    def multi_label(self) -> bool:
        return self.confusion is None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def summary(self) -> dict[str, float]:
        names = ("accuracy", "macro_f1", "micro_f1", "loss", "examples")
        return {name: getattr(self, name) for name in names}


def score_texts(
    model: torch.nn.Module,
    texts: EncodedTexts,
    labels: Sequence[str],
    device: torch.device,
    *,
    batch_size: int = BATCH_SIZE,
    rank: int = 0,
    count: int = 1,
) -> Scores:
    """Score a model on labelled texts.

    Args:
        labels: the names of the classes, by id.
        batch_size: texts per batch, at most.
        rank, count: of `count` processes, each scores the batches of its `rank`; all return the
            scores of all texts.
    """
    batches = sorted_batches(texts.lengths, batch_size, SCORED_TOKENS)[rank::count]
    return score(model, map(texts.batch, batches), with_unseen(labels, texts), device)


def with_unseen(labels: Sequence[str], texts: EncodedTexts) -> tuple[str, ...]:
    """The classes, and behind them UNSEEN if the texts have it."""
    assert texts.labels is not None
    has = texts.labels.ndim == 1 and bool((texts.labels >= len(labels)).any())
    if texts.labels.ndim == 2:
        has = texts.labels.shape[1] > len(labels)
    return (*labels, UNSEEN) if has else tuple(labels)


def score(
    model: torch.nn.Module, batches: Iterable[Batch], labels: Sequence[str], device: torch.device
) -> Scores:
    """Score a model on labelled batches; several processes score all their batches together.

    Args:
        labels: with one more name than the model has classes: UNSEEN, which is never predicted.
            The loss leaves out its texts.
    """
    # Imported here: it takes 1.5 s, and only scoring needs it.
    from torchmetrics import MetricCollection, SumMetric
    from torchmetrics.classification import (
        MulticlassAccuracy,
        MulticlassConfusionMatrix,
        MulticlassF1Score,
        MulticlassPrecision,
        MulticlassRecall,
    )

    count = len(labels)
    metrics = MetricCollection(
        {
            "accuracy": MulticlassAccuracy(count, average="micro"),
            "macro_f1": MulticlassF1Score(count, average="macro"),
            "precision": MulticlassPrecision(count, average="none"),
            "recall": MulticlassRecall(count, average="none"),
            "f1": MulticlassF1Score(count, average="none"),
            "confusion": MulticlassConfusionMatrix(count),
        }
    ).to(device)
    loss = SumMetric(nan_strategy="disable").set_dtype(torch.float64).to(device)
    for logits, batch in labelled_logits(model, batches, device):
        assert batch.labels is not None
        truth = batch.labels if batch.targets is None else batch.targets.to(logits.dtype)
        if logits.shape[1] == count:
            metrics.update(logits, batch.labels)
        else:
            metrics.update(F.pad(logits, (0, 1), value=-math.inf), batch.labels)
            seen = batch.labels < logits.shape[1]
            logits, truth = logits[seen], truth[seen]
        # a sum, not a mean: the last batch is smaller
        loss.update(F.cross_entropy(logits, truth, reduction="sum").double())
    values = {name: value.tolist() for name, value in metrics.compute().items()}
    examples = [sum(row) for row in values["confusion"]]
    unseen = examples[-1] if labels[-1] == UNSEEN else 0
    rows = zip(labels, values["precision"], values["recall"], values["f1"], examples, strict=True)
    return Scores(
        accuracy=values["accuracy"],
        macro_f1=values["macro_f1"],
        micro_f1=values["accuracy"],
        loss=loss.compute().item() / max(sum(examples) - unseen, 1),
        examples=sum(examples),
        classes=tuple(ClassScores(*row) for row in rows),
        confusion=tuple(tuple(row) for row in values["confusion"]),
    )


def labelled_logits(
    model: torch.nn.Module, batches: Iterable[Batch], device: torch.device
) -> Iterator[tuple[Tensor, Batch]]:
    """Yield the logits (batch, classes) of each batch, and the batch with its labels."""
    model.eval()
    for batch in batches:
        batch = batch.to(device)
        assert batch.labels is not None
        # entered per batch: around a `yield` it would leak into the caller
        with torch.inference_mode():
            logits = model(**batch.inputs)
        yield logits, batch
