"""Convolution and max over time of tokens, without convolving any of them twice.

`textcnn.models.layers.convolution` takes a product at every position, and go back through
every position though one a filter got a gradient. Here, exactly the same comes of less:

- A window's feature is a sum of one product for each of its tokens, W_j x the vector of token j.
  They are taken once for each distinct token, all in one matrix product; a window sums rows of it.
- A window that reaches where it may not sums a row of -inf, so that nothing has to be masked.
- Windows are summed and compared a few texts at a time, which stay in the processor's cache.
- Only windows that won go into the gradients: one weighted row for each of their tokens, however
  long the text is.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from textcnn.models.fast.windows import Windows, largest, read_by
from textcnn.models.layers.convolution import Convolution
from textcnn.text.vocabulary import PADDING

TABLE = 2**24  # numbers of all widths' products, 64 MB, above which each width has its turn


def distinct(ids: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The ids that occur, with PADDING first, and where among them each stands.

    Args:
        ids: (batch, time) int64, below `count`.

    Returns:
        tokens: (tokens,) int64, ascending.
        places: (batch, time) int32
    """
    occurs = np.zeros(count, bool)
    occurs[PADDING] = True
    occurs[ids.numpy()] = True
    tokens = np.flatnonzero(occurs)
    place = np.empty(count, np.int32)
    place[tokens] = np.arange(len(tokens), dtype=np.int32)
    return torch.from_numpy(tokens), torch.from_numpy(place[ids.numpy()])


def ngram_max(
    vectors: Tensor, places: Tensor, lengths: Tensor, convolutions: Sequence[Convolution]
) -> Tensor:
    """The largest of each filter in each text, filters of all convolutions side by side.

    Args:
        vectors: (tokens, channels) of the distinct tokens, the first of them zero.
        places: (batch, time) int32, which of `vectors` each token has; 0 behind a text's end.
            Of at least one position.
        lengths: (batch,) int64, at least 1.
        convolutions: with as many filters each, all with a bias or none, neither dilated, strided
            nor in groups.

    Returns:
        largest: (batch, filters)
    """
    windows = read_by(convolutions, places, lengths, nowhere=len(vectors))
    weights = [each.weight for each in convolutions]
    biases = [each.bias for each in convolutions if each.bias is not None]
    largest: Tensor = NgramMax.apply(vectors, windows, *weights, *biases)
    return largest


class NgramMax(torch.autograd.Function):
    """From vectors (tokens, channels), weights (filters, channels, k) of each width and biases
    (filters,), if any, to (batch, filters of all widths)."""

    @staticmethod
    def forward(ctx: Any, vectors: Tensor, windows: Windows, *parameters: Tensor) -> Tensor:
        widths = len(windows.kernel_sizes)
        weights, biases = parameters[:widths], parameters[widths:]
        # all filters' weights for one place in the windows, then those for the next
        matrix = torch.cat([w.permute(2, 0, 1) for w in weights]).flatten(0, 1)  # (rows, channels)
        parts = [(matrix, windows)]
        if len(vectors) * len(matrix) > TABLE:
            sizes = [weight[:, 0].numel() for weight in weights]
            parts = list(zip(matrix.split(sizes), windows.split(), strict=True))
        filters, learns = len(weights[0]), any(ctx.needs_input_grad)
        found = [
            # (tokens + 1 or more x offsets, filters)
            largest(products(vectors, part).view(-1, filters), each, winners=learns)
            for part, each in parts
        ]
        pooled, winners = (torch.cat(each, dim=1) for each in zip(*found, strict=True))
        ctx.save_for_backward(vectors, matrix, winners)
        ctx.windows, ctx.biased = windows, bool(biases)
        return pooled.add_(torch.cat(biases)) if biases else pooled

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        vectors, matrix, winners = ctx.saved_tensors
        sizes = ctx.windows.kernel_sizes
        tokens, rows, amounts = winning(ctx.windows, winners, gradient)
        np.minimum(tokens, len(vectors) - 1, out=tokens)  # nor does a window outside win but so
        to_vectors, to_weights = None, [None] * len(sizes)
        if ctx.needs_input_grad[0]:
            slot = dealt(len(vectors), torch.get_num_threads())
            slots = slot.take(tokens)
            order = sorting(slots, len(vectors))
            counts = np.bincount(slots, minlength=len(vectors))
            sums = weighted_sums(matrix, rows.take(order), amounts.take(order), counts)
            to_vectors = sums.index_select(0, torch.from_numpy(slot))  # (tokens, channels)
        if any(ctx.needs_input_grad[2:]):
            counts = np.bincount(rows, minlength=len(matrix))
            sums = weighted_sums(vectors, tokens, amounts, counts)  # (rows, channels)
            sums = sums.view(-1, gradient.shape[1] // len(sizes), vectors.shape[1])
            to_weights = [part.permute(1, 2, 0) for part in sums.split(sizes)]
        to_biases = gradient.sum(dim=0).chunk(len(sizes)) if ctx.biased else ()
        return to_vectors, None, *to_weights, *to_biases


def products(vectors: Tensor, matrix: Tensor) -> Tensor:
    """Each vector with each row of the matrix, in the precision of autocast if it is on, and behind
    them a row of -inf: (tokens + 1 or more, rows)."""
    # oneDNN writes a program for each number of vectors that it hasn't seen: so only for each 32
    left, right = F.pad(vectors, (0, 0, 0, 32 - len(vectors) % 32)), matrix
    if torch.is_autocast_enabled("cpu"):
        precision = torch.get_autocast_dtype("cpu")
        left, right = left.to(precision), right.to(precision)
    if left.dtype is torch.float32 and torch.backends.mkldnn.is_available():
        table = torch.ops.mkldnn._linear_pointwise(left, right, None, "none", [], "")
    else:
        table = left @ right.t()
    table = table.to(vectors.dtype)
    table[len(vectors)] = -torch.inf
    return table


def winning(
    windows: Windows, winners: Tensor, gradient: Tensor
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The tokens that won, with which row of the matrix, and the gradient of that; each (winners,).

    In the order of the rows. Those without a gradient, as behind ReLU or dropout, are left out.
    """
    batch, count, offsets = windows.tokens.shape
    widths = len(windows.kernel_sizes)
    filters = gradient.shape[1] // widths
    by_filter = gradient.t().contiguous().numpy().ravel()
    found = np.flatnonzero(by_filter != 0)  # (n,) by filter, then by text
    filter, text = np.divmod(found, batch)
    amount = by_filter.take(found)
    first = winners.t().contiguous().numpy().ravel().take(found)
    # with nan none won: the loss has to tell, not an index
    window = (text * count + np.minimum(first, count - 1)) * offsets
    ends = np.searchsorted(found, np.arange(widths + 1) * (filters * batch))
    tokens, rows, amounts = [], [], []
    for number, (size, start) in enumerate(zip(windows.kernel_sizes, windows.starts, strict=True)):
        own = slice(ends[number], ends[number + 1])
        inner = np.arange(start, start + size)[:, None]
        tokens.append(windows.tokens.take(window[own] + inner).ravel())
        rows.append((filter[own] - number * filters + inner * filters).ravel())
        amounts += [amount[own]] * size
    return np.concatenate(tokens), np.concatenate(rows), np.concatenate(amounts)


def dealt(count: int, hands: int) -> np.ndarray:
    """Where each of so many ends up if they are dealt to hands like cards, and the hands laid down
    one after the other: (count,). Tokens that come first are frequent; so each thread gets some.
    """
    order = np.concatenate([np.arange(hand, count, hands) for hand in range(hands)])
    slot = np.empty(count, np.intp)
    slot[order] = np.arange(count)
    return slot


def sorting(numbers: np.ndarray, count: int) -> np.ndarray:
    """The order that sorts numbers below `count`, equals as they stand, so that sums never vary."""
    # numbers of 16 bits are sorted in a fifth of the time
    return np.argsort(numbers.astype(np.uint16) if count <= 2**16 else numbers, kind="stable")


def weighted_sums(
    source: Tensor, which: np.ndarray, amounts: np.ndarray, counts: np.ndarray
) -> Tensor:
    """Sums of amounts x source[which] over so many neighbours each: (counts, channels)."""
    offsets = (np.cumsum(counts) - counts).astype(which.dtype)
    return F.embedding_bag(
        torch.from_numpy(which),
        source,
        torch.from_numpy(offsets),
        mode="sum",
        per_sample_weights=torch.from_numpy(amounts),
    )
