"""From rows to batches of ids: encoding once, then arrays only, no Python per text."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from textcnn.text.vocabulary import PADDING, UNKNOWN

# Texts of similar length share a batch, but are found only within a window of this many batches,
# so that batches stay random.
WINDOW = 20
# Tokens, padding counted, that are worked through at a time where nothing is trained, so that one
# long text doesn't make its whole batch as long.
SCORED_TOKENS = 2**15


@dataclass(frozen=True)
class Batch:
    """Texts side by side, padded behind to the longest of them or a little more."""

    ids: Tensor  # (batch, time) int64, PADDING behind a text's end
    lengths: Tensor  # (batch,) int64, tokens of each text
    labels: Tensor | None  # (batch,) int64, or with several a text (batch, classes) bool

    def to(self, device: torch.device) -> "Batch":
        labels = None if self.labels is None else self.labels.to(device)
        return Batch(self.ids.to(device), self.lengths.to(device), labels)


@dataclass(frozen=True)
class EncodedTexts:
    """The ids of many texts, end to end."""

    ids: np.ndarray  # (all tokens,) int32
    offsets: np.ndarray  # (texts + 1,) int64: text i is ids[offsets[i] : offsets[i + 1]]
    full_lengths: np.ndarray  # (texts,) int64, tokens before a text was cut
    labels: np.ndarray | None = None  # (texts,) int64, or (texts, classes) bool

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> np.ndarray:
        return np.diff(self.offsets)

    @property
    def unknown_rate(self) -> float:
        """The share of tokens that the vocabulary lacks."""
        return float(np.mean(self.ids == UNKNOWN)) if len(self.ids) else 0.0

    @property
    def truncated_rate(self) -> float:
        """The share of texts that were cut."""
        return float(np.mean(self.full_lengths > self.lengths)) if len(self) else 0.0

    def batch(self, rows: np.ndarray) -> Batch:
        """The texts in `rows`, in that order."""
        starts = self.offsets[rows]
        lengths = self.offsets[rows + 1] - starts
        position = np.arange(padded_time(lengths.max(initial=0)))
        places = starts[:, None] + position  # (batch, time)
        # what stands behind a text is another, or behind the last one nothing: its last id then
        ids = self.ids.take(places, mode="clip") if len(self.ids) else np.zeros_like(places)
        ids = np.where(position < lengths[:, None], ids, PADDING).astype(np.int64)
        labels = None if self.labels is None else torch.from_numpy(self.labels[rows])
        return Batch(torch.from_numpy(ids), torch.from_numpy(lengths), labels)


def padded_time(longest: int) -> int:
    """The time of a batch: that of its longest text, up to one of eight sizes per doubling.

    With a new size in nearly every batch, memory that was freed doesn't fit the next batch, and
    the process grows: 1,040 MB after 350 steps instead of 480, for at most 1/8 more padding.
    """
    return int(padded_times(np.array([longest]))[0])


def padded_times(longest: np.ndarray) -> np.ndarray:
    """`padded_time` of each."""
    bits = np.frexp(longest)[1]  # 1 for 1, 2 for 2 and 3, 3 for 4 to 7
    step = 1 << np.maximum(bits.astype(np.int64) - 4, 0)
    times: np.ndarray = -(-longest // step) * step
    return times


def shuffled_batches(
    lengths: np.ndarray,
    *,
    batch_size: int,
    batch_tokens: int | None,
    seed: int,
    epoch: int,
    weights: np.ndarray | None = None,
) -> list[np.ndarray]:
    """Batches of rows for one epoch of training, random but of similar length.

    The order depends on `seed` and `epoch` alone, so that a resumed run sees the same batches.

    Args:
        batch_size: texts in a batch, where `batch_tokens` is None.
        batch_tokens: tokens in a batch, padding counted.
        weights: draw as many rows, with replacement, and with probabilities in proportion to
            these; None takes each row once.
    """
    generator = np.random.default_rng([seed, epoch])
    size = len(lengths)
    if weights is None:
        order = generator.permutation(size)
    else:
        order = generator.choice(size, size, p=weights / weights.sum())
    if batch_tokens is not None:
        batch_size = max(int(batch_tokens / max(lengths.mean(), 1)), 1)  # about, for the window
    window = WINDOW * batch_size
    most = None if batch_tokens is not None else batch_size
    batches = [
        batch
        for start in range(0, size, window)
        for batch in sorted_batches(lengths, most, batch_tokens, order[start : start + window])
    ]
    return [batches[index] for index in generator.permutation(len(batches))]


def sorted_batches(
    lengths: np.ndarray,
    batch_size: int | None,
    batch_tokens: int | None = None,
    rows: np.ndarray | None = None,
) -> list[np.ndarray]:
    """Batches of rows (all, if none are named) in the order of their lengths.

    Args:
        batch_size: texts in a batch, at most.
        batch_tokens: tokens in a batch, padding counted, at most; but at least one text.
    """
    rows = np.arange(len(lengths)) if rows is None else rows
    order = rows[np.argsort(lengths[rows], kind="stable")]
    size = len(order) if batch_size is None else batch_size
    if batch_tokens is None:
        return [order[start : start + size] for start in range(0, len(order), size)]
    times = padded_times(lengths[order])
    batches, start = [], 0
    while start < len(order):
        most = min(size, batch_tokens // max(int(times[start]), 1) + 1)
        tokens = np.arange(1, most + 1)[: len(order) - start] * times[start : start + most]
        end = start + max(int(np.searchsorted(tokens, batch_tokens, side="right")), 1)
        batches.append(order[start:end])
        start = end
    return batches
