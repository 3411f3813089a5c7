"""From rows to batches of ids: encoding once, then arrays only, no Python per text."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from textcnn.text.encoder import TextEncoder
from textcnn.text.vocabulary import PADDING, UNKNOWN

# Texts of similar length share a batch, but are found only within a window of this many batches,
# so that batches stay random.
WINDOW = 20


@dataclass(frozen=True)
class Batch:
    """Texts side by side, padded behind to the longest of them or a little more."""

    ids: Tensor  # (batch, time) int64, PADDING behind a text's end
    lengths: Tensor  # (batch,) int64, tokens of each text
    labels: Tensor | None  # (batch,) int64

    def to(self, device: torch.device) -> "Batch":
        labels = None if self.labels is None else self.labels.to(device)
        return Batch(self.ids.to(device), self.lengths.to(device), labels)


@dataclass(frozen=True)
class EncodedTexts:
    """The ids of many texts, end to end."""

    ids: np.ndarray  # (all tokens,) int32
    offsets: np.ndarray  # (texts + 1,) int64: text i is ids[offsets[i] : offsets[i + 1]]
    full_lengths: np.ndarray  # (texts,) int64, tokens before a text was cut
    labels: np.ndarray | None = None  # (texts,) int64

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
        lengths = self.lengths[rows]
        inside = np.arange(padded_time(lengths)) < lengths[:, None]  # (batch, time)
        ids = np.full(inside.shape, PADDING, dtype=np.int64)
        position = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        ids[inside] = self.ids[np.repeat(self.offsets[rows], lengths) + position]
        labels = None if self.labels is None else torch.from_numpy(self.labels[rows])
        return Batch(torch.from_numpy(ids), torch.from_numpy(lengths), labels)


def padded_time(lengths: np.ndarray) -> int:
    """The time of a batch: its longest text, rounded up to one of eight sizes per doubling.

    With a new size in nearly every batch, memory that was freed doesn't fit the next batch, and
    the process grows: 1,040 MB after 350 steps instead of 480, for at most 1/8 more padding.
    """
    longest = int(lengths.max(initial=0))
    step = 1 << max(longest.bit_length() - 4, 0)
    return -(-longest // step) * step


def encode(
    tokenized: Iterable[Sequence[str]], encoder: TextEncoder, labels: np.ndarray | None = None
) -> EncodedTexts:
    """The ids of tokenized texts, cut as `encoder` does."""
    texts, full_lengths = [], []
    for tokens in tokenized:
        ids, length = encoder.encode_tokens(tokens)
        texts.append(np.array(ids, np.int32))
        full_lengths.append(length)
    lengths = [len(ids) for ids in texts]
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    all_ids = np.concatenate(texts) if texts else np.empty(0, np.int32)
    return EncodedTexts(all_ids, offsets, np.array(full_lengths, np.int64), labels)


def shuffled_batches(
    lengths: np.ndarray, batch_size: int, seed: int, epoch: int
) -> list[np.ndarray]:
    """Batches of rows for one epoch of training, random but of similar length.

    The order depends on `seed` and `epoch` alone, so that a resumed run sees the same batches.
    """
    generator = np.random.default_rng([seed, epoch])
    order = generator.permutation(len(lengths))
    window = WINDOW * batch_size
    windows = [order[start : start + window] for start in range(0, len(order), window)]
    batches = [batch for rows in windows for batch in sorted_batches(lengths, batch_size, rows)]
    return [batches[index] for index in generator.permutation(len(batches))]


def sorted_batches(
    lengths: np.ndarray, batch_size: int, rows: np.ndarray | None = None
) -> list[np.ndarray]:
    """Batches of rows (all, if none are named) in the order of their lengths."""
    rows = np.arange(len(lengths)) if rows is None else rows
    order = rows[np.argsort(lengths[rows], kind="stable")]
    return [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
