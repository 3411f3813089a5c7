"""Scores of predictions with one class per text, over batches and processes."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from textcnn.data.batching import SCORED_TOKENS, Batch, EncodedTexts, sorted_batches
from textcnn.data.labels.unseen import UNSEEN
from textcnn.evaluation.counts import ClassScores, class_scores, over_processes

MOST_CONFUSED = 200  # classes
BATCH_SIZE = 64  # texts; affects time and memory, not the scores
# Called with the rows (batch,) and the logits (batch, classes) of each batch.
Keep = Callable[[np.ndarray, Tensor], None]


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
    # [true class][predicted class]; None for label sets, and for more than MOST_CONFUSED classes,
    # with whose square it would grow
    confusion: tuple[tuple[int, ...], ...] | None
    multi_label: bool = False

    def as_json(self) -> dict[str, Any]:
        named = asdict(self)
        del named["multi_label"]
        return named

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
    keep: Keep | None = None,
) -> Scores:
    """Score a model on labelled texts.

    Args:
        labels: the names of the classes, by id.
        batch_size: texts per batch, at most.
        rank, count: of `count` processes, each scores the batches of its `rank`; all return the
            scores of all texts.
        keep: gets the logits of each batch of this process.
    """
    rows = sorted_batches(texts.lengths, batch_size, SCORED_TOKENS)[rank::count]
    kept = None if keep is None else in_order(keep, rows)
    return score(model, map(texts.batch, rows), with_unseen(labels, texts), device, kept)


def in_order(keep: Keep, rows: Iterable[np.ndarray]) -> Callable[[Tensor], None]:
    """`keep` for the logits of one batch after another."""
    places = iter(rows)
    return lambda logits: keep(next(places), logits)


def with_unseen(labels: Sequence[str], texts: EncodedTexts) -> tuple[str, ...]:
    """The classes, and behind them UNSEEN if the texts have it."""
    assert texts.labels is not None
    has = texts.labels.ndim == 1 and bool((texts.labels >= len(labels)).any())
    if texts.labels.ndim == 2:
        has = texts.labels.shape[1] > len(labels)
    return (*labels, UNSEEN) if has else tuple(labels)


def score(
    model: torch.nn.Module,
    batches: Iterable[Batch],
    labels: Sequence[str],
    device: torch.device,
    keep: Callable[[Tensor], None] | None = None,
) -> Scores:
    """Score a model on labelled batches; several processes score all their batches together.

    Args:
        labels: with one more name than the model has classes: UNSEEN, which is never predicted.
            The loss leaves out its texts.
        keep: gets the logits of each batch.
    """
    classes = len(labels)
    counts = torch.zeros(3, classes, dtype=torch.int64)  # right, predicted, true
    confusion = torch.zeros(classes**2 if classes <= MOST_CONFUSED else 0, dtype=torch.int64)
    loss = torch.zeros((), dtype=torch.float64)
    for logits, batch in labelled_logits(model, batches, device, keep):
        assert batch.labels is not None
        true, predicted = batch.labels.cpu(), logits.argmax(dim=1).cpu()
        for place, some in enumerate((true[true == predicted], predicted, true)):
            counts[place] += torch.bincount(some, minlength=classes)
        if len(confusion):
            cells = true * classes + predicted
            confusion += torch.bincount(cells, minlength=len(confusion))
        truth = batch.labels if batch.targets is None else batch.targets.to(logits.dtype)
        seen = batch.labels < logits.shape[1]
        # a sum, not a mean: the last batch is smaller
        of_batch = F.cross_entropy(logits[seen], truth[seen], reduction="sum")
        loss += of_batch.double().cpu()
    counts, confusion = over_processes(counts, device), over_processes(confusion, device)
    right, predicted, true = counts
    examples = int(true.sum())
    unseen = int(true[-1]) if labels[-1] == UNSEEN else 0
    scores = class_scores(labels, counts.T)
    occurs = (true + predicted > 0).tolist()
    f1 = [row.f1 for row, here in zip(scores, occurs, strict=True) if here]
    accuracy = int(right.sum()) / max(examples, 1)
    square = confusion.view(classes, -1).tolist() if len(confusion) else None
    return Scores(
        accuracy=accuracy,
        macro_f1=sum(f1) / max(len(f1), 1),
        micro_f1=accuracy,
        loss=over_processes(loss, device).item() / max(examples - unseen, 1),
        examples=examples,
        classes=scores,
        confusion=None if square is None else tuple(map(tuple, square)),
    )


def labelled_logits(
    model: torch.nn.Module,
    batches: Iterable[Batch],
    device: torch.device,
    keep: Callable[[Tensor], None] | None = None,
) -> Iterator[tuple[Tensor, Batch]]:
    """Yield the logits (batch, classes) of each batch, and the batch with its labels."""
    model.eval()
    for batch in batches:
        batch = batch.to(device)
        assert batch.labels is not None
        # entered per batch: around a `yield` it would leak into the caller
        with torch.inference_mode():
            logits = model(**batch.inputs)
            if keep is not None:
                keep(logits)
        yield logits, batch
