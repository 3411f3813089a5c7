"""The keys of the text: what a token is, and which tokens are kept."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from textcnn.config.data import StringOrList
from textcnn.config.keys import chosen_by, key

ALWAYS_LOWER = ("basic", "english", "basic_english", "kim")  # tokenizers


def max_length(default: int, tokens: str) -> Any:
    return key(
        default,
        f"maximum length of a text in {tokens}; longer ones are cut; null: no limit",
        at_least=1,
    )


@dataclass
class TextConfig:
    unit: str = key("word", "what a token is", choices=("word", "char", "byte"))
    max_length: int | None = max_length(500, "tokens")
    truncate: str = key(
        "head",
        "which tokens to keep of a text that is too long: the first, the last, or half from each "
        "end",
        choices=("head", "tail", "both"),
    )
    vocabulary_examples: int = key(
        100_000,
        "with data.streaming, number of texts at the start of the stream that define the "
        "vocabulary and the classes; validation and test rows are held out from these too",
        at_least=10,
    )

    @property
    def has_file(self) -> bool:
        """Whether the tokenizer is a file, of which a checkpoint has a copy."""
        return False

    def tokenizer_settings(self) -> dict[str, Any]:
        return {}

    def vocabulary_settings(self) -> dict[str, Any]:
        return {}


@dataclass
class LearnedTextConfig(TextConfig):
    """Units whose vocabulary is learned from the training texts."""

    min_frequency: int = key(
        2,
        "minimum number of times a token must occur in the training texts; rarer ones are unknown",
        at_least=1,
    )
    max_vocabulary: int | None = key(
        None,
        "maximum size of the vocabulary, most frequent tokens first, not counting padding and "
        "unknown; null: no limit",
        at_least=1,
    )

    normalize: str | None = key(
        None,
        "Unicode normalization before texts are split: none, NFC or NFKC, which also unifies "
        "full-width and typographic signs; null: NFKC for the tokenizers of all languages (basic, "
        "unicode, icu, jieba, japanese, thai), none otherwise",
        choices=("none", "NFC", "NFKC"),
        optional=True,
    )
    strip_accents: bool = key(
        False,
        "remove accents and the vowel signs of Arabic and Hebrew: é becomes e",
    )
    strip_invisible: bool | None = key(
        None,
        "remove invisible characters, such as soft hyphens, joiners and marks of direction; a "
        "zero-width space becomes a blank; null: for the tokenizers of all languages",
    )

    def tokenizer_settings(self) -> dict[str, Any]:
        return {
            "normalize": self.normalize,
            "strip_accents": self.strip_accents,
            "strip_invisible": self.strip_invisible,
        }

    def vocabulary_settings(self) -> dict[str, Any]:
        return {"min_frequency": self.min_frequency, "max_vocabulary": self.max_vocabulary}


@dataclass
class WordConfig(LearnedTextConfig):
    unit: str = chosen_by("text", "word")
    tokenizer: str = key(
        "basic",
        "how to split words, or a tokenizer.json of the library tokenizers, which checkpoints "
        "copy; basic: as basic_english, and in scripts without spaces, such as "
        "Chinese and Thai, characters; english: as kim, the cleaning of Kim 2014, with clitics "
        "(it 's, do n't) as words, which vectors of English know, and beyond ASCII as basic; "
        "unicode: by Unicode's word boundaries; icu, jieba (Chinese), japanese and thai find words "
        "by dictionaries, from the extras of these names; spacy, moses, toktok, revtok and subword "
        "need additional packages, which an error names",
        choices=(
            "basic",
            "english",
            "unicode",
            "icu",
            "jieba",
            "japanese",
            "thai",
            "basic_english",
            "whitespace",
            "kim",
            "spacy",
            "moses",
            "toktok",
            "revtok",
            "subword",
        ),
        suffix=".json",
    )
    lowercase: bool | None = key(
        None,
        "convert texts to lower case; null: for unicode, icu, jieba, japanese and thai; basic, "
        "english, basic_english and kim always do",
    )
    vectors: StringOrList = key(
        None,
        "pretrained vectors: a file of GloVe, word2vec or fastText, text or binary; a directory of "
        "model2vec; glove or wordllama, from the extras of these names; a name that torchtext can "
        "download, or owner/name of a model2vec model on the Hub; or a list of these, for vectors "
        "side by side; null: none",
        strings=True,
        optional=True,
    )
    vectors_std: float | None = key(
        None,
        "with text.vectors, scale the numbers of each source to this standard deviation, such as "
        "0.15, which is near that of word2vec; null: leave them as they are",
        at_least=1e-6,
        at_most=1000.0,
    )
    vectors_words: int = key(
        50_000,
        "with text.vectors, how many of its first words, the most frequent ones, are known beside "
        "those of the training texts; several sources take turns; 0: none",
        at_least=0,
    )
    subwords: bool | None = key(
        None,
        "use the character n-grams of words, 3 to 6 characters long: they are weighed beside "
        "model.ngrams, and with text.vectors give words vectors that have none, unknown words too; "
        "null: where the model can",
    )

    @property
    def has_file(self) -> bool:
        return self.tokenizer.endswith(".json")

    def tokenizer_settings(self) -> dict[str, Any]:
        settings = {"tokenizer": self.tokenizer, "lowercase": self.lowercase}
        return super().tokenizer_settings() | settings

    def conflicts(self) -> Iterator[str]:
        if self.lowercase is False and self.tokenizer in ALWAYS_LOWER:
            yield (
                f"text.tokenizer={self.tokenizer} always converts to lower case, got "
                "text.lowercase=false; try text.tokenizer=unicode"
            )


@dataclass
class CharConfig(LearnedTextConfig):
    unit: str = chosen_by("text", "char")
    max_length: int | None = max_length(1014, "characters")
    alphabet: str = key(
        "learned",
        "the known characters: learned (those of the training texts), zhang (the 69 of Zhang "
        "2015, English only), or the characters themselves",
    )
    lowercase: bool = key(True, "convert texts to lower case")

    def tokenizer_settings(self) -> dict[str, Any]:
        settings = {"alphabet": self.alphabet, "lowercase": self.lowercase}
        return super().tokenizer_settings() | settings


@dataclass
class ByteConfig(TextConfig):
    unit: str = chosen_by("text", "byte")
    max_length: int | None = max_length(1014, "bytes")
