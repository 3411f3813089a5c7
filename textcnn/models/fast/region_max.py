"""The largest feature of each filter of a one-hot network, without computing its maps.

Must agree with `RegionTable`, `OnehotCnn` and `MaxPooling`.

The weights are a table of rows already, so no matrix product is left: a region is a sum of rows.
Regions are summed and compared a few texts at a time, and only the winning ones have a gradient.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from textcnn.models.encoders.onehot_cnn import OnehotCnn, Region
from textcnn.models.fast.ngram_max import winning
from textcnn.models.fast.windows import CACHED, ZERO, Windows, largest, windows_of
from textcnn.models.layers.activations import ACTIVATIONS, MONOTONE
from textcnn.models.layers.pooling import MaxPooling
from textcnn.models.layers.position import Position
from textcnn.models.layers.region_table import RegionTable, since_last

if TYPE_CHECKING:
    from textcnn.models.classifier import TextCNN

NOWHERE = -1  # stands for no token: a text doesn't have the regions that contain it


def max_pooled_regions(model: "TextCNN") -> bool:
    """Whether a model is a one-hot network of which only each filter's maximum counts.

    Dropout of the embedding must be none.
    """
    encoder, embedding = model.encoder, model.embedding
    return (
        type(encoder) is OnehotCnn
        and type(embedding) is RegionTable
        and type(embedding.table) is nn.Embedding
        and all(type(region) is Region for region in encoder.regions)
        and all(type(pooling) is MaxPooling for pooling in model.poolings)
        and encoder.last_activation in MONOTONE
        and type(model.position) is Position
        and type(model.embedding_dropout) is nn.Dropout
    )


def pool_regions(model: "TextCNN", ids: Tensor, lengths: Tensor) -> Tensor:
    """The pooled features (batch, pooled) of a model with `max_pooled_regions`.

    Args:
        ids: (batch, time) int64
        lengths: (batch,) int64
    """
    encoder, embedding = model.encoder, model.embedding
    assert isinstance(encoder, OnehotCnn)
    assert isinstance(embedding, RegionTable)
    ids, lengths = model.to_frame(ids, lengths)
    regions = regions_of(embedding, encoder, model.word_dropout(ids), lengths.clamp(min=1))
    maxima = region_max(embedding, regions, [region.bias for region in encoder.parts])
    return ACTIVATIONS[encoder.last_activation](maxima)


def regions_of(table: RegionTable, encoder: OnehotCnn, ids: Tensor, lengths: Tensor) -> Windows:
    """The tokens of each region, of which the table adds the rows.

    Regions that a text doesn't have repeat its first region, which leaves the maxima unchanged,
    and the winners: the first of equal windows wins. With bags, repeated tokens are ZERO.
    """
    tokens = table.known(ids).to(torch.int32)
    regions = windows_of(encoder.parts, tokens, lengths, NOWHERE)
    if table.bags:
        ago = windows_of(encoder.parts, since_last(ids).to(torch.int32), lengths, NOWHERE).tokens
        again = (ago <= np.array(table.inner)) & (regions.tokens != NOWHERE)
        regions.tokens[again] = ZERO
    for start, size in zip(regions.starts, regions.kernel_sizes, strict=True):
        own = regions.tokens[..., start : start + size]  # (batch, regions, size)
        absent = (own == NOWHERE).any(axis=2, keepdims=True)
        np.copyto(own, own[:, :1].copy(), where=absent)
    return regions


def region_max(
    table: RegionTable, regions: Windows, biases: Sequence[Tensor], *, at_once: int = CACHED
) -> Tensor:
    """The largest feature of each filter in each text, filters of all region sizes side by side.

    Args:
        regions: as `regions_of` returns them.
        biases: (filters,) of each region size.
        at_once: features that are computed before they are compared.

    Returns:
        maxima: (batch, filters)
    """
    assert table.table is not None
    weight, sparse = table.table.weight, table.table.sparse
    places = np.array(table.places)
    maxima: Tensor = RegionMax.apply(weight, regions, places, sparse, at_once, *biases)
    return maxima


class RegionMax(torch.autograd.Function):
    """`region_max`, of the weights (tokens x rows of each, filters)."""

    @staticmethod
    def forward(
        ctx: Any,
        weight: Tensor,
        regions: Windows,
        places: np.ndarray,
        sparse: bool,
        at_once: int,
        *biases: Tensor,
    ) -> Tensor:
        learns = any(ctx.needs_input_grad)
        maxima, winners = largest_regions(weight, regions, places, learns, at_once)
        ctx.regions, ctx.places, ctx.winners = regions, places, winners
        ctx.shape, ctx.sparse = weight.shape, sparse
        return maxima.add_(torch.cat(biases))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        to_weight = gradient_rows(ctx, gradient) if ctx.needs_input_grad[0] else None
        to_biases = gradient.sum(dim=0).chunk(len(ctx.regions.kernel_sizes))
        return to_weight, None, None, None, None, *to_biases


def largest_regions(
    weight: Tensor, regions: Windows, places: np.ndarray, learns: bool, at_once: int
) -> tuple[Tensor, Tensor | None]:
    """As `largest`, but never more than `at_once` features of a text, however long it is."""
    batch, count, width = regions.tokens.shape
    most = max(at_once // (len(regions.kernel_sizes) * weight.shape[1]), 1)
    chunks = -(-count // most)
    if chunks == 1:
        return largest(weight, regions, winners=learns, at_once=at_once, places=places)
    # a part of a text is a text; missing regions repeat the text's first one
    tokens = np.empty((batch, chunks * most, width), regions.tokens.dtype)
    tokens[:, :count] = regions.tokens
    tokens[:, count:] = regions.tokens[:, :1]
    left = regions.counts[:, None] - np.arange(0, chunks * most, most)
    parts = Windows(
        tokens.reshape(-1, most, width), left.clip(1, most).ravel(), regions.kernel_sizes
    )
    maxima, winners = largest(weight, parts, winners=learns, at_once=at_once, places=places)
    maxima = maxima.unflatten(0, (batch, chunks))  # (batch, chunks, filters)
    chunk = maxima.argmax(dim=1, keepdim=True)  # the first of equal ones
    pooled = maxima.gather(1, chunk)[:, 0]
    if winners is None:
        return pooled, None
    inner = winners.unflatten(0, (batch, chunks)).gather(1, chunk)
    return pooled, (inner + chunk * most)[:, 0]


def gradient_rows(ctx: Any, gradient: Tensor) -> Tensor:
    """The gradient of the weights: sparse, of the rows of winning regions, or dense."""
    number, filters = ctx.shape
    tokens, numbers, amounts = winning(ctx.regions, ctx.winners, gradient)
    place, column = np.divmod(numbers, filters)
    real = tokens != ZERO
    rows = tokens[real].astype(np.int64) * (ctx.places.max() + 1) + ctx.places[place[real]]
    occurs = np.zeros(number, bool)
    occurs[rows] = True
    seen = np.flatnonzero(occurs) if ctx.sparse else np.arange(number)
    slot = np.empty(number, np.int64)
    slot[seen] = np.arange(len(seen))
    index = torch.from_numpy(slot[rows] * filters + column[real])
    values = gradient.new_zeros(len(seen) * filters)
    values.index_add_(0, index, torch.from_numpy(amounts[real]))  # one after the other
    values = values.view(-1, filters)
    if not ctx.sparse:
        return values
    return torch.sparse_coo_tensor(
        torch.from_numpy(seen)[None],
        values,
        ctx.shape,
        check_invariants=False,
        is_coalesced=True,
    )
