"""The windows of several convolutions over distinct tokens, and the largest of their sums.

The feature of a window is a sum of table rows, one for each of its tokens. Must agree with
`textcnn.models.layers.padding.extend` on what windows read, and with `MaxPooling` on the maxima.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from textcnn.models.layers.padding import inside, margins

ZERO = 0  # the token of the zero vector: padding, and what boundary modes put around a text
CACHED = 2**19  # sums that are computed before they are compared: 2 MB, which stay in the cache


class Sized(Protocol):
    """A layer with windows of one width: a convolution, or regions of one-hot vectors."""

    kernel_size: int
    padding: str


@dataclass(frozen=True)
class Windows:
    """The tokens that windows of several widths read, one window of each width side by side."""

    # (batch, windows, sum of the widths) int32; `nowhere` in windows that the text doesn't have
    tokens: np.ndarray
    counts: np.ndarray  # (batch,) windows of each text, of the width that has most
    kernel_sizes: tuple[int, ...]

    @property
    def starts(self) -> np.ndarray:
        """(widths,) where the tokens of each width start, on the last axis of `tokens`."""
        return np.cumsum((0, *self.kernel_sizes[:-1]))

    def split(self) -> "list[Windows]":
        """The windows of each width separately."""
        tokens = np.split(self.tokens, self.starts[1:], axis=2)
        pairs = zip(tokens, self.kernel_sizes, strict=True)
        return [Windows(own, self.counts, (size,)) for own, size in pairs]


def windows_of(
    convolutions: Sequence[Sized], tokens: Tensor, lengths: Tensor, nowhere: int
) -> Windows:
    """What the windows of convolutions read, each boundary mode applied at the texts' own ends.

    Args:
        convolutions: neither dilated nor strided.
        tokens: (batch, time) int32, ZERO after a text's end; time is at least 1.
        lengths: (batch,) int64, at least 1.
        nowhere: stands for no token; a text doesn't have the windows that contain it.
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


def largest(
    table: Tensor,
    windows: Windows,
    *,
    winners: bool,
    at_once: int = CACHED,
    places: np.ndarray | None = None,
) -> tuple[Tensor, Tensor | None]:
    """The largest sum of each filter in each text. Fastest if neighbouring texts are equally long.

    Args:
        table: (tokens x rows of each, filters): for each token, a row for each place that it may
            have in a window of each width. The rows of `nowhere` are -inf.
        winners: also find the windows of the largest sums.
        at_once: sums that are computed before they are compared.
        places: (sum of the widths,) which of a token's rows each place reads; None: its own.

    Returns:
        largest: (batch, filters of all widths)
        winners: the same shape, int64: the first window with that sum; None if not asked for.
    """
    _, most, offsets = windows.tokens.shape
    widths = len(windows.kernel_sizes)
    filters = widths * table.shape[1]
    index: Any = np.int32 if len(table) < 2**31 else np.int64
    places = np.arange(offsets) if places is None else places
    inner, each = places.astype(index), index(places.max() + 1)
    from_behind = torch.from_numpy(
        np.arange(most, 0, -1, dtype=np.uint8 if most < 2**8 else np.int32)
    )[:, None]
    maxima, won_at = [], []
    bags = torch.empty(0)
    for texts, count in blocks(windows.counts, max(at_once // filters, 1)):
        rows = windows.tokens[texts, :count].astype(index, copy=False) * each + inner
        number = len(rows) * count * widths
        if number > len(bags):
            starts = np.arange(0, rows.size, offsets, dtype=index)[:, None] + windows.starts
            bags = torch.from_numpy(starts.astype(index, copy=False).ravel())
        indices = torch.from_numpy(rows.ravel())
        sums = F.embedding_bag(indices, table, bags[:number], mode="sum")
        sums = sums.view(-1, count, filters)  # (texts, windows, filters)
        maximum = sums.amax(dim=1)  # (texts, filters)
        maxima.append(maximum)
        if winners:  # in a third of the time of max(dim=1)
            won = np.equal(sums.numpy(), maximum.numpy()[:, None]).view(np.uint8)
            numbered = torch.from_numpy(won) * from_behind[-count:]
            won_at.append(count - numbered.amax(dim=1))  # `count` for nan, which equals nothing
    return torch.cat(maxima), torch.cat(won_at) if winners else None


def blocks(counts: np.ndarray, most: int) -> Iterator[tuple[slice, int]]:
    """Blocks of neighbouring texts that have at most `most` windows together, or of a single text.

    Each text of a block counts as many windows as the longest one.

    Args:
        counts: (texts,) windows of each.

    Yields:
        The texts, and the windows of the longest of them.
    """
    start = 0
    while start < len(counts):
        longest = np.maximum.accumulate(counts[start : start + most])
        together = longest * np.arange(1, len(longest) + 1)  # of this text and all before
        number = max(int(np.searchsorted(together, most, side="right")), 1)
        yield slice(start, start + number), int(longest[number - 1])
        start += number
