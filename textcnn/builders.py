"""From typed configuration to objects, for the recipes of the entry points.

Here configuration stops: everything that is built takes plain keyword arguments.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

import torch

from textcnn.config.data import DataConfig
from textcnn.config.model import NETWORK_SCHEMAS
from textcnn.config.model_keys import ModelConfig, NetworkConfig
from textcnn.config.programs import TrainConfig
from textcnn.config.synthetic import SyntheticConfig
from textcnn.config.text import ByteConfig, CharConfig, TextConfig, WordConfig
from textcnn.errors import InputError
from textcnn.models.build import build_model
from textcnn.models.classifier import TextCNN
from textcnn.models.ensemble import Ensemble, build_members, count_members
from textcnn.models.layers.subword_table import SubwordTable
from textcnn.models.ngrams.beside import WithNgrams
from textcnn.models.ngrams.index import NgramIndex
from textcnn.models.ngrams.ngrams import Ngrams
from textcnn.models.ngrams.subword_weights import SubwordWeights
from textcnn.text.encoder import TextEncoder
from textcnn.text.tokenizers import Tokenizer, build_tokenizer
from textcnn.text.vectors import TokenVectors, frequent_words, load_vectors
from textcnn.text.vocabulary import Vocabulary

if TYPE_CHECKING:
    from textcnn.data.prepare import PreparedData, PreparedTexts
    from textcnn.data.sources.memory import Rows
    from textcnn.data.sources.source import Source
    from textcnn.data.splits import Division


def read_data(keys: Mapping[str, Any]) -> DataConfig:
    """The configuration of the keys `data.*`, from plain values by name."""
    return SyntheticConfig(**keys) if keys.get("source") == "synthetic" else DataConfig(**keys)


def read_text(keys: Mapping[str, Any]) -> TextConfig:
    """The configuration of the keys `text.*`, `unit` among them, from plain values by name."""
    return {"word": WordConfig, "char": CharConfig, "byte": ByteConfig}[keys["unit"]](**keys)


def read_model(keys: Mapping[str, Any], small: Mapping[str, Any] = {}) -> NetworkConfig:
    """The configuration of a network, from plain values by key; `name` is among them.

    Args:
        small: other defaults; those that this model doesn't have are ignored.
    """
    schema = NETWORK_SCHEMAS[keys["name"]]
    known = {entry.name for entry in fields(schema)}
    return schema(**{key: value for key, value in small.items() if key in known} | dict(keys))


def build_source(
    data: DataConfig, seed: int, memory: "Mapping[str, Rows] | None" = None
) -> "Source":
    """Where the rows are; arguments as for `build_data`."""
    from textcnn.data.sources.source import Source

    if memory is not None:
        return Source("memory", multi_label=data.multi_label, memory=memory)
    return Source(**data.source_settings(), seed=seed)


def build_division(data: DataConfig, seed: int) -> "Division":
    """How the rows are divided into splits."""
    from textcnn.data.splits import Division

    return Division(**data.split_settings(), seed=seed)


def build_data(
    data: DataConfig,
    text: TextConfig,
    seed: int,
    *,
    memory: "Mapping[str, Rows] | None" = None,
    draw_test: bool = True,
    part: tuple[int, int] | None = None,
    subwords: bool = False,
    more_words: Sequence[str] | None = None,
    definition: str | None = None,
) -> "PreparedData":
    """Splits, text encoder and encoded texts, as the keys `data.*` and `text.*` say.

    Args:
        seed: draws splits and synthetic texts.
        memory: rows to use instead of `data.source`, by split: `train`, and if given `validation`
            and `test`.
        draw_test: False: leave the test split empty if it has no rows of its own.
        part: train without this part of the training rows, from 1 of so many, and test on it.
        subwords: see `TextEncoder`.
        more_words: of the vocabulary; None: the first words of the vectors.
        definition: of a tokenizer with a file, its content; None: read the file.

    Raises:
        InputError: rows or keys can't be used, a tokenizer's package is missing, or the vectors
            can't be found.
    """
    # Imported here: Arrow takes a while, and predictions need no rows.
    from textcnn.data.prepare import prepare_data

    tokenizer = tokenizer_of(text, definition)
    source = build_source(data, seed, memory)
    division = replace(build_division(data, seed), part=part)
    if not draw_test:
        division = replace(division, test_fraction=None)
    if more_words is None:
        more_words = words_of_vectors(text, tokenizer)
    return prepare_data(
        source,
        division,
        tokenizer,
        more_words=more_words,
        max_length=text.max_length,
        truncate=text.truncate,
        subwords=subwords,
        streaming=data.streaming,
        vocabulary_examples=text.vocabulary_examples,
        shuffle_buffer=data.shuffle_buffer,
        **text.vocabulary_settings(),
    )


def build_joined_data(data: "PreparedData", text: TextConfig) -> "PreparedData":
    """The same data with the validation rows among the training rows, and their vocabulary."""
    from textcnn.data.labelled import join
    from textcnn.data.prepare import prepare_texts

    splits = replace(data.splits, train=join(data.splits.train, data.splits.validation))
    texts = prepare_texts(
        splits,
        data.texts.encoder.tokenizer,
        max_length=text.max_length,
        truncate=text.truncate,
        subwords=data.texts.encoder.subwords,
        more_words=data.more_words,
        **text.vocabulary_settings(),
    )
    return replace(data, splits=splits, texts=texts)


def tokenizer_of(text: TextConfig, definition: str | None) -> Tokenizer:
    """Errors as `build_tokenizer`.

    Args:
        definition: of a tokenizer with a file, its content; None: read the file.
    """
    copied = {} if definition is None else {"definition": definition}
    return build_tokenizer(text.unit, **text.tokenizer_settings(), **copied)


def build_text_encoder(
    text: TextConfig, vocabulary: Vocabulary, subwords: bool, definition: str | None
) -> TextEncoder:
    """The encoder of a checkpoint.

    Args:
        subwords: see `TextEncoder`.
        definition: of a tokenizer with a file, its content.

    Raises:
        InputError: as `build_tokenizer`, or the definition is missing or superfluous.
    """
    if (definition is not None) != text.has_file:
        there = "lacks" if definition is None else "has"
        raise InputError(
            f"the checkpoint {there} a tokenizer.json, unlike its text.tokenizer; copy it again"
        )
    tokenizer = tokenizer_of(text, definition)
    return TextEncoder(tokenizer, vocabulary, text.max_length, text.truncate, subwords)


def words_of_vectors(text: TextConfig, tokenizer: Tokenizer) -> list[str]:
    """The first `text.vectors_words` words of the vectors, those that occur in tokenized texts.

    Raises:
        InputError: the vectors can't be found or read.
    """
    if not isinstance(text, WordConfig) or text.vectors is None:
        return []
    words = frequent_words(text.vectors, text.vectors_words)
    return [word for word in words if tokenizer(word) == [word]]


def load_token_vectors(text: TextConfig, texts: "PreparedTexts", seed: int) -> TokenVectors | None:
    """The pretrained vectors of a vocabulary; None without `text.vectors`.

    Raises:
        InputError: the vectors can't be found or read.
    """
    if not isinstance(text, WordConfig) or text.vectors is None:
        return None
    known = texts.encoder.vocabulary.known_tokens
    return load_vectors(text.vectors, known, seed, added=texts.added)


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


Model = TextCNN | Ensemble | Ngrams | WithNgrams


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
