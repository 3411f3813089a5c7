"""The windows of several convolutions side by side, and the largest of their sums.

The feature of a window is a sum of one table row for each of its tokens.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from textcnn.models.layers.convolution import Convolution
from textcnn.models.layers.padding import inside, margins

ZERO = 0  # the token of the zero vector: padding, and what boundary modes put before and behind
NUMBERS_IN_CACHE = (
    2**19
)  # numbers that are summed before they are compared, 2 MB: they stay in the cache


@dataclass(frozen=True)
class Windows:
    """What the windows of several widths read, one window of each width after the other."""

    # (batch, windows, sum of the widths) int32; `nowhere` where no window of that text may read
    tokens: np.ndarray
    counts: np.ndarray  # (batch,) windows of each text, of the width that has most
    kernel_sizes: tuple[int, ...]

    @property
    def starts(self) -> np.ndarray:
        """Where each width's tokens begin among a window's."""
        return np.cumsum((0, *self.kernel_sizes[:-1]))

    def split(self) -> "list[Windows]":
        """Those of each width by itself."""
        tokens = np.split(self.tokens, self.starts[1:], axis=2)
        pairs = zip(tokens, self.kernel_sizes, strict=True)
        return [Windows(own, self.counts, (size,)) for own, size in pairs]


def read_by(
    convolutions: Sequence[Convolution], tokens: Tensor, lengths: Tensor, nowhere: int
) -> Windows:
    """What the windows of convolutions read, each boundary mode at the texts' own ends.

    Args:
        convolutions: neither dilated nor strided.
        tokens: (batch, time) int32, ZERO behind a text's end; of at least one position.
        lengths: (batch,) int64, at least 1.
        nowhere: no token; a window that holds it is none of that text's.
    """
    sizes = tuple(each.kernel_size for each in convolutions)
    ends = [margins(each.padding, each.kernel_size) for each in convolutions]
    # positions that the windows of each width see in each text: (widths, batch)
    seen = np.stack(
        [np.maximum(lengths.numpy() + sum(pair), k) for pair, k in zip(ends, sizes, strict=True)]
    )
    counts = (seen - np.array(sizes)[:, None]).max(axis=0) + 1  # (batch,)
    read = []
    for each, k, (left, _), extent in zip(convolutions, sizes, ends, seen, strict=True):
        position = np.arange(counts.max() + k - 1)
        if each.padding in ("reflect", "replicate", "circular"):
            source = inside(torch.from_numpy(position - left), lengths[:, None], each.padding)
            extended = np.take_along_axis(tokens.numpy(), source.numpy(), axis=1)
        else:
            extended = np.full((len(lengths), len(position)), ZERO, np.int32)
            inner = tokens.numpy()[:, : len(position) - left]
            extended[:, left : left + inner.shape[1]] = inner
        extended[position >= extent[:, None]] = nowhere
        read.append(torch.from_numpy(extended).unfold(1, k, 1))  # (batch, windows, k)
    return Windows(torch.cat(read, dim=2).numpy(), counts, sizes)


def largest(table: Tensor, windows: Windows, *, winners: bool) -> tuple[Tensor, Tensor]:
    """The largest sum of each filter: (batch, filters of all widths).

    Fastest where neighbours are of one length.

    Args:
        table: (tokens x sum of the widths, filters): a row for each place that a token may have
            in a window of each width, one token after the other; of `nowhere` -inf.
        winners: give the window that is largest too, the first of equals; else nothing useful.
    """
    _, most, offsets = windows.tokens.shape
    widths = len(windows.kernel_sizes)
    filters = widths * table.shape[1]
    index: Any = np.int32 if len(table) < 2**31 else np.int64
    inner = np.arange(offsets, dtype=index)
    from_behind = torch.from_numpy(
        np.arange(most, 0, -1, dtype=np.uint8 if most < 2**8 else np.int32)
    )[:, None]
    values, places = [], []
    bags = torch.empty(0)
    for texts, count in blocks(windows.counts, max(NUMBERS_IN_CACHE // filters, 1)):
        rows = windows.tokens[texts, :count].astype(index, copy=False) * index(offsets) + inner
        number = len(rows) * count * widths
        if number > len(bags):
            starts = np.arange(0, rows.size, offsets, dtype=index)[:, None] + windows.starts
            bags = torch.from_numpy(starts.astype(index, copy=False).ravel())
        indices = torch.from_numpy(rows.ravel())
        sums = F.embedding_bag(indices, table, bags[:number], mode="sum")
        sums = sums.view(-1, count, filters)  # (texts, windows, filters)
        value = sums.amax(dim=1)  # (texts, filters)
        values.append(value)
        if winners:  # in a third of the time that max(dim=1) takes
            won = np.equal(sums.numpy(), value.numpy()[:, None]).view(np.uint8)
            numbered = torch.from_numpy(won) * from_behind[-count:]
            places.append(count - numbered.amax(dim=1))  # count: no window is, with nan
    pooled = torch.cat(values)
    return pooled, torch.cat(places) if winners else pooled


def blocks(counts: np.ndarray, most: int) -> Iterator[tuple[slice, int]]:
    """Neighbouring texts, and how many windows the longest of them has: together `most`, or one
    text.

    Args:
        counts: (texts,) windows of each.
    """
    start = 0
    while start < len(counts):
        some = np.maximum.accumulate(counts[start : start + most])
        together = some * np.arange(1, len(some) + 1)  # with all before
        number = max(int(np.searchsorted(together, most, side="right")), 1)
        yield slice(start, start + number), int(some[number - 1])
        start += number
