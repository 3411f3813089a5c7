"""From a trained classifier and its validation texts to its calibration."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from textcnn.data.batching import SCORED_TOKENS, EncodedTexts, sorted_batches
from textcnn.evaluation.calibration.coverage import MOST_POINTS, risk_coverage
from textcnn.evaluation.calibration.temperature import fit_platt, fit_temperature
from textcnn.evaluation.metrics import BATCH_SIZE, labelled_logits
from textcnn.inference import BaseClassifier
from textcnn.runtime.calibration import Calibration

MOST_LOGITS = 10_000_000  # that are fitted: more change nothing, and take gigabytes
FAMILIAR = 0.99  # the share of validation texts that are not flagged


def calibrate(
    classifier: BaseClassifier[Any],
    texts: EncodedTexts,
    *,
    scale: bool = True,
    seen_ids: int | None = None,
) -> Calibration | None:
    """What these texts tell of a classifier; None without any text.

    Args:
        texts: labelled ones that the classifier was not trained on.
        scale: False: leave the probabilities as they are.
        seen_ids: see `Calibration`.
    """
    assert texts.labels is not None
    rows = some_rows(len(texts), len(classifier.labels))
    if not len(rows):
        return None
    logits, shares = read(classifier, texts, rows, seen_ids)
    labels = torch.from_numpy(texts.labels[rows])
    targets = None if texts.targets is None else torch.from_numpy(texts.targets[rows])
    shared: dict[str, Any] = {
        "texts": len(rows),
        "unfamiliar_limit": torch.quantile(shares, FAMILIAR, interpolation="higher").item(),
        "seen_ids": seen_ids,
    }
    if labels.ndim == 2:
        truth = labels if targets is None else targets
        slopes, offsets = fit_platt(logits, truth) if scale else (torch.ones(1), torch.zeros(1))
        count = len(classifier.labels)
        pairs = (tuple(each.expand(count).tolist()) for each in (slopes, offsets))
        return Calibration(1.0, *pairs, **shared)
    temperature = fit_temperature(logits, labels, targets=targets) if scale else 1.0
    sure, predicted = Calibration(temperature).scaled(logits).softmax(dim=1).max(dim=1)
    curve = risk_coverage(sure, predicted == labels, MOST_POINTS)
    return Calibration(temperature, coverage=curve, **shared)


def some_rows(count: int, classes: int, most_logits: int = MOST_LOGITS) -> np.ndarray:
    """All rows, or as many random ones as have so many logits, always the same."""
    most = max(most_logits // classes, 1)
    if count <= most:
        return np.arange(count)
    drawn: np.ndarray = np.random.default_rng(0).choice(count, most, replace=False)
    return np.sort(drawn)


def read(
    classifier: BaseClassifier[Any],
    texts: EncodedTexts,
    rows: np.ndarray,
    seen_ids: int | None,
) -> tuple[Tensor, Tensor]:
    """The logits (rows, classes) float32 of some texts, and the shares (rows,) of what is new."""
    device = next(classifier.model.parameters()).device
    logits = torch.empty(len(rows), len(classifier.labels))
    shares = torch.empty(len(rows), dtype=torch.float64)
    batches = sorted_batches(texts.lengths[rows], BATCH_SIZE, SCORED_TOKENS)
    read_batches = labelled_logits(
        classifier.network, (texts.batch(rows[places]) for places in batches), device
    )
    for places, (found, batch) in zip(batches, read_batches, strict=True):
        at = torch.from_numpy(places)
        logits[at] = found.float().cpu()
        shares[at] = classifier.unseen_shares(batch, seen_ids)
    return logits, shares
