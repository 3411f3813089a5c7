"""Tokenizers, text encoders and vectors, from the keys `text.*`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from textcnn.config.text import ByteConfig, CharConfig, TextConfig, WordConfig
from textcnn.errors import InputError
from textcnn.text.encoder import TextEncoder
from textcnn.text.tokenizers import Tokenizer, build_tokenizer
from textcnn.text.vectors import TokenVectors, frequent_words, load_vectors
from textcnn.text.vocabulary import Vocabulary

if TYPE_CHECKING:
    from textcnn.data.prepare import PreparedTexts


def read_text(keys: Mapping[str, Any]) -> TextConfig:
    """The configuration of the keys `text.*`, `unit` among them, from plain values by name."""
    return {"word": WordConfig, "char": CharConfig, "byte": ByteConfig}[keys["unit"]](**keys)


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
    return load_vectors(text.vectors, known, seed, added=texts.added, std=text.vectors_std)
