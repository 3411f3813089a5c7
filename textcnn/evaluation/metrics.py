"""How good predictions are, over batches and processes."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torchmetrics import MetricCollection, SumMetric
from torchmetrics.classification import (
    MulticlassAccuracy,
    MulticlassConfusionMatrix,
    MulticlassF1Score,
    MulticlassPrecision,
    MulticlassRecall,
)

from textcnn.data.batching import Batch, EncodedTexts, sorted_batches

BATCH_SIZE = 64  # of texts; changes time and memory, not the scores


@dataclass(frozen=True)
class ClassScores:
    """One class: precision, recall and F1 in 0..1, and its number of examples."""

    label: str
    precision: float
    recall: float
    f1: float
    examples: int


@dataclass(frozen=True)
class Scores:
    """Accuracy and macro-F1 in 0..1, mean cross-entropy in nats.

    Macro-F1 is the mean over the classes that occur among the labels or the predictions.
    """

    accuracy: float
    macro_f1: float
    loss: float
    examples: int
    classes: tuple[ClassScores, ...]
    confusion: tuple[tuple[int, ...], ...]  # [true class][predicted class]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def summary(self) -> dict[str, float]:
        names = ("accuracy", "macro_f1", "loss", "examples")
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
    """Score a model on labelled texts; of `count` processes the one with this `rank` does a part,
    and all get the scores of the whole."""
    batches = sorted_batches(texts.lengths, batch_size)[rank::count]
    return score(model, map(texts.batch, batches), labels, device)


def score(
    model: torch.nn.Module, batches: Iterable[Batch], labels: Sequence[str], device: torch.device
) -> Scores:
    """Score a model on labelled batches; in several processes, on all of theirs together."""
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
    model.eval()
    with torch.inference_mode():
        for batch in batches:
            batch = batch.to(device)
            assert batch.labels is not None
            logits: Tensor = model(batch.ids, batch.lengths)  # (batch, classes)
            metrics.update(logits, batch.labels)
            # a sum, not a mean: the last batch is smaller
            loss.update(F.cross_entropy(logits, batch.labels, reduction="sum").double())
    values = {name: value.tolist() for name, value in metrics.compute().items()}
    examples = [sum(row) for row in values["confusion"]]
    rows = zip(labels, values["precision"], values["recall"], values["f1"], examples, strict=True)
    return Scores(
        accuracy=values["accuracy"],
        macro_f1=values["macro_f1"],
        loss=loss.compute().item() / max(sum(examples), 1),
        examples=sum(examples),
        classes=tuple(ClassScores(*row) for row in rows),
        confusion=tuple(tuple(row) for row in values["confusion"]),
    )
