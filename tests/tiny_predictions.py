"""Predictions of texts, made from logits."""

from dataclasses import replace
from string import ascii_letters as LETTERS
from typing import Any

import numpy as np
import torch

from textcnn.data.batching import EncodedTexts
from textcnn.evaluation.predictions import Keeper, Predictions


def predictions(
    logits: torch.Tensor,
    truth: np.ndarray,
    thresholds: tuple[float, ...] | None = None,
    **changes: Any,
) -> Predictions:
    """
    Args:
        logits: (texts, classes)
        truth: (texts,) class ids, or (texts, classes) bool
        changes: of other fields.
    """
    size = len(truth)
    encoded = EncodedTexts(
        np.ones(size, np.int32), np.arange(size + 1), np.ones(size, np.int64), truth
    )
    keeper = Keeper(encoded, logits.shape[1])
    keeper(np.arange(size), logits)
    made = Predictions(
        labels=tuple(LETTERS[: logits.shape[1]]),
        truth=truth,
        **keeper.gathered(torch.device("cpu")),
        lengths=encoded.full_lengths,
        truncated=np.zeros(size, bool),
        unknown=np.zeros(size),
        rows=np.arange(1, size + 1),
        thresholds=thresholds,
    )
    return replace(made, **changes)
