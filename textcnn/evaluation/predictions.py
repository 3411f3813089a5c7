"""What a classifier answers to every text of a split, from which everything else is computed.

One pass over the split gives the scores and the logits. Memory is linear in the number of texts:
beyond MOST_LOGITS logits, only the most probable classes and what belongs to the true class stay.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from textcnn.data.batching import EncodedTexts
from textcnn.evaluation.counts import over_processes
from textcnn.evaluation.metrics import BATCH_SIZE, Scores
from textcnn.evaluation.scoring import score_classifier
from textcnn.inference import BaseClassifier
from textcnn.models.decision import chosen

# 512 MB: 25,000 texts of 5,368 classes. Label sets keep all logits: as many numbers are in memory
# for their truth anyway.
MOST_LOGITS = 2**27
MOST_PROBABLE = 10  # classes of each text that always stay


@dataclass(frozen=True)
class Predictions:
    """Logits and truth of the texts of a split, in the order of its rows.

    Arrays of texts have the first dimension (texts,).
    """

    labels: tuple[str, ...]  # the names of the classes that the classifier knows, by id
    # int64 class ids, len(labels) for a class that training lacks; for label sets
    # (texts, classes) bool, with one more column if some texts have a label that training lacks
    truth: np.ndarray
    logits: Tensor | None  # (texts, classes) float32; None: more than MOST_LOGITS of them
    top: Tensor  # (texts, at most MOST_PROBABLE) int64: the most probable classes, in order
    top_logits: Tensor  # float32, of the same shape
    totals: Tensor  # (texts,) float32: log of the sum of the exponentials of all logits
    predicted: np.ndarray  # (texts,) int64: the most probable class, the first of equal ones
    # One class per text only; (0,) for label sets:
    ranks: np.ndarray  # (texts,) int64: classes before the true one; their number if it is unknown
    losses: np.ndarray  # (texts,) float32: cross-entropy in nats; nan if the true class is unknown
    lengths: np.ndarray  # (texts,) int64: tokens before truncation
    truncated: np.ndarray  # (texts,) bool
    unknown: np.ndarray  # (texts,) float64: the share of tokens outside the vocabulary
    rows: np.ndarray  # (texts,) int64: the row in the file or split, from 1 without the header
    targets: np.ndarray | None = None  # (texts, classes) float32: soft labels
    # of label sets, for probabilities before calibration: (classes,)
    thresholds: tuple[float, ...] | None = None

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def multi_label(self) -> bool:
        return self.truth.ndim == 2

    @cached_property
    def correct(self) -> np.ndarray:
        """(texts,) bool: the class is the true one; of label sets, the whole set is."""
        if not self.multi_label:
            same: np.ndarray = self.predicted == self.truth
            return same
        whole: np.ndarray = (self.chosen_sets == self.truth).all(axis=1)
        return whole

    @cached_property
    def chosen_sets(self) -> np.ndarray:
        """The predicted label sets, in the shape of `truth`."""
        assert self.thresholds is not None
        assert self.logits is not None
        sets = chosen(self.logits.sigmoid(), self.thresholds)
        unseen = self.truth.shape[1] - sets.shape[1]
        return F.pad(sets, (0, unseen)).numpy()  # nothing predicts a label that training lacks

    @property
    def confidences(self) -> np.ndarray:
        """(texts,) float32: the probability of the predicted class; one class per text only."""
        return (self.top_logits[:, 0] - self.totals).exp().numpy()

    @property
    def probabilities(self) -> Tensor | None:
        """(texts, classes) float32; None where the logits are."""
        if self.logits is None:
            return None
        return self.logits.sigmoid() if self.multi_label else self.logits.softmax(dim=1)


class Keeper:
    """Collects what `Predictions` needs from the logits of one batch after another."""

    def __init__(self, texts: EncodedTexts, classes: int, *, most_logits: int = MOST_LOGITS):
        assert texts.labels is not None
        self.texts, self.count = texts, len(texts)
        several = texts.labels.ndim == 2
        few = several or self.count * classes <= most_logits
        self.logits = torch.zeros(self.count, classes) if few else None
        shape = (self.count, min(classes, MOST_PROBABLE))
        self.top, self.top_logits = torch.zeros(shape, dtype=torch.int64), torch.zeros(shape)
        self.totals, self.predicted = torch.zeros(self.count), torch.zeros(self.count).long()
        single = 0 if several else self.count
        self.ranks, self.losses = torch.zeros(single).long(), torch.zeros(single)

    def __call__(self, rows: np.ndarray, logits: Tensor) -> None:
        """
        Args:
            rows: (batch,) int64, of the texts.
            logits: (batch, classes)
        """
        places, logits = torch.from_numpy(rows), logits.float().cpu()
        if self.logits is not None:
            self.logits[places] = logits
        best = logits.topk(self.top.shape[1], dim=1)
        self.top[places], self.top_logits[places] = best.indices, best.values
        self.totals[places] = logits.logsumexp(dim=1)
        self.predicted[places] = logits.argmax(dim=1)
        if len(self.ranks):
            own = self.of_true_class(rows, logits, self.totals[places])
            self.ranks[places], self.losses[places] = own

    def of_true_class(
        self, rows: np.ndarray, logits: Tensor, totals: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The rank and the loss of each text of a batch."""
        assert self.texts.labels is not None
        classes = logits.shape[1]
        true = torch.from_numpy(self.texts.labels[rows])
        known = true < classes
        own = logits.gather(1, true.clamp(max=classes - 1)[:, None])  # (batch, 1)
        ranks = (logits > own).sum(dim=1)
        tied = ((logits == own).sum(dim=1) > 1).nonzero().flatten()
        # of equal logits the first comes before, as for argmax
        earlier = torch.arange(classes) < true[tied, None]
        ranks[tied] += ((logits[tied] == own[tied]) & earlier).sum(dim=1)
        losses = totals - own[:, 0]
        if self.texts.targets is not None:
            truth = torch.from_numpy(self.texts.targets[rows])
            losses = F.cross_entropy(logits, truth, reduction="none")
        return ranks.masked_fill(~known, classes), losses.masked_fill(~known, torch.nan)

    def gathered(self, device: torch.device) -> dict[str, Any]:
        """The collected arrays. Of several processes, each gets those of all texts."""
        names = ("logits", "top", "top_logits", "totals", "predicted", "ranks", "losses")
        # each text is in one process; the others hold zeros for it, so that the sum is exact
        summed = {
            name: None if (part := getattr(self, name)) is None else over_processes(part, device)
            for name in names
        }
        arrays = ("predicted", "ranks", "losses")
        return {k: v.numpy() if k in arrays and v is not None else v for k, v in summed.items()}


def score_split(
    classifier: BaseClassifier[Any],
    texts: EncodedTexts,
    device: torch.device,
    rows: np.ndarray | None = None,
    *,
    tune: bool = False,
    batch_size: int = BATCH_SIZE,
    rank: int = 0,
    count: int = 1,
    most_logits: int = MOST_LOGITS,
) -> tuple[Scores, Predictions]:
    """Score a classifier on labelled texts, and keep its logits.

    The scores equal those of `score_classifier` to the last bit.

    Args:
        rows: (texts,) the numbers of the rows, from 1; None: 1, 2, ...
        tune, batch_size, rank, count: as for `score_classifier`; every process returns the
            scores and the predictions of all texts.
        most_logits: with one class per text, no more than so many logits are kept.
    """
    keeper = Keeper(texts, len(classifier.labels), most_logits=most_logits)
    scores = score_classifier(
        classifier,
        texts,
        device,
        tune=tune,
        batch_size=batch_size,
        rank=rank,
        count=count,
        keep=keeper,
    )
    assert texts.labels is not None
    return scores, Predictions(
        labels=classifier.labels,
        truth=texts.labels,
        **keeper.gathered(device),
        lengths=texts.full_lengths,
        truncated=texts.full_lengths > texts.lengths,
        unknown=np.diff(texts.unknown_before) / np.maximum(texts.lengths, 1),
        rows=np.arange(1, len(texts) + 1) if rows is None else rows,
        targets=texts.targets,
        thresholds=classifier.raw_thresholds,
    )
