"""Scores of predicted label sets, over batches and processes, and the best thresholds.

Everything is computed from counts of texts, which are summed over processes.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from textcnn.data.batching import SCORED_TOKENS, EncodedTexts, sorted_batches
from textcnn.evaluation.counts import class_scores, f1_scores, over_processes
from textcnn.evaluation.metrics import (
    BATCH_SIZE,
    Keep,
    Scores,
    in_order,
    labelled_logits,
    with_unseen,
)
from textcnn.models.decision import chosen

# The thresholds to try: (steps,) float32 from 6e-6 to 1 - 6e-6, 0.5 in the middle. They are
# equidistant in the logit, so they are dense at the small probabilities of rare labels.
GRID = torch.arange(-120, 121).div(10).sigmoid()

# (probabilities, truth) of a batch: (batch, labels) float32 and bool
ScoredBatch = tuple[Tensor, Tensor]


def score_label_sets(
    model: torch.nn.Module,
    texts: EncodedTexts,
    labels: Sequence[str],
    device: torch.device,
    *,
    thresholds: Sequence[float] | None,
    batch_size: int = BATCH_SIZE,
    rank: int = 0,
    count: int = 1,
    keep: Keep | None = None,
) -> tuple[Scores, tuple[float, ...]]:
    """Score a model on texts with label sets; return scores and thresholds.

    A process holds the probabilities of its texts in memory, 4 bytes each.

    Args:
        texts: with labels (texts, labels) bool; those of UNSEEN are never predicted.
        labels: the names of the labels, by id.
        thresholds: (labels,) the probability from which a label is predicted; None: the
            thresholds with the best F1 on these texts, see `best_thresholds`.
        rank, count: of `count` processes, each scores the batches of its `rank`; all return the
            result for all texts.
        keep: gets the logits of each batch of this process.
    """
    rows = sorted_batches(texts.lengths, batch_size, SCORED_TOKENS)[rank::count]
    names = with_unseen(labels, texts)
    unseen = len(names) - len(labels)
    scored, loss = score_batches(model, texts, rows, unseen, device, keep)
    if thresholds is None:
        reached = over_processes(count_reached(scored, len(labels)), device)
        thresholds = best_thresholds(reached)
    thresholds = tuple(thresholds)
    applied = (*thresholds, *([1.0] * unseen))
    counts = over_processes(count_chosen(scored, applied), device)  # (labels, 3)
    exact = sum(
        int((chosen(probabilities, applied) == truth).all(dim=1).sum())
        for probabilities, truth in scored
    )
    part = torch.tensor([exact, sum(len(truth) for _, truth in scored), loss], dtype=torch.float64)
    right, examples, loss_sum = over_processes(part, device).tolist()
    f1 = f1_scores(counts)  # (labels,)
    return Scores(
        accuracy=right / max(examples, 1),
        macro_f1=f1.mean().item(),
        micro_f1=f1_scores(counts.sum(dim=0)).item(),
        loss=loss_sum / max(examples * len(labels), 1),
        examples=int(examples),
        classes=class_scores(names, counts),
        confusion=None,
        multi_label=True,
    ), thresholds


def score_batches(
    model: torch.nn.Module,
    texts: EncodedTexts,
    rows: Sequence[np.ndarray],
    unseen: int,
    device: torch.device,
    keep: Keep | None,
) -> tuple[list[ScoredBatch], Tensor]:
    """The probabilities and truth of each batch, and the loss summed over texts and labels.

    Args:
        unseen: labels of the texts that the model doesn't know.
    """
    loss, scored = torch.zeros((), dtype=torch.float64), list[ScoredBatch]()
    kept = None if keep is None else in_order(keep, rows)
    for logits, batch in labelled_logits(model, map(texts.batch, rows), device, kept):
        assert batch.labels is not None
        logits, truth = logits.float().cpu(), batch.labels.cpu()  # (batch, labels)
        known = truth[:, : logits.shape[1]]
        targets = known.float() if batch.targets is None else batch.targets.cpu()
        # a sum, not a mean: the last batch is smaller
        loss += F.binary_cross_entropy_with_logits(logits, targets, reduction="sum")
        scored.append((F.pad(logits.sigmoid(), (0, unseen)), truth))  # nothing predicts UNSEEN
    return scored, loss


def count_chosen(scored: Iterable[ScoredBatch], thresholds: Sequence[float]) -> Tensor:
    """int64 (labels, 3): the texts with true and predicted label, predicted, and true label."""
    counts = torch.zeros(len(thresholds), 3, dtype=torch.int64)
    for probabilities, truth in scored:
        predicted = chosen(probabilities, thresholds)  # (batch, labels)
        parts = (predicted & truth, predicted, truth)
        counts += torch.stack([part.sum(dim=0) for part in parts], dim=1)
    return counts


def count_reached(scored: Iterable[ScoredBatch], labels: int) -> Tensor:
    """int64 (labels, steps, 3): the counts of `count_chosen` for every threshold of GRID."""
    bins = len(GRID) + 1
    offsets = torch.arange(labels) * bins  # (labels,)
    counts = torch.zeros(2, labels, bins, dtype=torch.int64)
    for probabilities, truth in scored:
        # a probability in bin b reaches the first b thresholds
        cells = torch.bucketize(probabilities, GRID, right=True) + offsets  # (batch, labels)
        for place, some in enumerate((cells[truth], cells.flatten())):
            counts[place] += torch.bincount(some, minlength=labels * bins).view(labels, bins)
    have = counts[0].sum(dim=1, keepdim=True).expand(-1, len(GRID))  # (labels, steps)
    right, get = counts.flip(-1).cumsum(dim=-1).flip(-1)[..., 1:]  # (labels, steps) each
    return torch.stack([right, get, have], dim=-1)


def best_thresholds(reached: Tensor) -> tuple[float, ...]:
    """The threshold of GRID with the best F1, for each label.

    If neighbouring thresholds are equally good, the middle one is chosen: it is farthest from the
    texts whose prediction would change. Of several such plateaus, the one nearest to 0.5 is used.
    A label that no text has gets 0.5.

    Args:
        reached: (labels, steps, 3), the result of `count_reached`.
    """
    middle = len(GRID) // 2
    places = []
    for f1 in f1_scores(reached):  # (steps,)
        is_best = F.pad((f1 == f1.max()).int(), (1, 1)).diff()  # (steps + 1,)
        first = torch.nonzero(is_best == 1).flatten()  # (plateaus,)
        last = torch.nonzero(is_best == -1).flatten() - 1  # (plateaus,)
        away = torch.maximum(first - middle, middle - last).clamp(min=0)
        nearest = away.argmin()
        places.append(int(first[nearest] + last[nearest]) // 2)
    return tuple(GRID[places].tolist())
