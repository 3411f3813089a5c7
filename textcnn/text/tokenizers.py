"""Tokenizers: from a text to its tokens, and back as far as that goes.

Of textcnn only this module and `vectors` import torchtext.
"""

import difflib
import re
import unicodedata
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from io import StringIO
from typing import Any

from textcnn.errors import InputError

# Zhang, Zhao & LeCun 2015 name 70 characters, the hyphen twice; so these are 69.
ZHANG_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789-,;.!?:'\"/\\|_@#$%^&*~`+=<>()[]{}\n"
BYTES = "".join(map(chr, range(256)))

# What torchtext's `basic_english` replaces, in its order, before it splits at white space.
BASIC_ENGLISH = (
    ("'", " ' "),
    ('"', ""),
    (".", " . "),
    ("<br />", " "),
    (",", " , "),
    ("(", " ( "),
    (")", " ) "),
    ("!", " ! "),
    ("?", " ? "),
    (";", " "),
    (":", " "),
)
# The packages that each of torchtext's tokenizers asks for.
TORCHTEXT_NEEDS: dict[str, tuple[str, ...]] = {
    "spacy": ("spacy", "en_core_web_sm"),
    "moses": ("sacremoses",),
    "toktok": ("nltk",),
    "revtok": ("revtok",),
    "subword": ("revtok",),
}


@dataclass(frozen=True)
class Tokenizer:
    """Splits texts into tokens; a string stands for the sequence of its characters."""

    split: Callable[[str], Sequence[str]]
    join: Callable[[Sequence[str]], str]
    alphabet: str | None = None  # the tokens that there are; None: those of the training texts
    settings: tuple[tuple[str, Any], ...] = ()  # what it was built of

    def __call__(self, text: str) -> Sequence[str]:
        return self.split(text)

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process builds its own: models of other packages are large, or can't be sent."""
        return rebuild_tokenizer, self.settings

    @property
    def fingerprint(self) -> str:
        """What decides which tokens it makes."""
        needs = TORCHTEXT_NEEDS.get(dict(self.settings).get("tokenizer", ""), ())
        versions = [(name, version(name)) for name in ("torchtext", *needs)]
        # Unicode's tables say what is lower case, and what white space
        return repr([*self.settings, *versions, unicodedata.unidata_version])


def build_tokenizer(unit: str, **settings: Any) -> Tokenizer:
    """The tokenizer of a text unit, `word`, `char` or `byte`, with that unit's settings.

    Raises:
        InputError: an unknown name, a missing package, a repeated character.
    """
    units: dict[str, Callable[..., Tokenizer]] = {
        "word": word_tokenizer,
        "char": char_tokenizer,
        "byte": byte_tokenizer,
    }
    built = units[unit](**settings)
    return replace(built, settings=(("unit", unit), *sorted(settings.items())))


@cache
def rebuild_tokenizer(*settings: tuple[str, Any]) -> Tokenizer:
    return build_tokenizer(**dict(settings))


def word_tokenizer(tokenizer: str) -> Tokenizer:
    """Words.

    Args:
        tokenizer: `whitespace`; `kim`, the cleaning of Kim 2014; or a name that torchtext knows:
            `basic_english` (lower case, punctuation split off, quotation marks, colons, semicolons
            and `<br />` dropped), `spacy`, `moses`, `toktok`, `revtok`, `subword`.
    """
    own: dict[str, Callable[[str], list[str]]] = {
        "basic_english": basic_english_words,
        "whitespace": str.split,
        "kim": kim_words,
    }
    return Tokenizer(own.get(tokenizer) or torchtext_tokenizer(tokenizer), " ".join)


def torchtext_tokenizer(name: str) -> Callable[[str], list[str]]:
    from torchtext.data.utils import get_tokenizer

    # spaCy 3 has no model of the name "en"
    language = "en_core_web_sm" if name == "spacy" else "en"
    try:
        with redirect_stdout(StringIO()):  # where it says what our error says
            split: Callable[[str], list[str]] = get_tokenizer(name, language=language)
    except (ImportError, OSError, AttributeError) as error:
        needed = " and ".join(TORCHTEXT_NEEDS[name])
        raise InputError(
            f"text.tokenizer={name} needs {needed}, which is not installed; install it, or use "
            "text.tokenizer=basic_english"
        ) from error
    return split


def basic_english_words(text: str) -> list[str]:
    """The same words as torchtext's `basic_english`, which takes three times as long."""
    text = text.lower()
    for string, replacement in BASIC_ENGLISH:
        text = text.replace(string, replacement)
    return text.split()


def kim_words(text: str) -> list[str]:
    """The cleaning of Kim 2014: letters, digits and ( ) , ! ? ' ` alone, clitics split off."""
    text = re.sub(r"[^A-Za-z0-9(),!?'`]", " ", text)
    text = re.sub(r"('s|'ve|n't|'re|'d|'ll)", r" \1", text)
    text = re.sub(r"([,!?()])", r" \1 ", text)
    return text.lower().split()


def char_tokenizer(alphabet: str, lowercase: bool) -> Tokenizer:
    """Characters.

    Args:
        alphabet: `zhang`, that of Zhang, Zhao & LeCun 2015; `learnt`, the characters of the
            training texts; or the characters themselves, each once.
        lowercase: make a text lower case first, and the alphabet too.
    """
    if alphabet == "":
        raise InputError("text.alphabet is empty; give zhang, learnt or the characters")
    fold = str.lower if lowercase else str
    named = {"zhang": ZHANG_ALPHABET, "learnt": None}
    characters = named.get(alphabet, fold(alphabet))
    twice = [c for c in characters or "" if (characters or "").count(c) > 1]
    if twice:
        folded = "" if alphabet.count(twice[0]) > 1 else " in lower case (text.lowercase=true)"
        close = difflib.get_close_matches(alphabet, named, n=1)
        meant = f"; did you mean {close[0]}?" if close else ""
        raise InputError(
            f"text.alphabet holds {twice[0]!r} twice{folded}; give each character once{meant}"
        )
    return Tokenizer(fold, "".join, characters)


def byte_tokenizer() -> Tokenizer:
    """The bytes of UTF-8: any language, and nothing is unknown."""
    return Tokenizer(split_bytes, join_bytes, BYTES)


def split_bytes(text: str) -> str:
    """The bytes of a text, each as the character of its number."""
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


def join_bytes(tokens: Sequence[str]) -> str:
    """The text of bytes; what a cut left of a character at an end is replaced."""
    data = "".join(tokens).encode("latin-1")
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")
