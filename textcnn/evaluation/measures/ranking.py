"""How well scores rank: the texts of each class, and the labels of each text."""

import numpy as np
import torch
from torch import Tensor

COPIED = 2**24  # logits at a time, which limits memory


def class_rankings(logits: Tensor, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """AUROC and average precision of each class against all others, by probability.

    They equal scikit-learn's `roc_auc_score` and `average_precision_score`, except that
    probabilities that are rounded to 1 still differ.

    Args:
        logits: (texts, classes) float32
        truth: (texts,) int64 class ids, for softmax; or (texts, classes) bool, for sigmoid. Classes
            without logits are ignored.

    Returns:
        (classes,) float64 each; nan for a class that no text has, and for AUROC for one that all
        have.
    """
    single = truth.ndim == 1
    texts, classes = logits.shape
    step = max(COPIED // max(texts, 1), 1)
    totals = torch.zeros(texts, 1, dtype=torch.float64)
    if single:
        parts = logits.split(max(COPIED // classes, 1))
        totals = torch.cat([part.double().logsumexp(1, True) for part in parts])
    found = []
    for start in range(0, classes, step):
        block = (logits[:, start : start + step].double() - totals).t().contiguous().numpy()
        for number, scores in enumerate(block, start):
            has = truth == number if single else truth[:, number]
            found.append(ranking(scores, has))
    areas, precisions = np.array(found).reshape(-1, 2).T
    return areas, precisions


def ranking(scores: np.ndarray, has: np.ndarray) -> tuple[float, float]:
    """AUROC and average precision of one class.

    Args:
        scores: (texts,)
        has: (texts,) bool: whether a text has the class.
    """
    every, own = np.sort(scores), np.sort(scores[has])
    texts, positive = len(every), len(own)
    if positive == 0:
        return np.nan, np.nan
    # of each text of the class, how many of all texts, and of those of the class, have a larger
    # score, and how many at least the same
    before, until = (texts - np.searchsorted(every, own, side) for side in ("right", "left"))
    right_before, right_until = (
        positive - np.searchsorted(own, own, side) for side in ("right", "left")
    )
    precision = float(np.mean(right_until / until))
    if positive == texts:
        return np.nan, precision
    # a pair of equal scores counts half
    wrong = (before - right_before + until - right_until).sum() / 2
    return 1 - wrong / (positive * (texts - positive)), precision


def label_rankings(top: Tensor, truth: np.ndarray, k: int) -> dict[str, float | None]:
    """P@k, R@k and nDCG@k of label sets, as in extreme classification (Prabhu and Varma, 2014).

    P@k is a mean over all texts, R@k and nDCG@k over those that have a label.

    Args:
        top: (texts, at least k) int64, the most probable labels in order.
        truth: (texts, labels) bool
    """
    hits = np.take_along_axis(truth, top[:, :k].numpy(), axis=1)  # (texts, k)
    have = truth.sum(axis=1)  # (texts,)
    some = have > 0
    discounts = 1 / np.log2(np.arange(2, k + 2))  # (k,)
    ideal = np.cumsum(discounts)[np.minimum(have[some], k) - 1]

    def mean(values: np.ndarray) -> float | None:
        return float(values.mean()) if len(values) else None

    return {
        f"precision_at_{k}": mean(hits.mean(axis=1)),
        f"recall_at_{k}": mean(hits[some].sum(axis=1) / have[some]),
        f"ndcg_at_{k}": mean((hits[some] * discounts).sum(axis=1) / ideal),
    }
