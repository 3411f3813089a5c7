"""Classifiers whose embedding and first convolutions are one table look-up.

With weights that stay as they are, a convolution over embeddings is a sum of table rows, one for
each token of the window: no matrix product is left. `build_table_classifier` makes such a
network of a trained model, which it leaves as it is; the logits are equal to 1e-5, with half
precision to about 1e-2.
"""

import copy
from collections.abc import Mapping, Sequence
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from textcnn.models.classifier import TextCNN, at_least_one
from textcnn.models.encoders.char_cnn import CharCnn
from textcnn.models.encoders.dilated import Dilated
from textcnn.models.encoders.dpcnn import Dpcnn
from textcnn.models.encoders.encoder import Encoder
from textcnn.models.encoders.gated import Gated
from textcnn.models.encoders.multi_width import MultiWidth
from textcnn.models.encoders.nin import Nin
from textcnn.models.encoders.vdcnn import Vdcnn
from textcnn.models.fast.lookup import TokenFeatures, extend_ids
from textcnn.models.fast.token_table import TokenTable
from textcnn.models.fast.windows import largest, read_by
from textcnn.models.layers.activations import ACTIVATIONS, MONOTONE
from textcnn.models.layers.convolution import Convolution
from textcnn.models.layers.features import Features
from textcnn.models.layers.padding import margins
from textcnn.models.layers.pooling import MaxPooling
from textcnn.models.layers.position import Position
from textcnn.system.allocation import keep_freed_memory
from textcnn.text.vocabulary import UNKNOWN

# The convolution that alone reads the embedding.
FIRST: dict[type[Encoder], str] = {
    CharCnn: "blocks.0.convolution",
    Dilated: "project",
    Dpcnn: "region",
    Gated: "project",
    Nin: "convolutions.0",
    Vdcnn: "first",
}


class TableClassifier(nn.Module):
    """Logits as the model's, by table where all of a text's tokens have rows there."""

    def __init__(self, model: TextCNN, table: TokenTable, by_table: nn.Module):
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
        """(batch, classes); arguments as for TextCNN."""
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


def build_table_classifier(
    model: TextCNN, memory: int, half: bool = False
) -> TableClassifier | None:
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
    keep_freed_memory()  # sums of a few MB come and go
    if table.known <= UNKNOWN:
        return None
    if pools_largest_sums(model):
        return TableClassifier(model, table, LargestSums(model, table))
    parts: dict[str, nn.Module] = {}
    first = 0
    for path, convolution in zip(paths, convolutions, strict=True):
        parts[f"encoder.{path}"] = TableConvolution(convolution, table, first)
        first += convolution.kernel_size
    return TableClassifier(model, table, with_parts(model, parts))


def pools_largest_sums(model: TextCNN) -> bool:
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

    def __init__(self, model: TextCNN, table: TokenTable):
        super().__init__()
        self.model, self.table = model, table

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """(batch, classes). Fastest where neighbours are of one length."""
        if not len(ids):
            return self.model.head.weight.new_empty(0, self.model.head.out_features)
        encoder = cast(MultiWidth, self.model.encoder)
        convolutions = cast(Sequence[Convolution], encoder.convolutions)
        lengths = lengths.clamp(min=1)
        tokens = at_least_one(ids).to(torch.int32)
        windows = read_by(convolutions, tokens, lengths, self.table.nowhere)
        sums, _ = largest(self.table.rows, windows, winners=False)
        biases: list[Tensor] = [each.bias for each in convolutions if each.bias is not None]
        pooled = sums.float() + torch.cat(biases) if biases else sums.float()
        return self.model.classify(ACTIVATIONS[encoder.last_activation](pooled))


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
