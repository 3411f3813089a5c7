"""First convolutions as sums of table rows, one for each token of a window.

Must agree with `textcnn.models.layers.convolution.Convolution` on the vectors of the tokens.

A convolution over embedded tokens is the sum over the places j of a window of W_j e(token at j). A
batch of characters has some thirty thousand positions, but only some seventy distinct characters.
So the products W_j e are computed once for each character, and each window is a sum of rows.
"""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from textcnn.models.layers.convolution import Convolution
from textcnn.models.layers.features import Features, Known
from textcnn.models.layers.field import ONE_TOKEN
from textcnn.models.layers.padding import inside, margins
from textcnn.text.vocabulary import PADDING

if TYPE_CHECKING:
    from textcnn.models.classifier import TextCNN


class TokenFeatures(Features):
    """The vectors of tokens, which are computed only when `values` is read."""

    ids: Tensor
    embed: Callable[[Tensor], Tensor]
    vocabulary_size: int

    def __init__(
        self,
        ids: Tensor,
        lengths: Tensor,
        embed: Callable[[Tensor], Tensor],
        vocabulary_size: int,
    ):
        """
        Args:
            ids: (batch, time), PADDING after each text's end.
            embed: ids of any shape to vectors (..., channels); that of PADDING is zero.
        """
        state = {
            "ids": ids,
            "lengths": lengths,
            "embed": embed,
            "vocabulary_size": vocabulary_size,
            "field": ONE_TOKEN,
            "_known": Known(clean=True, finite=True),
        }
        self.__dict__.update(state)  # the class is frozen

    @cached_property
    def values(self) -> Tensor:
        return self.embed(self.ids).transpose(1, 2)  # (batch, channels, time)

    @property
    def time(self) -> int:
        return self.ids.shape[1]


def token_features(model: "TextCNN", ids: Tensor, lengths: Tensor) -> TokenFeatures:
    """What `TextCNN.embed` returns for a model without positions and dropout of embeddings."""
    ids, lengths = model.to_frame(ids, lengths)
    embedding = model.embedding
    tokens = model.word_dropout(ids)
    return TokenFeatures(tokens, lengths.clamp(min=1), embedding, embedding.vocabulary_size)


def looks_up(convolution: Convolution) -> bool:
    """Whether a table can replace the convolution and saves work: not for a single token."""
    return convolution.kernel_size > 1 and convolution.stride == convolution.groups == 1


class LookupConvolution(nn.Module):
    """A convolution with the weights of another one, which looks up the products of tokens."""

    def __init__(self, convolution: Convolution):
        super().__init__()
        self.convolution = convolution

    def forward(self, features: Features, dilation: int | None = None) -> Features:
        """(batch, channels, time) to (batch, num_filters, windows)"""
        layer = self.convolution
        if not isinstance(features, TokenFeatures):  # the encoder has changed the vectors
            plain: Features = layer(features, dilation)
            return plain
        dilation = dilation or layer.dilation
        values = convolve_tokens(
            features, layer.weight, layer.bias, padding=layer.padding, dilation=dilation
        )
        lengths = layer.positions(features.lengths, dilation)
        convolved = Features(values, lengths, layer.field(features.field, dilation))
        return convolved._knowing(finite=True, disposable=True)


def convolve_tokens(
    features: TokenFeatures, weight: Tensor, bias: Tensor | None, *, padding: str, dilation: int
) -> Tensor:
    """`extend` and convolution of the tokens' vectors: (batch, num_filters, windows).

    Args:
        weight: (num_filters, channels, kernel size)
    """
    size, kernel_size = features.vocabulary_size, weight.shape[2]
    ids = extend_ids(features, padding, span=(kernel_size - 1) * dilation + 1)
    lower = torch.is_autocast_enabled(ids.device.type)
    precision = torch.get_autocast_dtype(ids.device.type) if lower else weight.dtype
    with torch.autocast(ids.device.type, enabled=False):
        vectors = features.embed(torch.arange(size, device=ids.device))  # (tokens, channels)
        table = vectors @ weight.permute(2, 1, 0)  # (kernel size, tokens, num_filters)
        if bias is not None:  # added to the rows of the first place: each window has one
            first = torch.arange(kernel_size, device=ids.device)[:, None, None] == 0
            table = table + bias * first
        # the table is small, so it is fp32; the sums have the precision of a convolution
        sums = sum_rows(table.to(precision), ids, dilation)  # (batch, windows, num_filters)
    return sums.transpose(1, 2)


def extend_ids(features: TokenFeatures, padding: str, span: int) -> Tensor:
    """Ids (batch, left + time + right), padded as `extend` pads vectors; at least one window."""
    ids = features.ids
    left, right = margins(padding, span)
    if padding in ("reflect", "replicate", "circular"):
        position = torch.arange(-left, ids.shape[1] + right, device=ids.device)
        return ids.gather(1, inside(position, features.lengths[:, None], padding))
    missing = max(span - ids.shape[1] - left - right, 0)
    return F.pad(ids, (left, right + missing), value=PADDING)


def sum_rows(table: Tensor, ids: Tensor, dilation: int) -> Tensor:
    """For each window the sum over its places j of the row (j, token at j).

    Args:
        table: (kernel size, tokens, num_filters)
        ids: (batch, time)

    Returns:
        (batch, windows, num_filters)
    """
    sums: Tensor = SumRows.apply(table, ids, dilation)
    # not inside SumRows: its output could then not be changed in place
    return sums.unflatten(0, (len(ids), -1))


class SumRows(torch.autograd.Function):
    """`sum_rows`, with the windows of all texts in one dimension.

    embedding_bag's own gradient takes twice as long: it sorts rows, and this one sorts tokens.
    """

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
        """The gradient of a row is the sum over all windows that contain it: a bag of windows."""
        (ids,) = ctx.saved_tensors
        kernel_size, size, filters = ctx.shape
        windows = len(gradient) // len(ids)
        tokens, order = ids.flatten().sort(stable=True)
        text, time = order // ids.shape[1], order % ids.shape[1]
        members, starts, before = [], [], 0
        for place in range(kernel_size):  # the windows with each token at that place, by token
            window = time - place * ctx.dilation
            own = (window >= 0) & (window < windows)
            members.append((text * windows + window)[own])
            sizes = torch.bincount(tokens[own], minlength=size)
            starts.append(sizes.cumsum(0) - sizes + before)
            before += len(members[-1])
        sums = F.embedding_bag(torch.cat(members), gradient, torch.cat(starts), mode="sum")
        return sums.view(kernel_size, size, filters), None, None
