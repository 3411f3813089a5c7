"""How good predicted sets of labels are, over batches and processes, and which thresholds to use.

Everything follows from counts of texts, which are summed over the processes.
"""

from collections.abc import Iterable, Sequence

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor

from textcnn.data.batching import SCORED_TOKENS, EncodedTexts, sorted_batches
from textcnn.evaluation.metrics import BATCH_SIZE, ClassScores, Scores, labelled_logits
from textcnn.models.decision import chosen

# The thresholds that are tried, (steps,) float32 from 6e-6 to 1 - 6e-6, 0.5 in the middle. Even
# steps of the logit are fine where the probabilities of rare labels are, which are small.
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
) -> tuple[Scores, tuple[float, ...]]:
    """Score a model on texts with sets of labels, and tell the thresholds that chose them.

    Of `count` processes the one with this `rank` does a part, and all get the thresholds and the
    scores of the whole. A process holds the probabilities of its part, 4 bytes each.

    Args:
        texts: their labels are bool (texts, labels).
        thresholds: a probability for each label, at which it is predicted; None: those with the
            best F1 on these texts (see `best_thresholds`).
    """
    loss = torch.zeros((), dtype=torch.float64)
    scored: list[ScoredBatch] = []
    rows = sorted_batches(texts.lengths, batch_size, SCORED_TOKENS)[rank::count]
    for logits, truth in labelled_logits(model, map(texts.batch, rows), device):
        logits, truth = logits.float().cpu(), truth.cpu()  # (batch, labels)
        # a sum, not a mean: the last batch is smaller
        loss += F.binary_cross_entropy_with_logits(logits, truth.float(), reduction="sum")
        scored.append((logits.sigmoid(), truth))
    if thresholds is None:
        reached = over_processes(count_reached(scored, len(labels)), device)
        thresholds = best_thresholds(reached)
    counts = over_processes(count_chosen(scored, thresholds), device)  # (labels, 3)
    exact = sum(
        int((chosen(probabilities, thresholds) == truth).all(dim=1).sum())
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
        classes=class_scores(labels, counts),
        confusion=None,
    ), tuple(thresholds)


def count_chosen(scored: Iterable[ScoredBatch], thresholds: Sequence[float]) -> Tensor:
    """int64 (labels, 3): how many texts get the label rightly, get it, and have it."""
    counts = torch.zeros(len(thresholds), 3, dtype=torch.int64)
    for probabilities, truth in scored:
        predicted = chosen(probabilities, thresholds)  # (batch, labels)
        parts = (predicted & truth, predicted, truth)
        counts += torch.stack([part.sum(dim=0) for part in parts], dim=1)
    return counts


def count_reached(scored: Iterable[ScoredBatch], labels: int) -> Tensor:
    """int64 (labels, steps, 3): what `count_chosen` counts, for every threshold of GRID."""
    bins = len(GRID) + 1
    offsets = torch.arange(labels) * bins  # (labels,)
    counts = torch.zeros(2, labels, bins, dtype=torch.int64)
    for probabilities, truth in scored:
        # a probability in bin b is at least the first b thresholds
        cells = torch.bucketize(probabilities, GRID, right=True) + offsets  # (batch, labels)
        for place, some in enumerate((cells[truth], cells.flatten())):
            counts[place] += torch.bincount(some, minlength=labels * bins).view(labels, bins)
    have = counts[0].sum(dim=1, keepdim=True).expand(-1, len(GRID))  # (labels, steps)
    right, get = counts.flip(-1).cumsum(dim=-1).flip(-1)[..., 1:]  # (labels, steps) each
    return torch.stack([right, get, have], dim=-1)


def best_thresholds(reached: Tensor) -> tuple[float, ...]:
    """The threshold of GRID with the best F1 for each label.

    Where neighbours are equally good it is the middle one, which lies farthest from the texts that
    would change sides; of several such plateaus, that of the one which comes nearest to 0.5. So a
    label that no text has gets 0.5.

    Args:
        reached: (labels, steps, 3) as of `count_reached`.
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


def f1_scores(counts: Tensor) -> Tensor:
    """float64 (...) of counts (..., 3); 0 where there is nothing to count.

    One division of whole numbers, so that equal scores are equal to the last bit.
    """
    right, get, have = counts.double().unbind(dim=-1)
    return 2 * right / (get + have).clamp(min=1)


def class_scores(labels: Sequence[str], counts: Tensor) -> tuple[ClassScores, ...]:
    right, get, have = counts.double().unbind(dim=1)  # (labels,)
    precision, recall = right / get.clamp(min=1), right / have.clamp(min=1)
    columns = [part.tolist() for part in (precision, recall, f1_scores(counts), counts[:, 2])]
    return tuple(ClassScores(*row) for row in zip(labels, *columns, strict=True))


def over_processes(counts: Tensor, device: torch.device) -> Tensor:
    """Summed over all processes, if there are several."""
    if dist.is_available() and dist.is_initialized():
        counts = counts.to(device)  # NCCL wants them where the model is
        dist.all_reduce(counts)
    return counts.cpu()
