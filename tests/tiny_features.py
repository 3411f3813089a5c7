"""Texts of numbers in one batch, with garbage behind each, that must have no influence."""

import torch
from torch import Tensor

from textcnn.models.layers.features import Features
from textcnn.models.layers.field import ONE_TOKEN, Field

GARBAGE = (0.0, 1e6, torch.nan, torch.inf, -torch.inf)


def batch_of(
    texts: list[Tensor], extra: int = 0, garbage: float = 99.0, field: Field = ONE_TOKEN
) -> Features:
    """Texts (channels, time) side by side; `extra`: positions more than the longest has."""
    lengths = torch.tensor([text.shape[1] for text in texts])
    shape = (len(texts), len(texts[0]), int(lengths.max()) + extra)
    values = torch.full(shape, garbage)
    for row, text in zip(values, texts, strict=True):
        row[:, : text.shape[1]] = text
    return Features(values, lengths, field)
