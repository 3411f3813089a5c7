"""Classifiers whose embedding and first convolutions are one table look-up.

With weights that stay as they are, a convolution over embeddings is a sum of table rows, one for
each token of the window: no matrix product is left. `fold` makes such a network of a trained model,
which stays as it is; the logits are equal to 1e-5, with half precision to about 1e-2.
"""

import copy
from collections.abc import Iterator, Mapping
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from textcnn.models.activations import ACTIVATIONS, MONOTONE
from textcnn.models.char_cnn import CharCnn
from textcnn.models.classifier import TextClassifier
from textcnn.models.convolution import Convolution
from textcnn.models.dilated import Dilated
from textcnn.models.dpcnn import Dpcnn
from textcnn.models.encoder import Encoder
from textcnn.models.features import Features
from textcnn.models.gated import Gated
from textcnn.models.lookup import TokenFeatures, extend_ids
from textcnn.models.multi_width import MultiWidth
from textcnn.models.nin import Nin
from textcnn.models.padding import inside, margins
from textcnn.models.pooling import MaxPooling
from textcnn.models.position import Position
from textcnn.models.token_table import TokenTable
from textcnn.models.vdcnn import Vdcnn
from textcnn.text.vocabulary import PADDING, UNKNOWN

# Windows at a time, whose sums stay in the cache until the largest is found. With twice as many the
# allocator gives the memory of each sum back, and a third of the time goes into getting it again.
WINDOWS = 2048
# The convolution that alone reads the embedding.
FIRST: dict[type[Encoder], str] = {
    CharCnn: "blocks.0.convolution",
    Dilated: "project",
    Dpcnn: "region",
    Gated: "project",
    Nin: "convolutions.0",
    Vdcnn: "first",
}


class FoldedClassifier(nn.Module):
    """Logits as the model's, by table where all of a text's tokens have rows there."""

    def __init__(self, model: TextClassifier, table: TokenTable, by_table: nn.Module):
        super().__init__()
        self.model, self.table, self.by_table = model, table, by_table

    @property
    def keeps_maxima_alone(self) -> bool:
        """Whether the features of a batch are never in memory all at once."""
        return isinstance(self.by_table, LargestSums) and self.knows_all

    @property
    def knows_all(self) -> bool:
        return self.table.known == self.model.embedding.vocabulary_size

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """(batch, classes); arguments as for TextClassifier."""
        if self.knows_all:
            return self.look_up(ids, lengths)
        rare = (ids >= self.table.known).any(dim=1)
        logits = torch.empty(len(ids), self.model.head.out_features)
        for chosen, network in ((~rare, self.look_up), (rare, self.model)):
            if chosen.any():
                logits[chosen] = network(ids[chosen], lengths[chosen])
        return logits

    def look_up(self, ids: Tensor, lengths: Tensor) -> Tensor:
        ids = ids[:, : max(int(lengths.max()), 1)] if len(ids) else ids
        self.table.prepare(ids)
        logits: Tensor = self.by_table(ids, lengths)
        return logits


def fold(model: TextClassifier, memory: int, half: bool = False) -> FoldedClassifier | None:
    """A network that looks up what `model` computes; None if there is nothing to gain.

    Args:
        memory: bytes that the table may take. If it needs more, the rarest tokens have no rows, and
            texts that hold them are left to the model.
        half: a table of float16.
    """
    paths = first_convolutions(model.encoder)
    if not paths or type(model.position) is not Position:
        return None
    if any(p.dtype != torch.float32 or p.device.type != "cpu" for p in model.parameters()):
        return None
    convolutions = [cast(Convolution, model.encoder.get_submodule(path)) for path in paths]
    table = TokenTable(model.embedding, convolutions, memory=memory, half=half)
    if table.known <= UNKNOWN:
        return None
    if pools_largest_sums(model):
        return FoldedClassifier(model, table, LargestSums(model, table))
    parts: dict[str, nn.Module] = {}
    first = 0
    for path, convolution in zip(paths, convolutions, strict=True):
        parts[f"encoder.{path}"] = TableConvolution(convolution, table, first)
        first += convolution.kernel_size
    return FoldedClassifier(model, table, with_parts(model, parts))


def pools_largest_sums(model: TextClassifier) -> bool:
    """Whether nothing but the maximum of each convolution's sums counts."""
    monotone = model.encoder.last_activation in MONOTONE
    largest = all(type(pooling) is MaxPooling for pooling in model.poolings)
    return type(model.encoder) is MultiWidth and monotone and largest


def first_convolutions(encoder: Encoder) -> list[str]:
    """The names of the convolutions that alone read the embedding; none if others do."""
    if type(encoder) is MultiWidth:
        return [f"convolutions.{number}" for number in range(len(encoder.convolutions))]
    return [FIRST[type(encoder)]] if type(encoder) in FIRST else []


def with_parts(module: nn.Module, parts: Mapping[str, nn.Module]) -> nn.Module:
    """A copy that shares all weights, but has other modules at these paths."""
    new = copy.copy(module)
    new._modules = dict(module._modules)
    for name, old in module._modules.items():
        prefix = f"{name}."
        below = {
            path.removeprefix(prefix): part
            for path, part in parts.items()
            if path.startswith(prefix)
        }
        if name in parts:
            new._modules[name] = parts[name]
        elif below and old is not None:
            new._modules[name] = with_parts(old, below)
    return new


class LargestSums(nn.Module):
    """Convolutions of several widths and max pooling: the largest sum of a text's windows."""

    def __init__(self, model: TextClassifier, table: TokenTable):
        super().__init__()
        self.model, self.table = model, table

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """(batch, classes)"""
        encoder = cast(MultiWidth, self.model.encoder)
        ids = ids if ids.shape[1] else ids.new_zeros(len(ids), 1)
        lengths = lengths.clamp(min=1)
        behind = torch.arange(ids.shape[1]) >= lengths[:, None]  # (batch, time)
        ids = ids.masked_fill(behind, PADDING)
        pooled, first = [], 0
        for convolution in encoder.convolutions:
            assert isinstance(convolution, Convolution)
            pooled.append(self.largest(ids, lengths, convolution, first))
            first += convolution.kernel_size
        activate = ACTIVATIONS[encoder.last_activation]
        return self.model.classify(activate(torch.cat(pooled, dim=1)))

    def largest(self, ids: Tensor, lengths: Tensor, convolution: Convolution, first: int) -> Tensor:
        """(batch, filters) of one width, whose rows are `first` and the next of each token.

        Fastest where neighbours are of one length.
        """
        if not len(ids):
            return torch.empty(0, self.table.filters)
        size, filters = convolution.kernel_size, self.table.filters
        windows = convolution.positions(lengths)
        tokens = self.seen_tokens(ids, lengths, convolution).to(self.table.index)
        rows = tokens * self.table.offsets  # (batch, time)
        offsets = torch.arange(first, first + size, dtype=rows.dtype)
        largest = []
        for texts, count in blocks(windows.numpy()):
            some = rows[texts, : count + size - 1].unfold(1, size, 1)
            bags = (some + offsets).reshape(-1, size)  # (texts x windows, size)
            sums = F.embedding_bag(bags, self.table.rows, mode="sum")  # (texts x windows, filters)
            largest.append(sums.view(-1, count, filters).amax(dim=1))  # (texts, filters)
        pooled = torch.cat(largest).float()  # (batch, filters)
        return pooled if convolution.bias is None else pooled + convolution.bias

    def seen_tokens(self, ids: Tensor, lengths: Tensor, convolution: Convolution) -> Tensor:
        """What each text's windows see, one token after the other: (batch, time).

        Beyond a text's ends stand the tokens, or the padding, that its boundary mode puts there;
        behind its last window no token, so that no further window is the largest.
        """
        size = convolution.kernel_size
        left, right = margins(convolution.padding, size)
        seen = convolution.positions(lengths) + size - 1  # (batch,)
        column = torch.arange(int(seen.max()))
        if convolution.padding in ("reflect", "replicate", "circular") and left + right > 0:
            tokens = ids.gather(1, inside(column - left, lengths[:, None], convolution.padding))
        else:
            tokens = F.pad(ids, (left, len(column) - left - ids.shape[1]), value=PADDING)
        return tokens.masked_fill(column >= seen[:, None], self.table.nowhere)


def blocks(windows: np.ndarray) -> Iterator[tuple[slice, int]]:
    """Neighbouring texts, and how many windows the longest of them has: together WINDOWS at most.

    Args:
        windows: (texts,) of each.
    """
    start = 0
    while start < len(windows):
        some = np.maximum.accumulate(windows[start : start + WINDOWS])
        together = some * np.arange(1, len(some) + 1)  # with all before
        count = max(int(np.searchsorted(together, WINDOWS, side="right")), 1)
        yield slice(start, start + count), int(some[count - 1])
        start += count


class TableConvolution(nn.Module):
    """A convolution over the embedding of tokens, by table: the embedding is never looked up."""

    def __init__(self, convolution: Convolution, table: TokenTable, first: int):
        """`first`: of a token's rows, the first that is this convolution's."""
        super().__init__()
        self.convolution, self.table, self.first = convolution, table, first

    def positions(self, lengths: Tensor) -> Tensor:
        return self.convolution.positions(lengths)

    def forward(self, features: Features) -> Features:
        """(batch, channels, time) to (batch, num_filters, windows)"""
        assert isinstance(features, TokenFeatures)
        convolution = self.convolution
        size, span = convolution.kernel_size, convolution.span(convolution.dilation)
        left, right = margins(convolution.padding, span)
        # (batch, left + time + right)
        ids = extend_ids(features, convolution.padding, left, right, span)
        rows = ids.to(self.table.index) * self.table.offsets
        windows = rows.unfold(1, span, convolution.stride)[..., :: convolution.dilation]
        offsets = torch.arange(self.first, self.first + size, dtype=rows.dtype)
        bags = (windows + offsets).reshape(-1, size)  # (windows x batch, size)
        sums = F.embedding_bag(bags, self.table.rows, mode="sum").float()
        values = sums if convolution.bias is None else sums + convolution.bias
        values = values.view(len(ids), -1, self.table.filters).transpose(1, 2)
        field = features.field.through(size, convolution.dilation, convolution.stride, left)
        return Features(values, self.positions(features.lengths), field, disposable=True)
