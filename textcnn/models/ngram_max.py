"""Convolution and max over time of tokens, without convolving any of them twice.

Convolutions by `textcnn.models.convolution` take a product at every position, and go back through
every position though one a filter got a gradient. Here, exactly the same comes of less:

- A window's feature is a sum of one product for each of its tokens, W_j x the vector of token j.
  They are taken once for each distinct token, all in one matrix product; a window sums rows of it.
- A window that reaches where it may not sums a row of -inf, so that nothing has to be masked.
- Windows are summed and compared a few texts at a time, which stay in the processor's cache.
- Only windows that won go into the gradients: one weighted row for each of their tokens, however
  long the text is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from textcnn.models.convolution import Convolution
from textcnn.models.padding import inside, margins
from textcnn.text.vocabulary import PADDING

ZERO = 0  # the row of the zero vector: padding, and what boundary modes put before and behind
BLOCK = 2**19  # numbers that are summed before they are compared: 2 MB


@dataclass(frozen=True)
class Windows:
    """What the windows of one width read: at p, window t of a text reads its places t to t + k - 1.

    The row behind the last token stands where no window of that text may read.
    """

    places: Tensor  # (batch, windows + k - 1) int32, rows of the distinct tokens
    kernel_size: int


def distinct(ids: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The ids that occur, with PADDING first, and where among them each stands.

    Args:
        ids: (batch, time) int64, below `count`.

    Returns:
        tokens: (tokens,) int64, ascending.
        places: (batch, time) int32
    """
    occurs = torch.zeros(count, dtype=torch.bool)
    occurs[PADDING] = True
    occurs[ids.flatten()] = True
    places = occurs.cumsum(0, dtype=torch.int32) - 1  # (count,)
    return occurs.nonzero().squeeze(1), places[ids]


def ngram_max(
    vectors: Tensor, places: Tensor, lengths: Tensor, convolutions: Sequence[Convolution]
) -> Tensor:
    """The largest of each filter in each text, filters of all convolutions side by side.

    Args:
        vectors: (tokens, channels) of the distinct tokens, that of ZERO zero.
        places: (batch, time) int32, which of `vectors` each token has; ZERO behind a text's end.
            Of at least one position.
        lengths: (batch,) int64, at least 1.
        convolutions: with as many filters each, neither dilated, strided nor in groups.

    Returns:
        largest: (batch, filters)
    """
    outside = len(vectors)
    windows = [read_by(each, places, lengths, outside) for each in convolutions]
    largest: Tensor = NgramMax.apply(vectors, windows, *(each.weight for each in convolutions))
    biases: list[Tensor] = [each.bias for each in convolutions if each.bias is not None]
    return largest + torch.cat(biases) if biases else largest


def read_by(convolution: Convolution, places: Tensor, lengths: Tensor, outside: int) -> Windows:
    """The boundary mode at each text's own ends."""
    kernel_size, padding = convolution.kernel_size, convolution.padding
    left, right = margins(padding, kernel_size)
    extended = (lengths + left + right).clamp(min=kernel_size)  # (batch,)
    position = torch.arange(int(extended.max()))
    if padding in ("reflect", "replicate", "circular"):
        read = places.gather(1, inside(position - left, lengths[:, None], padding))
    else:
        read = F.pad(places, (left, len(position) - left - places.shape[1]), value=ZERO)
    read = read.masked_fill(position >= extended[:, None], outside)  # (batch, windows + k - 1)
    return Windows(read, kernel_size)


class NgramMax(torch.autograd.Function):
    """From vectors (tokens, channels) and weights (filters, channels, k) to (batch, filters)."""

    @staticmethod
    def forward(ctx: Any, vectors: Tensor, windows: list[Windows], *weights: Tensor) -> Tensor:
        # all filters' weights for one place in the windows, then those for the next
        matrix = torch.cat([w.permute(2, 0, 1) for w in weights]).flatten(0, 1)  # (rows, channels)
        left, right = lowered(vectors, matrix)
        found = [
            largest(products(left, part, vectors), each, any(ctx.needs_input_grad))
            for part, each in zip(
                right.split([w[:, 0].numel() for w in weights]), windows, strict=True
            )
        ]
        pooled, winners = (torch.cat(parts, dim=1) for parts in zip(*found, strict=True))
        ctx.save_for_backward(vectors, matrix, winners)
        ctx.windows = windows
        return pooled  # (batch, filters of all widths)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        vectors, matrix, winners = ctx.saved_tensors
        tokens, rows, amounts = winning(ctx.windows, winners, gradient)
        # with infinite weights inf - inf wins, which is nan: the loss has to tell, not an index
        tokens.clamp_(max=len(vectors) - 1)
        to_vectors, to_weights = None, [None] * len(ctx.windows)
        if ctx.needs_input_grad[0]:
            order = sorting(tokens, len(vectors))
            counts = torch.bincount(tokens, minlength=len(vectors))
            to_vectors = weighted_sums(
                matrix, rows.index_select(0, order), amounts.index_select(0, order), counts
            )  # (tokens, channels)
        if any(ctx.needs_input_grad[2:]):
            counts = torch.bincount(rows, minlength=len(matrix))
            sums = weighted_sums(vectors, tokens, amounts, counts)  # (rows, channels)
            sums = sums.view(-1, gradient.shape[1] // len(ctx.windows), vectors.shape[1])
            parts = sums.split([each.kernel_size for each in ctx.windows])
            to_weights = [part.permute(1, 2, 0) for part in parts]  # (filters, channels, k)
        return to_vectors, None, *to_weights


def lowered(vectors: Tensor, matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Both in the precision of autocast, if it is on, with zero vectors behind the last one.

    For each number of vectors that it hasn't seen oneDNN writes a program, which takes a
    millisecond: so only for each 64.
    """
    if not torch.is_autocast_enabled("cpu"):
        return vectors, matrix
    precision = torch.get_autocast_dtype("cpu")
    vectors = F.pad(vectors.to(precision), (0, 0, 0, -len(vectors) % 64))
    return vectors, matrix.to(precision)


def products(left: Tensor, right: Tensor, vectors: Tensor) -> Tensor:
    """Each vector with each row of `right`, and a row of -inf: (tokens + 1, rows)."""
    table = vectors.new_empty(len(vectors) + 1, len(right))
    if left is vectors:
        torch.mm(left, right.t(), out=table[:-1])
    else:
        table[:-1] = (left @ right.t())[: len(vectors)]
    table[-1] = -torch.inf
    return table


def largest(table: Tensor, windows: Windows, winners: bool) -> tuple[Tensor, Tensor]:
    """The largest sum of each filter: (batch, filters).

    Args:
        table: (tokens + 1, k x filters)
        winners: give the window that is largest too, the first of equals; else nothing useful.
    """
    size = windows.kernel_size
    count = windows.places.shape[1] - size + 1
    table = table.view(len(table) * size, -1)  # (tokens + 1 x k, filters)
    inner = torch.arange(size, dtype=torch.int32)
    values, places = [], []
    for block in windows.places.split(max(BLOCK // (count * table.shape[1]), 1)):
        rows = (block * size).unfold(1, size, 1) + inner  # (texts, windows, k)
        sums = F.embedding_bag(rows.flatten(0, 1), table, mode="sum")  # (texts x windows, filters)
        sums = sums.view(len(block), count, -1)  # (texts, windows, filters)
        if winners:
            value, place = sums.max(dim=1)  # (texts, filters)
            places.append(place)
        else:  # in a fifth of the time
            value = sums.amax(dim=1)  # (texts, filters)
        values.append(value)
    pooled = torch.cat(values)
    return pooled, torch.cat(places) if winners else pooled


def winning(
    windows: Sequence[Windows], winners: Tensor, gradient: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """The tokens that won, with which row of the matrix, and the gradient of that; each (winners,).

    In the order of the rows. Those without a gradient, as behind ReLU or dropout, are left out.
    """
    filters = gradient.shape[1] // len(windows)
    filter, text = gradient.t().nonzero(as_tuple=True)  # (n,) each, by filter
    first, amount = winners[text, filter], gradient[text, filter]
    sizes = torch.bincount(filter // filters, minlength=len(windows)).tolist()
    parts = zip(*(numbers.split(sizes) for numbers in (filter, text, first, amount)), strict=True)
    before, found = 0, []  # rows of widths before
    for number, (each, (filter, text, first, amount)) in enumerate(
        zip(windows, parts, strict=True)
    ):
        inner = torch.arange(each.kernel_size)[:, None]
        places = text * each.places.shape[1] + first + inner  # (k, n)
        rows = before + inner * filters + (filter - number * filters)  # (k, n)
        tokens = each.places.flatten().index_select(0, places.flatten())  # (k x n,)
        found.append((tokens, rows.flatten(), amount.repeat(each.kernel_size)))
        before += each.kernel_size * filters
    tokens, rows, amounts = (torch.cat(numbers) for numbers in zip(*found, strict=True))
    return tokens.long(), rows, amounts


def sorting(numbers: Tensor, count: int) -> Tensor:
    """The order that sorts numbers below `count`, equals as they stand, so that sums never vary."""
    if count < 2**15:  # numbers of 16 bits NumPy sorts in a fifth of the time
        return torch.from_numpy(np.argsort(numbers.short().numpy(), kind="stable"))
    return numbers.argsort(stable=True)


def weighted_sums(source: Tensor, which: Tensor, amounts: Tensor, counts: Tensor) -> Tensor:
    """Sums of amounts x source[which] over so many neighbours each: (counts, channels)."""
    offsets = counts.cumsum(0) - counts
    return F.embedding_bag(which, source, offsets, mode="sum", per_sample_weights=amounts)
