"""Prediction with embedding and first convolutions replaced by a table look-up.

Must agree with `TextCNN.forward` in evaluation: to 1e-5, with half precision to about 1e-2.

While weights don't change, a convolution over embeddings is a sum of table rows, one for each token
of the window, without any matrix product. `build_table_classifier` makes such a network of a
trained model, and doesn't change the model.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from textcnn.data.unknown_words import UnknownWords
from textcnn.models.fast.choice import encodes_tokens_only, faster_layers
from textcnn.models.fast.lookup import TokenFeatures, extend_ids, token_features
from textcnn.models.fast.ngram_max import max_pooled_convolutions
from textcnn.models.fast.token_table import TokenTable
from textcnn.models.fast.windows import largest, windows_of
from textcnn.models.layers.activations import ACTIVATIONS
from textcnn.models.layers.convolution import Convolution
from textcnn.models.layers.features import Features
from textcnn.system.memory import keep_freed_memory
from textcnn.system.private_torch import unobserved_modules, with_parts
from textcnn.text.vocabulary import UNKNOWN

if TYPE_CHECKING:
    from textcnn.models.classifier import TextCNN
    from textcnn.models.ensemble import Ensemble


class TableClassifier(nn.Module):
    """The model's logits, by table for texts all of whose tokens have rows there."""

    def __init__(self, model: "TextCNN | Ensemble", table: TokenTable, by_table: nn.Module):
        super().__init__()
        self.model: Any = model
        self.table, self.by_table = table, by_table
        self.parts = unobserved_modules(model)  # a list, whose modules are no children of this one

    @property
    def applies(self) -> bool:
        """Whether the table can still replace the model.

        It can't after a move to a GPU or to another precision, after a module was replaced, and
        while somebody watches a module by a hook: tables don't call all modules.
        """
        modules = unobserved_modules(self.model)
        if modules is None or modules != self.parts:
            return False
        weight = next(self.model.parameters())
        return weight.device.type == "cpu" and weight.dtype == torch.float32

    @property
    def keeps_only_maxima(self) -> bool:
        """Whether the features of a batch are never all in memory."""
        return isinstance(self.by_table, LargestSums) and self.knows_all

    @property
    def knows_all(self) -> bool:
        """Whether all tokens of the vocabulary have rows."""
        return self.table.known == self.table.vocabulary_size

    def forward(self, ids: Tensor, lengths: Tensor, unknown: UnknownWords | None = None) -> Tensor:
        """(batch, classes); arguments as for TextCNN."""
        if unknown is not None and not self.table.composes:
            unknown = None
        rare = (ids >= self.table.known).any(dim=1)
        if unknown is not None and not self.has_room(unknown):
            rare |= (ids == UNKNOWN).any(dim=1)
        if not rare.any():
            return self.look_up(ids, lengths, unknown)
        parts = []
        for chosen, network in ((~rare, self.look_up), (rare, self.model)):
            own = None if unknown is None else unknown.of_texts(ids, chosen)
            if chosen.any():
                parts.append((chosen, network(ids[chosen], lengths[chosen], unknown=own)))
        logits = torch.empty(len(ids), parts[0][1].shape[1])
        for chosen, part in parts:
            logits[chosen] = part
        return logits

    def has_room(self, unknown: UnknownWords) -> bool:
        """Whether unknown words can have rows: other tables than of sums may read vectors too."""
        return isinstance(self.by_table, LargestSums) and len(unknown) <= self.table.spare_words

    def look_up(self, ids: Tensor, lengths: Tensor, unknown: UnknownWords | None = None) -> Tensor:
        logits: Tensor
        ids = ids[:, : max(int(lengths.max()), 1)] if len(ids) else ids
        self.table.prepare(ids)
        if unknown is None or not len(unknown.words):
            logits = self.by_table(ids, lengths)
            return logits
        with self.table.spare_rows(unknown) as first:
            logits = self.by_table(unknown.number(ids, first), lengths)
        return logits


def build_table_classifier(
    model: "TextCNN", memory: int, half: bool = False
) -> TableClassifier | None:
    """A network that looks up what `model` computes; None if a table doesn't help.

    Args:
        memory: limit in bytes for the table. If it needs more, the rarest tokens have no rows, and
            texts that contain them are left to the model.
        half: a table of float16.
    """
    if not has_table(model):
        return None
    readers = model.encoder.reading_convolutions()
    convolutions = list(readers.values())
    table = TokenTable([(model.embedding, convolutions)], memory=memory, half=half)
    keep_freed_memory()  # sums of a few MB come and go
    if table.known <= UNKNOWN:
        return None
    if max_pooled_convolutions(model):
        return TableClassifier(model, table, LargestSums(model, convolutions, table))
    parts = faster_layers(model.encoder)
    first = 0
    for path, convolution in readers.items():
        parts[path] = TableConvolution(convolution, table, first)
        first += convolution.kernel_size
    return TableClassifier(model, table, TableEncoder(model, with_parts(model.encoder, parts)))


def has_table(model: "TextCNN") -> bool:
    """Whether a table can replace the embedding and the first convolutions."""
    convolutions = list(model.encoder.reading_convolutions().values())
    # a parametrized layer computes its weights anew each time, which a table wouldn't notice
    plain = all(type(each) is Convolution and each.groups == 1 for each in convolutions)
    if len({each.num_filters for each in convolutions}) != 1 or not plain:
        return False
    if unobserved_modules(model) is None or not encodes_tokens_only(model):
        return False
    return all(p.dtype == torch.float32 and p.device.type == "cpu" for p in model.parameters())


class LargestSums(nn.Module):
    """Side-by-side convolutions with max pooling: the largest sums over a text's windows."""

    def __init__(self, model: "TextCNN", convolutions: Sequence[Convolution], table: TokenTable):
        super().__init__()
        self.model, self.convolutions, self.table = model, tuple(convolutions), table

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """(batch, classes). Fastest if neighbouring texts are equally long."""
        return pooled_logits(self.model, self.convolutions, self.sums(ids, lengths))

    def sums(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """The largest sum of each filter, without bias: (batch, filters of all widths) float32."""
        if not len(ids):
            return torch.empty(0, len(self.convolutions) * self.table.filters)
        ids, lengths = self.model.to_frame(ids, lengths)
        tokens, lengths = ids.to(torch.int32), lengths.clamp(min=1)
        windows = windows_of(self.convolutions, tokens, lengths, self.table.nowhere)
        sums, _ = largest(self.table.rows, windows, winners=False)
        return sums.float()


def pooled_logits(model: "TextCNN", convolutions: Sequence[Convolution], sums: Tensor) -> Tensor:
    """(batch, classes) from the largest sum of each filter, without bias: (batch, filters)."""
    biases: list[Tensor] = [each.bias for each in convolutions if each.bias is not None]
    pooled = sums + torch.cat(biases) if biases else sums
    return model.classify(ACTIVATIONS[model.encoder.last_activation](pooled))


class TableEncoder(nn.Module):
    """A model whose encoder has TableConvolutions in place of its first convolutions."""

    def __init__(self, model: "TextCNN", encoder: nn.Module):
        super().__init__()
        self.model, self.encoder = model, encoder

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """(batch, classes)"""
        features = token_features(self.model, ids, lengths)
        pooled, _ = self.model.pool(self.encoder(features))
        return self.model.classify(pooled)


class TableConvolution(nn.Module):
    """A convolution over tokens by table, without looking up their vectors."""

    def __init__(self, convolution: Convolution, table: TokenTable, first: int):
        """
        Args:
            first: the first of a token's rows that belongs to this convolution.
        """
        super().__init__()
        self.convolution, self.table, self.first = convolution, table, first

    def forward(self, features: Features, dilation: int | None = None) -> Features:
        """(batch, channels, time) to (batch, num_filters, windows)"""
        layer = self.convolution
        if not isinstance(features, TokenFeatures):  # the encoder has changed the vectors
            plain: Features = layer(features, dilation)
            return plain
        dilation = dilation or layer.dilation
        size, span = layer.kernel_size, layer.span(dilation)
        ids = extend_ids(features, layer.padding, span)  # (batch, left + time + right)
        rows = ids.to(self.table.index) * self.table.offsets
        windows = rows.unfold(1, span, layer.stride)[..., ::dilation]
        offsets = torch.arange(self.first, self.first + size, dtype=rows.dtype)
        bags = (windows + offsets).reshape(-1, size)  # (windows x batch, size)
        sums = F.embedding_bag(bags, self.table.rows, mode="sum").float()
        values = sums if layer.bias is None else sums + layer.bias
        values = values.view(len(ids), -1, self.table.filters).transpose(1, 2)
        lengths = layer.positions(features.lengths, dilation)
        convolved = Features(values, lengths, layer.field(features.field, dilation))
        return convolved._knowing(disposable=True)
