"""Networks, new and stored, from the keys `model.*`."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

import torch

from textcnn.config.model import NETWORK_SCHEMAS
from textcnn.config.model_keys import ModelConfig, NetworkConfig
from textcnn.config.programs import TrainConfig
from textcnn.errors import InputError
from textcnn.models.build import build_model
from textcnn.models.classifier import TextCNN
from textcnn.models.ensemble import Ensemble, build_members, count_members
from textcnn.models.layers.subword_table import SubwordTable
from textcnn.models.ngrams.beside import WithNgrams
from textcnn.models.ngrams.index import NgramIndex
from textcnn.models.ngrams.ngrams import Ngrams
from textcnn.models.ngrams.subword_weights import SubwordWeights
from textcnn.text.vectors import TokenVectors

if TYPE_CHECKING:
    pass


Model = TextCNN | Ensemble | Ngrams | WithNgrams


def read_model(keys: Mapping[str, Any], small: Mapping[str, Any] = {}) -> NetworkConfig:
    """The configuration of a network, from plain values by key; `name` is among them.

    Args:
        small: other defaults; those that this model doesn't have are ignored.
    """
    schema = NETWORK_SCHEMAS[keys["name"]]
    known = {entry.name for entry in fields(schema)}
    return schema(**{key: value for key, value in small.items() if key in known} | dict(keys))


M = TypeVar("M", bound=ModelConfig)


def with_embedding_size(model: M, vectors: TokenVectors | None) -> M:
    """The keys of a model whose `embedding_dim` is the dimension of the vectors, if any.

    Raises:
        InputError: `embedding_dim` is neither a default nor that dimension.
    """
    if vectors is None or not isinstance(model, NetworkConfig):
        return model
    dim = vectors.values.shape[1]
    if model.embedding_dim not in (dim, type(model).embedding_dim, *model.preset_dims):
        raise InputError(
            f"model.embedding_dim={model.embedding_dim}, but text.vectors has {dim} dimensions; "
            "leave model.embedding_dim out"
        )
    return replace(model, embedding_dim=dim)


def build_network(
    model: NetworkConfig,
    *,
    max_length: int | None,
    vocabulary_size: int,
    num_classes: int,
    vectors: TokenVectors | None = None,
) -> TextCNN:
    """A network with random weights, and with these pretrained vectors.

    Args:
        max_length: tokens kept of a text (`text.max_length`).

    Raises:
        InputError: parts don't fit each other or the memory, or an installed encoder is missing.
    """
    network = build_model(
        vocabulary_size=vocabulary_size,
        num_classes=num_classes,
        **model.settings(max_length),
    )
    if vectors is not None:
        network.embedding.set_vectors(torch.from_numpy(vectors.values), vectors.sizes)
    return network


def build_stored_model(
    config: TrainConfig,
    *,
    vocabulary_size: int,
    num_classes: int,
    weights: Mapping[str, torch.Tensor],
) -> Model:
    """The model of a checkpoint, with random weights in the shape of the stored ones.

    Args:
        config: that it was trained with.

    Raises:
        ValueError: the stored weights are those of another model.
        InputError: as `build_network`.
    """
    sizes = {"vocabulary_size": vocabulary_size, "num_classes": num_classes}
    model = config.model
    if not isinstance(model, NetworkConfig):
        return build_stored_ngrams(config, weights, "", **sizes)
    if not model.ngrams:
        return build_stored_network(config, model, weights=weights, **sizes)
    prefix = "network."
    own = {
        name.removeprefix(prefix): each for name, each in weights.items() if name.startswith(prefix)
    }
    return WithNgrams(
        build_stored_network(config, model, weights=own, **sizes),
        build_stored_ngrams(config, weights, "ngrams.", **sizes),
    )


def build_stored_ngrams(
    config: TrainConfig, weights: Mapping[str, torch.Tensor], prefix: str, **sizes: int
) -> Ngrams:
    """
    Args:
        prefix: what the names of their weights begin with.

    Raises:
        ValueError: there are no keys, or forged ones.
    """
    keys, subword_keys = weights.get(f"{prefix}keys"), weights.get(f"{prefix}subwords.keys")
    longest = config.model.ngrams
    if keys is None or keys.ndim != 1:
        raise ValueError(f"model.ngrams={longest}, but there are no keys of n-grams")
    if not NgramIndex(keys, sizes["vocabulary_size"], longest).is_sound():
        raise ValueError("the keys of n-grams are not those of n-grams")
    subwords = None
    if config.weighs_subwords:
        number = count_subwords(subword_keys)
        subwords = SubwordWeights(torch.empty(number, dtype=torch.int64), **sizes)
    return Ngrams(
        torch.empty(len(keys), dtype=torch.int64),
        longest=longest,
        scaling=config.model.ngram_scaling,
        multi_label=config.data.multi_label,
        subwords=subwords,
        **sizes,
    )


def count_subwords(keys: torch.Tensor | None) -> int:
    """How many subwords a stored model knows.

    Raises:
        ValueError: there are no keys, or forged ones.
    """
    if keys is None or keys.ndim != 1 or keys.dtype != torch.int64:
        raise ValueError("the model uses subwords, but there are no keys of subwords")
    if bool((keys[:1] < 0).any()) or not bool((keys[1:] > keys[:-1]).all()):
        raise ValueError("the keys of subwords are not ascending")
    return len(keys)


def build_stored_network(
    config: TrainConfig,
    model: NetworkConfig,
    *,
    vocabulary_size: int,
    num_classes: int,
    weights: Mapping[str, torch.Tensor],
) -> TextCNN | Ensemble:
    """The network of a checkpoint, or its ensemble.

    Args:
        weights: the stored ones.

    Raises:
        ValueError: the weights are those of another number of members.
        InputError: as `build_network`.
    """
    members = config.training.stored_members
    if members != count_members(weights):
        raise ValueError(
            f"training.members={members}, but there are weights of {count_members(weights)}"
        )
    first = "members.0." if members > 1 else ""
    keys = weights.get(f"{first}embedding.subwords.keys")
    subwords = count_subwords(keys) if config.composes_vectors else None

    def build() -> TextCNN:
        network = build_network(
            model,
            max_length=config.text.max_length,
            vocabulary_size=vocabulary_size,
            num_classes=num_classes,
        )
        if subwords is not None:
            no_keys = torch.empty(subwords, dtype=torch.int64)
            network.embedding.subwords = SubwordTable(no_keys, model.embedding_dim)
        return network

    return build_members(build, members, multi_label=config.data.multi_label)
