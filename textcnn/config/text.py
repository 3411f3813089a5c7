"""The keys of the texts: what a token is, and which ones are kept."""

from dataclasses import dataclass
from typing import Any

from textcnn.config.keys import key


@dataclass
class TextConfig:
    unit: str = key("word", "what a token is", choices=("word", "char", "byte"))
    max_length: int | None = key(500, "tokens kept of a text; null keeps all", at_least=1)
    truncate: str = key(
        "head",
        "which tokens of a longer text are kept: the first, the last, or half from each end",
        choices=("head", "tail", "both"),
    )
    vocabulary_examples: int = key(
        100_000,
        "texts at the start of a stream (data.streaming) that teach vocabulary and classes, and "
        "that validation and test are drawn from where none are given",
        at_least=10,
    )

    def tokenizer_settings(self) -> dict[str, Any]:
        return {}

    def vocabulary_settings(self) -> dict[str, Any]:
        return {}


@dataclass
class LearntTextConfig(TextConfig):
    """Units whose vocabulary is learnt from the training texts."""

    min_frequency: int = key(
        2, "a token rarer than this in the training texts is unknown", at_least=1
    )
    max_vocabulary: int | None = key(
        None,
        "most frequent tokens kept, padding and unknown not counted; null keeps all",
        at_least=1,
    )

    def vocabulary_settings(self) -> dict[str, Any]:
        return {"min_frequency": self.min_frequency, "max_vocabulary": self.max_vocabulary}


@dataclass
class WordConfig(LearntTextConfig):
    unit: str = key("word", "chosen by text=word", choices=("word",))
    tokenizer: str = key(
        "basic_english",
        "how words are split; spacy, moses, toktok, revtok and subword need packages of their own",
        choices=(
            "basic_english",
            "whitespace",
            "kim",
            "spacy",
            "moses",
            "toktok",
            "revtok",
            "subword",
        ),
    )
    vectors: str | None = key(
        None,
        "pretrained vectors: a GloVe or word2vec text file, glove (the extra), or torchtext's name",
    )

    def tokenizer_settings(self) -> dict[str, Any]:
        return {"tokenizer": self.tokenizer}


@dataclass
class CharConfig(LearntTextConfig):
    unit: str = key("char", "chosen by text=char", choices=("char",))
    max_length: int | None = key(1014, "characters kept of a text; null keeps all", at_least=1)
    alphabet: str = key(
        "zhang", "zhang (of Zhang 2015), learnt (from the training texts), or the characters"
    )
    lowercase: bool = key(True, "make texts lower case first")

    def tokenizer_settings(self) -> dict[str, Any]:
        return {"alphabet": self.alphabet, "lowercase": self.lowercase}


@dataclass
class ByteConfig(TextConfig):
    unit: str = key("byte", "chosen by text=byte", choices=("byte",))
    max_length: int | None = key(1014, "bytes kept of a text; null keeps all", at_least=1)
