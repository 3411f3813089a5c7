"""A trained model as plain arrays and a description: a sum of parts that NumPy can add."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor, nn

from textcnn.errors import InputError
from textcnn.exporting.subject import Subject
from textcnn.models.classifier import TextCNN
from textcnn.models.encoders.bag import Bag
from textcnn.models.encoders.encoder import Encoder
from textcnn.models.encoders.multi_width import MultiWidth
from textcnn.models.encoders.onehot_cnn import OnehotCnn
from textcnn.models.ensemble import Ensemble
from textcnn.models.layers.convolution import Convolution
from textcnn.models.layers.embedding import Embedding
from textcnn.models.layers.normalization import PooledNorm, ResponseNorm
from textcnn.models.layers.pooling import (
    AttentionPooling,
    ChunkMaxPooling,
    FlattenPooling,
    KMaxPooling,
    MaxPooling,
    MeanPooling,
    Pooling,
    SumPooling,
)
from textcnn.models.layers.region_table import RegionTable
from textcnn.models.ngrams.beside import WithNgrams
from textcnn.models.ngrams.ngrams import Ngrams
from textcnn.runtime import description
from textcnn.runtime.description import Description, Layer, Network, NgramTable, Text
from textcnn.text.vocabulary import PADDING, SPECIALS, UNKNOWN

POOLINGS: dict[type[Pooling], str] = {
    MaxPooling: "max",
    KMaxPooling: "kmax",
    ChunkMaxPooling: "chunk_max",
    MeanPooling: "mean",
    SumPooling: "sum",
    AttentionPooling: "attention",
    FlattenPooling: "flatten",
}
NEAREST = "use format=onnx, or python -m textcnn.serve"


@dataclass(frozen=True)
class Parts:
    """
    Attributes:
        tensors: float32, or integers for keys; see `textcnn.runtime.tables`.
        definition: the content of a tokenizer's file.
    """

    description: Description
    tokens: tuple[str, ...]  # without the specials
    tensors: dict[str, np.ndarray]
    definition: str | None
    # (ids,) or (numbers of n-grams,): in how many training texts each occurs, as far as is known
    counts: np.ndarray


def parts_of(classifier: Subject) -> Parts:
    """
    Raises:
        InputError: the model is no sum of parts.
    """
    model, encoder = classifier.model, classifier.encoder
    settings = dict(encoder.tokenizer.settings)
    definition = settings.pop("definition", None)
    tensors: dict[str, np.ndarray] = {}
    weights, network, ngrams = (1.0, 1.0), model, None
    if isinstance(model, WithNgrams):
        weights = tuple(model.weights.tolist())
        network, ngrams = model.network, model.ngrams
    elif isinstance(model, Ngrams):
        network, ngrams = None, model
    described = Description(
        classifier.labels,
        classifier.raw_thresholds,
        classifier.calibration,
        Text(settings, encoder.max_length, encoder.truncate, encoder.subwords),
        weights,
        None if network is None else network_parts(network, tensors),
        None if ngrams is None else ngram_parts(ngrams, tensors),
    )
    tokens = encoder.vocabulary.known_tokens
    return Parts(described, tokens, tensors, definition, counts_of(ngrams, len(tokens)))


def counts_of(ngrams: Ngrams | None, known: int) -> np.ndarray:
    """See `Parts.counts`; without n-grams the most frequent words come first (Zipf 1949)."""
    if ngrams is None:
        ranks = np.arange(1, known + 1)
        return np.concatenate([np.zeros(len(SPECIALS)), known / ranks])
    counts = array(ngrams.counts).astype(np.float64)
    return counts[:, -1] if ngrams.multi_label else counts.sum(axis=1)


def ngram_parts(ngrams: Ngrams, tensors: dict[str, np.ndarray]) -> NgramTable:
    """Put the tables of n-grams among the tensors."""
    keys = array(ngrams.keys)
    first, last = keys // ngrams.vocabulary_size, keys % ngrams.vocabulary_size
    tensors["ngrams.first"], tensors["ngrams.last"] = narrow(first), narrow(last)
    weights = array(ngrams.weights()).copy()  # (numbers, classes)
    weights[: len(SPECIALS)] = 0.0
    tensors["ngrams.weights"] = weights
    tensors["ngrams.bias"] = array(ngrams.constant)
    norm = ngrams.scaling == "tf_idf"
    if norm:
        tensors["ngrams.idf"] = array(ngrams.scales())[:, 0].copy()
        tensors["ngrams.idf"][: len(SPECIALS)] = 0.0
    if ngrams.subwords is not None:
        tensors["ngrams.subwords.keys"] = array(ngrams.subwords.keys)
        tensors["ngrams.subwords.weights"] = array(ngrams.subwords.weight)[1:]
    return NgramTable(ngrams.longest, norm)


def network_parts(model: nn.Module, tensors: dict[str, np.ndarray]) -> Network:
    """Put the weights of a network, or of an ensemble's members, among the tensors.

    Raises:
        InputError: it is no sum of parts.
    """
    members = list(model.members) if isinstance(model, Ensemble) else [model]
    found = []
    for number, member in enumerate(members):
        if type(member) is not TextCNN:
            raise InputError(f"format=numpy can't hold a {type(member).__name__}; {NEAREST}")
        found.append(member_parts(member, tensors, f"members.{number}."))
    first = found[0]
    assert all(each == first for each in found), "members have one shape"
    return description.Network(**vars(first) | {"members": len(members)})


def member_parts(member: TextCNN, tensors: dict[str, np.ndarray], prefix: str) -> Network:
    convolutions = convolutions_of(member.encoder)
    if not getattr(member.position, "absent", False):
        raise InputError(
            f"format=numpy can't hold a {type(member.position).__name__} "
            f"(model.position=...); {NEAREST}"
        )
    kind = embedding_parts(member.embedding, convolutions, tensors, prefix)
    for number, each in enumerate(convolutions):
        if kind == "vectors":
            weight = array(each.weight).transpose(0, 2, 1)  # (filters, kernel size, dim)
            tensors[f"{prefix}convolutions.{number}.weight"] = weight
        if each.bias is not None:
            tensors[f"{prefix}convolutions.{number}.bias"] = array(each.bias)
    pooling = pooling_parts(list(member.poolings), tensors, prefix)
    layers = [
        layer_parts(layer, tensors, f"{prefix}hidden.{number}.")
        for number, layer in enumerate(each for each in member.hidden if not is_dropout(each))
    ]
    tensors[f"{prefix}head.weight"] = array(member.head.weight)
    tensors[f"{prefix}head.bias"] = array(member.head.bias)
    return Network(
        1,
        member.frame_length,
        kind,
        "bow" if getattr(member.embedding, "bags", False) else "seq",
        tuple(description.Convolution(each.kernel_size, each.padding) for each in convolutions),
        member.encoder.last_activation,
        pooling,
        tuple(layers),
    )


def convolutions_of(encoder: Encoder) -> list[Any]:
    """The convolutions, or the regions of a one-hot network.

    Raises:
        InputError: the encoder has other layers.
    """
    if type(encoder) is Bag:
        return []
    if type(encoder) is OnehotCnn:
        return list(encoder.parts)
    if type(encoder) is MultiWidth:
        found = list(encoder.convolutions)
        if all(type(each) is Convolution for each in found):
            return found
    raise InputError(
        f"format=numpy holds models of one convolution and pooling (multi_width, onehot_cnn, bag, "
        f"ngrams), got {type(encoder).__name__}; {NEAREST}"
    )


def embedding_parts(
    embedding: Embedding, convolutions: Sequence[Any], tensors: dict[str, np.ndarray], prefix: str
) -> str:
    """Put the vectors, or the rows of one-hot tokens, among the tensors; return which."""
    if isinstance(embedding, RegionTable):
        assert embedding.table is not None
        table = array(embedding.table.weight)
        rows = table.reshape(embedding.vocabulary_size, embedding.rows, -1).copy()
        rows[[PADDING, UNKNOWN]] = 0.0
        tensors[f"{prefix}rows"] = rows
        return "rows"
    if embedding.table is None:  # one-hot: a kernel's weights of a token are its rows
        if not convolutions:
            raise InputError(f"format=numpy can't hold a bag of one-hot vectors; {NEAREST}")
        own = [array(each.weight).transpose(1, 2, 0) for each in convolutions]
        known = np.concatenate(own, axis=1)  # (known tokens, places, filters)
        known = known[: embedding.vocabulary_size - len(SPECIALS)]
        tensors[f"{prefix}rows"] = np.pad(known, ((len(SPECIALS), 0), (0, 0), (0, 0)))
        return "rows"
    tables = [embedding.table, *([] if embedding.fixed is None else [embedding.fixed])]
    tensors[f"{prefix}embedding"] = np.concatenate([array(each.weight) for each in tables], axis=1)
    if embedding.subwords is not None:
        tensors[f"{prefix}subwords.keys"] = array(embedding.subwords.keys)
        tensors[f"{prefix}subwords.weights"] = array(embedding.subwords.weight)[1:]
    return "vectors"


def pooling_parts(
    poolings: Sequence[Any], tensors: dict[str, np.ndarray], prefix: str
) -> description.Pooling:
    for number, each in enumerate(poolings):
        if type(each) not in POOLINGS:
            raise InputError(
                f"format=numpy can't hold the pooling {type(each).__name__}; {NEAREST}"
            )
        if isinstance(each, AttentionPooling):
            tensors[f"{prefix}attention.{number}.weight"] = array(each.project.weight)
            tensors[f"{prefix}attention.{number}.bias"] = array(each.project.bias)
            tensors[f"{prefix}attention.{number}.score"] = array(each.score.weight)[0]
    name = POOLINGS[type(poolings[0])]
    return description.Pooling(name, tuple(each.factor for each in poolings))


def layer_parts(layer: nn.Module, tensors: dict[str, np.ndarray], prefix: str) -> Layer:
    """Put the weights of a layer between pooling and head among the tensors."""
    if isinstance(layer, ResponseNorm):
        return Layer("response_norm", layer.maps)
    if isinstance(layer, PooledNorm):
        assert layer.running_mean is not None
        assert layer.running_var is not None
        scale = array(layer.weight) / np.sqrt(array(layer.running_var) + layer.eps)
        tensors[f"{prefix}scale"] = scale.astype(np.float32)
        tensors[f"{prefix}shift"] = array(layer.bias) - array(layer.running_mean) * scale
        return Layer("scale")
    if isinstance(layer, nn.Linear):
        tensors[f"{prefix}weight"] = array(layer.weight)
        tensors[f"{prefix}bias"] = array(layer.bias)
        return Layer("linear")
    if isinstance(layer, nn.ReLU):
        return Layer("relu")
    raise InputError(f"format=numpy can't hold the layer {type(layer).__name__}; {NEAREST}")


def is_dropout(layer: nn.Module) -> bool:
    return isinstance(layer, nn.Dropout)


def array(tensor: Tensor) -> np.ndarray:
    made: np.ndarray = tensor.detach().cpu().numpy()
    return made.astype(np.float32) if made.dtype.kind == "f" else made


def narrow(numbers: np.ndarray) -> np.ndarray:
    """Numbers from 0 on as the smallest of uint16 and uint32 that holds them."""
    small = not len(numbers) or int(numbers.max()) < 2**16
    return numbers.astype(np.uint16 if small else np.uint32)
