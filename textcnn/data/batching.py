"""Encoded texts and their batches: arrays only, no Python per text."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from textcnn.data.unknown_words import UnknownTokens, UnknownWords
from textcnn.text.ranges import ranges
from textcnn.text.vocabulary import PADDING, UNKNOWN

# Texts of similar length share a batch. They come from a window of this many batches, so that
# batches stay random.
WINDOW = 20
# Limit of tokens per batch, padding included, outside training: one long text doesn't pad its
# whole batch to its length.
SCORED_TOKENS = 2**15


@dataclass(frozen=True)
class Batch:
    """Texts side by side, padded at their ends to the longest text or slightly more."""

    ids: Tensor  # (batch, time) int64, PADDING after the end of a text
    lengths: Tensor  # (batch,) int64, tokens of each text
    labels: Tensor | None  # (batch,) int64; for label sets (batch, classes) bool
    weights: Tensor | None = None  # (batch,) float32, of each text in the loss; None: all 1
    teacher: Tensor | None = None  # (batch, classes) float32, the logits to learn from
    labelled: Tensor | None = None  # (batch,) bool; None: all texts have a label
    targets: Tensor | None = None  # (batch, classes) float32, soft labels; None: hard labels
    unknown: UnknownWords | None = field(default=None, kw_only=True)  # None: nothing is known

    @property
    def inputs(self) -> dict[str, Any]:
        """The keyword arguments of a model."""
        given = {"ids": self.ids, "lengths": self.lengths}
        return given if self.unknown is None else given | {"unknown": self.unknown}

    @property
    def columns(self) -> tuple[Tensor | None, ...]:
        """What is known of each text besides its ids."""
        return self.labels, self.weights, self.teacher, self.labelled, self.targets

    def to(self, device: torch.device) -> "Batch":
        def moved(tensor: Tensor | None) -> Tensor | None:
            return None if tensor is None else tensor.to(device)

        batch = Batch(self.ids.to(device), self.lengths.to(device), *map(moved, self.columns))
        return batch if self.unknown is None else replace(batch, unknown=self.unknown.to(device))

    def pieces(self, size: int | None, tokens: int | None) -> list["Batch"]:
        """The texts in batches of at most so many texts or tokens, in the order of their lengths.

        Args:
            tokens: including padding; a piece holds at least one text.
        """
        lengths = self.lengths.cpu().numpy()
        return [self.select(rows) for rows in sorted_batches(lengths, size, tokens)]

    def select(self, rows: np.ndarray) -> "Batch":
        """Some of the texts, with the padding that they need."""
        assert self.unknown is None, "training texts come without their unknown words"
        chosen = torch.from_numpy(rows).to(self.ids.device)
        lengths = self.lengths[chosen]
        return Batch(
            self.ids[chosen, : padded_time(int(lengths.max()))],
            lengths,
            *(None if column is None else column[chosen] for column in self.columns),
        )


@dataclass(frozen=True)
class EncodedTexts:
    """The ids of many texts, end to end."""

    ids: np.ndarray  # (all tokens,) int32
    offsets: np.ndarray  # (texts + 1,) int64: text i is ids[offsets[i] : offsets[i + 1]]
    full_lengths: np.ndarray  # (texts,) int64, tokens before truncation
    labels: np.ndarray | None = None  # (texts,) int64; for label sets (texts, classes) bool
    weights: np.ndarray | None = None  # (texts,) float32; None: all 1
    teacher: np.ndarray | None = None  # (texts, classes) float32, the logits to learn from
    labelled: np.ndarray | None = None  # (texts,) bool; None: all texts have a label
    targets: np.ndarray | None = None  # (texts, classes) float32, soft labels; None: hard labels
    unknown: UnknownTokens | None = field(default=None, kw_only=True)  # None: nothing is known

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> np.ndarray:
        """(texts,) int64: tokens of each text."""
        return np.diff(self.offsets)

    @property
    def unknown_rate(self) -> float:
        """The fraction of tokens outside the vocabulary."""
        return float(np.mean(self.ids == UNKNOWN)) if len(self.ids) else 0.0

    @property
    def truncated_rate(self) -> float:
        """The fraction of texts that were truncated."""
        return float(np.mean(self.full_lengths > self.lengths)) if len(self) else 0.0

    @property
    def ids_alone(self) -> "EncodedTexts":
        """The same texts, with nothing known of unknown words."""
        return replace(self, unknown=None)

    @cached_property
    def unknown_before(self) -> np.ndarray:
        """(texts + 1,) int64: the number of unknown tokens before each text, and of all."""
        before: np.ndarray = np.concatenate([[0], np.cumsum(self.ids == UNKNOWN)])[self.offsets]
        return before

    def batch(self, rows: np.ndarray) -> Batch:
        """The texts `rows`, in this order."""
        starts = self.offsets[rows]
        lengths = self.offsets[rows + 1] - starts
        position = np.arange(padded_time(lengths.max(initial=0)))
        places = starts[:, None] + position  # (batch, time)
        # places beyond a text hold the next text; beyond the last text they are clipped
        ids = self.ids.take(places, mode="clip") if len(self.ids) else np.zeros_like(places)
        ids = np.where(position < lengths[:, None], ids, PADDING).astype(np.int64)
        columns = (self.labels, self.weights, self.teacher, self.labelled, self.targets)
        chosen = (None if each is None else torch.from_numpy(each[rows]) for each in columns)
        batch = Batch(torch.from_numpy(ids), torch.from_numpy(lengths), *chosen)
        if self.unknown is None:
            return batch
        first, last = self.unknown_before[rows], self.unknown_before[rows + 1]
        return replace(batch, unknown=self.unknown.select(ranges(first, last - first)))


def padded_time(longest: int) -> int:
    """The time of a batch: its longest text, rounded up to one of eight sizes per doubling.

    If nearly every batch had a new size, freed memory would not fit the next batch and the process
    would grow: 1,040 MB after 350 steps instead of 480, to save at most 1/8 of padding.
    """
    return int(padded_times(np.array([longest]))[0])


def padded_times(longest: np.ndarray) -> np.ndarray:
    """`padded_time` of each element: (batches,) int64."""
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
    sampling_weights: np.ndarray | None = None,
) -> list[np.ndarray]:
    """Batches of rows for one training epoch: random, but of similar length.

    The order depends only on `seed` and `epoch`, so that a resumed run sees the same batches.

    Args:
        lengths: (rows,) tokens of each text.
        batch_size: texts per batch; unused if `batch_tokens` is given.
        batch_tokens: limit of tokens per batch, padding included.
        sampling_weights: (rows,) draw the same number of rows with replacement, with
            probabilities proportional to these; None: every row once.
    """
    generator = np.random.default_rng([seed, epoch])
    size = len(lengths)
    if sampling_weights is None:
        order = generator.permutation(size)
    else:
        probabilities = sampling_weights / sampling_weights.sum()
        order = generator.choice(size, size, p=probabilities)
    if batch_tokens is not None:
        batch_size = max(int(batch_tokens / max(lengths.mean(), 1)), 1)  # an estimate, for WINDOW
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
    """Batches of rows in the order of their lengths.

    Args:
        lengths: (all rows,) tokens of each text.
        batch_size: limit of texts per batch.
        batch_tokens: limit of tokens per batch, padding included; a batch holds at least one text.
        rows: the rows to use; None: all.
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
