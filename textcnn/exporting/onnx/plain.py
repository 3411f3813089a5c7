"""Models as they are exported: the plain layers, and nothing that Python decides for a batch."""

import copy
from collections.abc import Iterable
from typing import NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from textcnn.errors import InputError
from textcnn.exporting.onnx.buckets import BucketIndex, SubwordRows
from textcnn.exporting.onnx.recurrent import OnnxLstm
from textcnn.models.classifier import TextCNN
from textcnn.models.encoders.dcnn import Dcnn
from textcnn.models.encoders.lstm import Recurrent
from textcnn.models.encoders.multi_width import MultiWidth
from textcnn.models.encoders.onehot_cnn import OnehotCnn, Region
from textcnn.models.encoders.vdcnn import Half
from textcnn.models.ensemble import Ensemble
from textcnn.models.layers.convolution import Convolution
from textcnn.models.layers.max_pool import MaxPool
from textcnn.models.layers.padding import margins
from textcnn.models.layers.pooling import KMaxPooling
from textcnn.models.layers.subword_table import SubwordTable
from textcnn.models.ngrams.beside import WithNgrams
from textcnn.models.ngrams.ngrams import Ngrams
from textcnn.text.vocabulary import PADDING, UNKNOWN

FEW = 2  # positions of a map at least: PyTorch traces those of 1 otherwise
LAYERS = (Convolution, Region, MaxPool, Half)


class Words(NamedTuple):
    """The words behind UNKNOWN ids; see `PlainModel.forward`."""

    unknown: Tensor
    characters: Tensor
    offsets: Tensor


class PlainNetwork(nn.Module):
    """The logits of a `TextCNN`.

    Texts are padded first until no layer needs more positions. So what layers do when a batch has
    only short texts, which Python decides, is the same for all batches.
    """

    def __init__(self, network: TextCNN):
        super().__init__()
        self.network = simplified(network)
        self.shortest = shortest(self.network)
        subwords = self.network.embedding.subwords
        self.subwords = None if subwords is None else rows_of(subwords)
        self.network.embedding.subwords = None

    def forward(
        self,
        ids: Tensor,
        lengths: Tensor,
        words: Words | None = None,
    ) -> Tensor:
        """(batch, classes); arguments as for `PlainModel`."""
        network = self.network
        ids, lengths = network.to_frame(self.padded(ids), lengths)
        embedded = network.embedding(ids)  # (batch, time, dim)
        if self.subwords is not None and words is not None:
            vectors = self.compose(words)  # (1 + words, dim)
            unknown = self.padded(words.unknown)[:, : ids.shape[1]]
            embedded = torch.where(
                (unknown > 0)[..., None], F.embedding(unknown, vectors), embedded
            )
        pooled, _ = network.pool(network.encoder(network.place(embedded, lengths)))
        return network.classify(pooled)

    def padded(self, ids: Tensor) -> Tensor:
        """(batch, time) to (batch, max(time, shortest)), or to the frame that the network reads."""
        least = self.network.frame_length or self.shortest
        longer = torch.cat([ids, ids.new_zeros(ids.shape[0], least)], dim=1)
        if self.network.frame_length is not None:
            return longer[:, :least]
        return longer[:, : torch.sym_max(ids.shape[1], least)]

    def compose(self, words: Words) -> Tensor:
        """The vectors (1 + words, dim) of unknown words; the first is not used."""
        assert self.subwords is not None
        embedding = self.network.embedding
        sums, known = self.subwords.sums(words.characters, words.offsets)
        means = sums / known.clamp(min=1)
        composed = means if embedding.fixed is None else torch.cat([means, means], dim=1)
        token = embedding(torch.tensor([[UNKNOWN]]))[0]  # (1, dim)
        there = (means != 0).any(dim=1, keepdim=True)
        return torch.cat([token, torch.where(there, composed, token)])


class PlainNgrams(nn.Module):
    """The logits of `Ngrams`."""

    weights: Tensor
    squares: Tensor
    constant: Tensor

    def __init__(self, ngrams: Ngrams):
        super().__init__()
        self.index = BucketIndex(ngrams.keys, ngrams.vocabulary_size, ngrams.longest)
        self.normalized = ngrams.scaling == "tf_idf"
        self.register_buffer("weights", without_padding(ngrams.weights()))
        squares = ngrams.scales() ** 2 if self.normalized else torch.zeros(1, 1)
        self.register_buffer("squares", without_padding(squares))
        self.register_buffer("constant", ngrams.constant.detach().clone())
        self.subwords = None if ngrams.subwords is None else rows_of(ngrams.subwords)

    def forward(
        self,
        ids: Tensor,
        lengths: Tensor,
        words: Words | None = None,
    ) -> Tensor:
        """(batch, classes); arguments as for `PlainModel`."""
        numbers = self.numbers(ids, lengths)  # (batch, places)
        summed = F.embedding(numbers, self.weights).sum(dim=1)
        if self.normalized:
            summed = summed / F.embedding(numbers, self.squares).sum(dim=1).sqrt().clamp(min=1e-12)
        if self.subwords is not None and words is not None:
            sums, _ = self.subwords.sums(words.characters, words.offsets)  # (words, classes)
            # each word counts once in a text
            there = sums.new_zeros(ids.shape[0], words.offsets.shape[0])
            there = there.scatter(1, words.unknown, torch.ones_like(words.unknown).to(sums.dtype))
            summed = summed + there[:, 1:] @ sums
        return summed + self.constant

    def numbers(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """As `NgramIndex.numbers`."""
        # so that every length has a place
        ids = torch.cat([ids, ids.new_zeros(ids.shape[0], self.index.longest)], dim=1)
        table = self.index.table
        longer = [table.look_up(keys) for keys in self.index.keys_by_length(ids, lengths)]
        single = ids.masked_fill(ids == UNKNOWN, PADDING)
        ordered = torch.cat([single, *longer], dim=1).sort(dim=1).values
        repeated = F.pad(ordered[:, 1:] == ordered[:, :-1], (1, 0))
        return ordered.masked_fill(repeated, PADDING)


class PlainEnsemble(nn.Module):
    """The logits of an `Ensemble`."""

    def __init__(self, ensemble: Ensemble):
        super().__init__()
        members = cast(Iterable[TextCNN], ensemble.members)
        self.members = nn.ModuleList(map(PlainNetwork, members))
        self.voting = Ensemble([], multi_label=ensemble.multi_label)

    def forward(self, ids: Tensor, lengths: Tensor, words: Words | None = None) -> Tensor:
        """(batch, classes); arguments as for `PlainModel`."""
        return self.voting.vote([member(ids, lengths, words) for member in self.members])


class PlainModel(nn.Module):
    """The logits of any model, and probabilities with its calibration."""

    part_weights: Tensor
    slopes: Tensor
    offsets: Tensor

    def __init__(
        self, model: nn.Module, *, slopes: Tensor, offsets: Tensor, multi_label: bool
    ) -> None:
        """
        Args:
            slopes, offsets: (classes,): what logits are multiplied with, and what is added then.
        """
        super().__init__()
        self.parts = nn.ModuleList(plain_parts(model))
        weights = model.weights if isinstance(model, WithNgrams) else torch.ones(1)
        self.register_buffer("part_weights", weights.detach().clone())
        self.register_buffer("slopes", slopes)
        self.register_buffer("offsets", offsets)
        self.multi_label = multi_label

    @property
    def reads_words(self) -> bool:
        """Whether it takes the words behind UNKNOWN ids."""
        return any(isinstance(each, SubwordRows) for each in self.modules())

    def forward(
        self,
        ids: Tensor,
        lengths: Tensor,
        unknown: Tensor | None = None,
        characters: Tensor | None = None,
        offsets: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """
        Args:
            ids: (batch, time) int64, PADDING after a text's end.
            lengths: (batch,) int64, tokens of each text; may be 0.
            unknown: (batch, time) int64: 1 + the number of the word behind an UNKNOWN id; 0
                elsewhere.
            characters, offsets: of the words, which all differ; see `SubwordRows.sums`.

        Returns:
            logits, probabilities: (batch, classes)
        """
        words = None
        if unknown is not None and characters is not None and offsets is not None:
            words = Words(unknown, characters, offsets)
        logits = self.parts[0](ids, lengths, words)
        if len(self.parts) > 1:  # as WithNgrams
            beside = self.parts[1](ids, lengths, words)
            logits = self.part_weights[0] * logits + self.part_weights[1] * beside
        scaled = logits * self.slopes + self.offsets
        return logits, scaled.sigmoid() if self.multi_label else scaled.softmax(dim=1)


def plain_parts(model: nn.Module) -> list[nn.Module]:
    """One module, or two whose logits are added.

    Raises:
        InputError: it is a model of another kind.
    """
    if isinstance(model, WithNgrams):
        return [*plain_parts(model.network), PlainNgrams(model.ngrams)]
    if isinstance(model, Ngrams):
        return [PlainNgrams(model)]
    if isinstance(model, Ensemble):
        return [PlainEnsemble(model)]
    if isinstance(model, TextCNN):
        return [PlainNetwork(model)]
    raise InputError(f"format=onnx can't hold a {type(model).__name__}")


def simplified(network: TextCNN) -> TextCNN:
    """A copy on the CPU with layers that ONNX has."""
    network = copy.deepcopy(network).cpu().eval().requires_grad_(False)
    for module in list(network.modules()):
        if isinstance(module, Convolution):
            module.product = F.conv1d  # type: ignore[assignment]
        elif isinstance(module, Recurrent):
            module.ahead = OnnxLstm(module.ahead)  # type: ignore[assignment]
            module.back = None if module.back is None else OnnxLstm(module.back)  # type: ignore[assignment]
    return network


def shortest(network: TextCNN) -> int:
    """Tokens of a batch from which on no layer pads it to apply its kernel or to choose k."""
    encoder = network.encoder
    kept = [each.factor for each in network.poolings if isinstance(each, KMaxPooling)]
    needed = max(FEW, *kept, encoder.k if isinstance(encoder, Dcnn) else 0)
    layers = [each for each in encoder.modules() if isinstance(each, LAYERS)]
    if isinstance(encoder, MultiWidth | OnehotCnn):  # side by side
        return max(positions_before(layer, needed) for layer in layers)
    for layer in reversed(layers):
        needed = positions_before(layer, needed)
    # of n positions, layer l of L keeps a share of (L - l) / L
    return needed * len(layers) if isinstance(encoder, Dcnn) else needed


def positions_before(layer: nn.Module, after: int) -> int:
    """The positions of which a layer makes so many without padding them."""
    if isinstance(layer, Half):
        return 2 * after
    if isinstance(layer, MaxPool):
        return (after - 1) * layer.stride + max(layer.kernel_size - layer.left - layer.right, 1)
    assert isinstance(layer, Convolution | Region)
    stride, size = getattr(layer, "stride", 1), layer.kernel_size
    span = (size - 1) * getattr(layer, "dilation", 1) + 1
    return (after - 1) * stride + max(span - sum(margins(layer.padding, span)), 1)


def rows_of(table: SubwordTable) -> SubwordRows:
    return SubwordRows(table.keys.cpu().clone(), table.weight.detach().cpu().clone())


def without_padding(table: Tensor) -> Tensor:
    """A copy on the CPU whose row of PADDING adds nothing."""
    table = table.detach().cpu().clone()
    table[PADDING] = 0.0
    return table
