"""From typed configuration to objects, for the recipes of the entry points.

Here configuration stops: everything that is built takes plain keyword arguments.
"""

from dataclasses import replace

import torch

from textcnn.config.model import ModelConfig
from textcnn.config.text import TextConfig, WordConfig
from textcnn.models.build import build_model
from textcnn.models.classifier import TextClassifier
from textcnn.text.encoder import TextEncoder
from textcnn.text.tokenizers import build_tokenizer
from textcnn.text.vectors import TokenVectors, load_vectors
from textcnn.text.vocabulary import Vocabulary


def build_text_encoder(text: TextConfig, vocabulary: Vocabulary) -> TextEncoder:
    """
    Raises:
        InputError: the tokenizer needs a package that is not installed.
    """
    tokenizer = build_tokenizer(text.unit, **text.tokenizer_settings())
    return TextEncoder(tokenizer, vocabulary, text.max_length, text.truncate)


def load_token_vectors(text: TextConfig, vocabulary: Vocabulary, seed: int) -> TokenVectors | None:
    """The pretrained vectors of a vocabulary; None without `text.vectors`.

    Raises:
        InputError: the vectors can't be found or read.
    """
    if not isinstance(text, WordConfig) or text.vectors is None:
        return None
    return load_vectors(text.vectors, vocabulary.tokens, seed)


def with_embedding_size(model: ModelConfig, vectors: TokenVectors | None) -> ModelConfig:
    """The keys of a model whose `embedding_dim` is the dimension of the vectors, if any."""
    return model if vectors is None else replace(model, embedding_dim=vectors.values.shape[1])


def build_network(
    model: ModelConfig,
    text: TextConfig,
    *,
    vocabulary_size: int,
    num_classes: int,
    vectors: TokenVectors | None = None,
) -> TextClassifier:
    """A network with random weights, and with these pretrained vectors.

    Raises:
        InputError: parts don't fit each other or the memory, or an installed encoder is missing.
    """
    network = build_model(
        vocabulary_size=vocabulary_size,
        num_classes=num_classes,
        **model.settings(text.max_length),
    )
    if vectors is not None:
        network.embedding.set_vectors(torch.from_numpy(vectors.values))
    return network
