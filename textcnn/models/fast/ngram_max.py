"""Convolution and max pooling over time, without convolving any token twice.

Must agree with embedding, `Convolution` and `MaxPooling`, side by side as in `MultiWidth`.

The plain way computes a product at every position, and backpropagates through every position,
although each filter has a gradient at only one. This way gives the same with fewer operations:

- A window's feature is a sum of products, W_j x the vector of token j, one for each of its tokens.
  One matrix product computes them for all distinct tokens; a window is a sum of its rows.
- A window that the text doesn't have reads a row of -inf, so nothing needs a mask.
- Windows are summed and compared a few texts at a time, which stay in the processor's cache.
- The gradient is computed for the winning windows only: a weighted row for each of their tokens,
  however long the text is.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from textcnn.models.fast.windows import CACHED, Windows, largest, windows_of
from textcnn.models.layers.activations import ACTIVATIONS, MONOTONE
from textcnn.models.layers.convolution import Convolution
from textcnn.models.layers.pooling import MaxPooling
from textcnn.system.private_torch import matmul_transposed
from textcnn.text.vocabulary import PADDING

if TYPE_CHECKING:
    from textcnn.models.classifier import TextCNN

LARGEST_TABLE = 2**24  # products of all widths, 64 MB; with more, widths are computed in turn


def max_pooled_convolutions(model: "TextCNN") -> list[Convolution]:
    """The first convolutions, if only the maximum of each filter's features counts; else none."""
    encoder = model.encoder
    if (
        not encoder.maps_are_first_convolutions
        or not encoder.declares("maps_are_first_convolutions")
        or encoder.last_activation not in MONOTONE
        or not all(type(pooling) is MaxPooling for pooling in model.poolings)
    ):
        return []
    convolutions = list(encoder.reading_convolutions().values())
    alike = {(each.num_filters, each.bias is None) for each in convolutions}
    plain = all(each.stride == each.dilation == each.groups == 1 for each in convolutions)
    return convolutions if len(alike) == 1 and plain else []


def pool_ngrams(
    model: "TextCNN", convolutions: Sequence[Convolution], ids: Tensor, lengths: Tensor
) -> Tensor:
    """The pooled features (batch, pooled) of a model with `max_pooled_convolutions`.

    Args:
        ids: (batch, time) int64
        lengths: (batch,) int64
    """
    ids, lengths = model.to_frame(ids, lengths)
    tokens, places = distinct(model.word_dropout(ids), model.embedding.vocabulary_size)
    vectors = model.embedding.distinct(tokens)
    maxima = ngram_max(vectors, places, lengths.clamp(min=1), convolutions)
    return ACTIVATIONS[model.encoder.last_activation](maxima)


def distinct(ids: Tensor, vocabulary_size: int) -> tuple[Tensor, Tensor]:
    """The distinct ids, with PADDING first, and where among them each id is.

    Args:
        ids: (batch, time) int64

    Returns:
        tokens: (tokens,) int64, ascending.
        places: (batch, time) int32
    """
    occurs = np.zeros(vocabulary_size, bool)
    occurs[PADDING] = True
    occurs[ids.numpy()] = True
    tokens = np.flatnonzero(occurs)
    place = np.empty(vocabulary_size, np.int32)
    place[tokens] = np.arange(len(tokens), dtype=np.int32)
    return torch.from_numpy(tokens), torch.from_numpy(place[ids.numpy()])


def ngram_max(
    vectors: Tensor,
    places: Tensor,
    lengths: Tensor,
    convolutions: Sequence[Convolution],
    *,
    at_once: int = CACHED,
    largest_table: int = LARGEST_TABLE,
) -> Tensor:
    """The largest feature of each filter in each text, filters of all convolutions side by side.

    Args:
        vectors: (tokens, channels) of the distinct tokens, the first of them zero.
        places: (batch, time) int32, the row of `vectors` of each token; 0 after a text's end. Time
            is at least 1.
        lengths: (batch,) int64, at least 1.
        convolutions: with equally many filters, all with a bias or none; neither dilated, strided
            nor in groups.
        at_once: features that are computed before they are compared.
        largest_table: products from which on the widths are computed in turn.

    Returns:
        maxima: (batch, filters)
    """
    windows = windows_of(convolutions, places, lengths, nowhere=len(vectors))
    weights = [each.weight for each in convolutions]
    biases = [each.bias for each in convolutions if each.bias is not None]
    maxima: Tensor = NgramMax.apply(vectors, windows, (at_once, largest_table), *weights, *biases)
    return maxima


class NgramMax(torch.autograd.Function):
    """`ngram_max`, of the parameters of each width: weights (filters, channels, k), then biases
    (filters,), if any."""

    @staticmethod
    def forward(
        ctx: Any, vectors: Tensor, windows: Windows, limits: tuple[int, int], *parameters: Tensor
    ) -> Tensor:
        widths = len(windows.kernel_sizes)
        weights, biases = parameters[:widths], parameters[widths:]
        # all filters' weights for one place in the windows, then those for the next
        matrix = torch.cat([w.permute(2, 0, 1) for w in weights]).flatten(0, 1)  # (rows, channels)
        parts = [(matrix, windows)]
        at_once, largest_table = limits
        if len(vectors) * len(matrix) > largest_table:
            sizes = [weight[:, 0].numel() for weight in weights]
            parts = list(zip(matrix.split(sizes), windows.split(), strict=True))
        filters, learns = len(weights[0]), any(ctx.needs_input_grad)
        maxima, winners = [], []
        for part, own in parts:
            # (tokens + 1 or more x offsets, filters)
            table = products(vectors, part).view(-1, filters)
            found, won = largest(table, own, winners=learns, at_once=at_once)
            maxima.append(found)
            winners += [] if won is None else [won]
        pooled = torch.cat(maxima, dim=1)
        if learns:
            ctx.save_for_backward(vectors, matrix, torch.cat(winners, dim=1))
        ctx.windows, ctx.biased = windows, bool(biases)
        return pooled.add_(torch.cat(biases)) if biases else pooled

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        vectors, matrix, winners = ctx.saved_tensors
        sizes = ctx.windows.kernel_sizes
        tokens, rows, amounts = winning(ctx.windows, winners, gradient)
        # with nan a window that the text doesn't have may have "won": keep its index valid
        np.minimum(tokens, len(vectors) - 1, out=tokens)
        to_vectors, to_weights = None, [None] * len(sizes)
        if ctx.needs_input_grad[0]:
            slot = interleaved(len(vectors), torch.get_num_threads())
            slots = slot.take(tokens)
            order = sorting(slots, len(vectors))
            counts = np.bincount(slots, minlength=len(vectors))
            sums = weighted_sums(matrix, rows.take(order), amounts.take(order), counts)
            to_vectors = sums.index_select(0, torch.from_numpy(slot))  # (tokens, channels)
        if any(ctx.needs_input_grad[3:]):
            counts = np.bincount(rows, minlength=len(matrix))
            sums = weighted_sums(vectors, tokens, amounts, counts)  # (rows, channels)
            sums = sums.view(-1, gradient.shape[1] // len(sizes), vectors.shape[1])
            to_weights = [part.permute(1, 2, 0) for part in sums.split(sizes)]
        to_biases = gradient.sum(dim=0).chunk(len(sizes)) if ctx.biased else ()
        return to_vectors, None, None, *to_weights, *to_biases


def products(vectors: Tensor, matrix: Tensor) -> Tensor:
    """Each vector times each row of the matrix, then a row of -inf: (tokens + 1 or more, rows).

    The product has the precision of autocast, if that is on.
    """
    # oneDNN compiles a program for each new number of vectors: round it up to a multiple of 32
    left, right = F.pad(vectors, (0, 0, 0, 32 - len(vectors) % 32)), matrix
    if torch.is_autocast_enabled("cpu"):
        precision = torch.get_autocast_dtype("cpu")
        left, right = left.to(precision), right.to(precision)
    table = matmul_transposed(left, right).to(vectors.dtype)
    table[len(vectors)] = -torch.inf
    return table


def winning(
    windows: Windows, winners: Tensor, gradient: Tensor
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The tokens of the winning windows, the row of the matrix of each, and its gradient.

    Each is (n,), ordered by row. Features with a gradient of 0, as after ReLU or dropout, are left
    out.
    """
    batch, count, offsets = windows.tokens.shape
    widths = len(windows.kernel_sizes)
    filters = gradient.shape[1] // widths
    by_filter = gradient.t().contiguous().numpy().ravel()
    found = np.flatnonzero(by_filter != 0)  # (n,) by filter, then by text
    filter, text = np.divmod(found, batch)
    amount = by_filter.take(found)
    first = winners.t().contiguous().numpy().ravel().take(found)
    # no window wins with nan: the loss must report it, not an index out of range
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


def interleaved(count: int, parts: int) -> np.ndarray:
    """(count,) the new index of each item, if item i goes to part i % parts.

    The first tokens are the most frequent, so this gives each thread its fraction of them.
    """
    order = np.concatenate([np.arange(part, count, parts) for part in range(parts)])
    slot = np.empty(count, np.intp)
    slot[order] = np.arange(count)
    return slot


def sorting(numbers: np.ndarray, limit: int) -> np.ndarray:
    """The order that sorts numbers below `limit`; stable, so that sums are always the same."""
    # numbers of 16 bits are sorted in a fifth of the time
    return np.argsort(numbers.astype(np.uint16) if limit <= 2**16 else numbers, kind="stable")


def weighted_sums(
    source: Tensor, rows: np.ndarray, amounts: np.ndarray, counts: np.ndarray
) -> Tensor:
    """Sums of amounts x source[rows], over `counts` neighbours each: (counts, channels)."""
    offsets = (np.cumsum(counts) - counts).astype(rows.dtype)
    return F.embedding_bag(
        torch.from_numpy(rows),
        source,
        torch.from_numpy(offsets),
        mode="sum",
        per_sample_weights=torch.from_numpy(amounts),
    )
