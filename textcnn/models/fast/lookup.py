"""A convolution over tokens as a table: a row for each token at each place of the window.

A convolution over embedded tokens is the sum over the places j of a window of W_j e(token at j). A
batch of characters holds some thirty thousand positions and some seventy different characters, so
the products W_j e are computed once for every character, and each window is a sum of rows.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from textcnn.models.layers.features import Features
from textcnn.models.layers.field import ONE_TOKEN
from textcnn.models.layers.padding import inside
from textcnn.text.vocabulary import PADDING


class TokenFeatures(Features):
    """The vectors of tokens, which are only looked up when somebody asks for `values`."""

    def __init__(
        self,
        ids: Tensor,
        lengths: Tensor,
        embed: Callable[[Tensor], Tensor],
        vocabulary_size: int,
    ):
        """
        Args:
            ids: (batch, time), PADDING behind each text's own.
            embed: ids of any shape to vectors (..., channels); that of PADDING is zero.
        """
        state = {
            "ids": ids,
            "lengths": lengths,
            "embed": embed,
            "vocabulary_size": vocabulary_size,
            "field": ONE_TOKEN,
            "clean": True,
            "finite": True,
            "disposable": False,
        }
        self.__dict__.update(state)  # the class is frozen

    ids: Tensor
    embed: Callable[[Tensor], Tensor]
    vocabulary_size: int

    @cached_property
    def values(self) -> Tensor:
        return self.embed(self.ids).transpose(1, 2)  # (batch, channels, time)

    @property
    def time(self) -> int:
        return self.ids.shape[1]

    @property
    def repetitive(self) -> bool:
        """Whether there are so many positions to each token of the vocabulary that a table pays."""
        return self.ids.device.type == "cpu" and self.ids.numel() >= 4 * self.vocabulary_size


def convolve_tokens(
    features: TokenFeatures,
    weight: Tensor,
    bias: Tensor | None,
    *,
    padding: str,
    margins: tuple[int, int],
    dilation: int,
) -> Tensor:
    """What `extend` and a convolution make of the vectors: (batch, num_filters, windows).

    Args:
        weight: (num_filters, channels, kernel size)
        margins: positions that windows see before a text's first and behind its last.
    """
    size, kernel_size = features.vocabulary_size, weight.shape[2]
    ids = extend_ids(features, padding, *margins, span=(kernel_size - 1) * dilation + 1)
    lower = torch.is_autocast_enabled(ids.device.type)
    precision = torch.get_autocast_dtype(ids.device.type) if lower else weight.dtype
    with torch.autocast(ids.device.type, enabled=False):
        vectors = features.embed(torch.arange(size, device=ids.device))  # (tokens, channels)
        table = vectors @ weight.permute(2, 1, 0)  # (kernel size, tokens, num_filters)
        if bias is not None:  # each window has one row of the first place
            first = torch.arange(kernel_size, device=ids.device)[:, None, None] == 0
            table = table + bias * first
        # the table is small, its sums are not: they are of the precision of a convolution's
        made = sum_rows(table.to(precision), ids, dilation)  # (batch, windows, num_filters)
    return made.transpose(1, 2)


def extend_ids(features: TokenFeatures, padding: str, left: int, right: int, span: int) -> Tensor:
    """(batch, left + time + right), as `extend` does it with vectors; at least one window."""
    ids = features.ids
    if padding in ("reflect", "replicate", "circular"):
        position = torch.arange(-left, ids.shape[1] + right, device=ids.device)
        return ids.gather(1, inside(position, features.lengths[:, None], padding))
    missing = max(span - ids.shape[1] - left - right, 0)
    return F.pad(ids, (left, right + missing), value=PADDING)


def sum_rows(table: Tensor, ids: Tensor, dilation: int) -> Tensor:
    """For each window the sum over its places j of the row (j, token there).

    Args:
        table: (kernel size, tokens, num_filters)
        ids: (batch, time)

    Returns:
        (batch, windows, num_filters)
    """
    sums: Tensor = SumRows.apply(table, ids, dilation)
    # not in there: what comes out could not be changed in place
    return sums.unflatten(0, (len(ids), -1))


class SumRows(torch.autograd.Function):
    """`sum_rows`, of all windows one after the other: embedding_bag's own gradient takes twice the
    time of this, which sorts tokens in place of rows."""

    @staticmethod
    def forward(ctx: Any, table: Tensor, ids: Tensor, dilation: int) -> Tensor:
        """(batch x windows, num_filters)"""
        kernel_size, size, _ = table.shape
        ctx.save_for_backward(ids)
        ctx.shape, ctx.dilation = table.shape, dilation
        span = (kernel_size - 1) * dilation + 1
        places = torch.arange(0, kernel_size * size, size, device=ids.device)
        rows = ids.unfold(1, span, 1)[..., ::dilation] + places  # (batch, windows, kernel size)
        return F.embedding_bag(rows.flatten(0, 1), table.flatten(0, 1), mode="sum")

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        """The gradient of a row is the sum over the windows that have it: bags of windows."""
        (ids,) = ctx.saved_tensors
        kernel_size, size, filters = ctx.shape
        windows = len(gradient) // len(ids)
        tokens, order = ids.flatten().sort(stable=True)
        text, time = order // ids.shape[1], order % ids.shape[1]
        members, starts, count = [], [], 0
        for place in range(kernel_size):  # the windows that have each token there, by token
            window = time - place * ctx.dilation
            own = (window >= 0) & (window < windows)
            members.append((text * windows + window)[own])
            each = torch.bincount(tokens[own], minlength=size)
            starts.append(each.cumsum(0) - each + count)
            count += len(members[-1])
        sums = F.embedding_bag(torch.cat(members), gradient, torch.cat(starts), mode="sum")
        return sums.view(kernel_size, size, filters), None, None
