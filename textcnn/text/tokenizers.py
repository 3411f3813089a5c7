"""Tokenizers: from a text to its tokens, and back as far as possible.

Only this module and `vectors` import torchtext.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from functools import cache
from io import StringIO
from typing import Any

from textcnn.errors import InputError
from textcnn.text.dictionaries import DICTIONARIES, dictionary_tokenizer
from textcnn.text.normalization import Normalization
from textcnn.text.tokenizer_file import (
    FileSplitter,
    is_file,
    joiner,
    parse_definition,
    read_definition,
)
from textcnn.text.word_boundaries import separator, unicode_words

# Zhang, Zhao & LeCun 2015 list 70 characters, but the hyphen twice; these are the 69 distinct ones.
ZHANG_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789-,;.!?:'\"/\\|_@#$%^&*~`+=<>()[]{}\n"
BYTES = "".join(map(chr, range(256)))

SEPARATING = ("basic", "english")  # split scripts without spaces into characters
ALWAYS_LOWER = (*SEPARATING, "basic_english", "kim")
LOWER_BY_DEFAULT = ("unicode", *DICTIONARIES)
EVERY_LANGUAGE = (*SEPARATING, *LOWER_BY_DEFAULT)

# The replacements of torchtext's `basic_english`, in its order, before it splits at white space.
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
# What `english` replaces by blanks.
ENGLISH_BLANKS = re.compile(r"<br />|[^A-Za-z0-9(),!?'`\x80-\U0010ffff]", re.IGNORECASE)
# The packages that torchtext's tokenizers need.
TORCHTEXT_NEEDS: dict[str, tuple[str, ...]] = {
    "spacy": ("spacy", "en_core_web_sm"),
    "moses": ("sacremoses",),
    "toktok": ("nltk",),
    "revtok": ("revtok",),
    "subword": ("revtok",),
}


@dataclass(frozen=True)
class Tokenizer:
    """Splits texts into tokens; tokens that are characters come as one string."""

    split: Callable[[str], Sequence[str]]
    join: Callable[[Sequence[str]], str]
    alphabet: str | None = None  # all tokens; None: learned from the training texts
    settings: tuple[tuple[str, Any], ...] = ()  # the arguments of `build_tokenizer`
    prepare: Callable[[str], str] = str  # applied before `split`; `str` changes nothing
    unknown: str | None = None  # the token that stands for what the tokenizer doesn't know

    def __call__(self, text: str) -> Sequence[str]:
        return self.split(self.prepare(text))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the settings only: the models of other packages are large or can't be pickled."""
        return rebuild_tokenizer, self.settings

    @property
    def definition(self) -> str | None:
        """The content of its `tokenizer.json`; None if it needs none."""
        return dict(self.settings).get("definition")

    @property
    def fingerprint(self) -> str:
        """Everything that decides which tokens it makes: settings, package and Unicode versions."""
        from importlib.metadata import version  # imported here: it takes 20 ms

        name = dict(self.settings).get("tokenizer", "")
        needs = TORCHTEXT_NEEDS.get(name, ()) or DICTIONARIES.get(name, ())
        if self.definition is not None:
            needs = ("tokenizers",)
        versions = [(name, version(name)) for name in ("torchtext", "regex", *needs)]
        # Unicode's tables define lower case and white space
        return repr([*self.settings, *versions, unicodedata.unidata_version])


def build_tokenizer(unit: str, **settings: Any) -> Tokenizer:
    """Build the tokenizer of a unit.

    Args:
        unit: `word`, `char` or `byte`.
        settings: arguments of `word_tokenizer`, `char_tokenizer` or `byte_tokenizer`.

    Raises:
        InputError: a package or a file is missing, or an alphabet is empty or repeats a character.
    """
    units: dict[str, Callable[..., Tokenizer]] = {
        "word": word_tokenizer,
        "char": char_tokenizer,
        "byte": byte_tokenizer,
    }
    name = settings.get("tokenizer", "")
    if is_file(name) and settings.get("definition") is None:
        settings["definition"] = read_definition(name)
    built = units[unit](**settings)
    return replace(built, settings=(("unit", unit), *sorted(settings.items())))


@cache
def rebuild_tokenizer(*settings: tuple[str, Any]) -> Tokenizer:
    return build_tokenizer(**dict(settings))


def word_tokenizer(
    tokenizer: str,
    *,
    normalize: str | None = None,
    lowercase: bool | None = None,
    strip_accents: bool = False,
    strip_invisible: bool | None = None,
    definition: str | None = None,
) -> Tokenizer:
    """Tokens are words.

    Args:
        tokenizer: `basic`, `english`, `unicode`, one of `DICTIONARIES`; `basic_english` (lower
            case; punctuation becomes words; quotation marks, colons, semicolons and `<br />` are
            dropped); `whitespace`; `kim`, the cleaning of Kim 2014; or another tokenizer of
            torchtext: `spacy`, `moses`, `toktok`, `revtok`, `subword`; or the path of a
            `tokenizer.json`.
        normalize: `none`, `NFC` or `NFKC`; None: NFKC for tokenizers of all languages.
        lowercase: None: for tokenizers of all languages. `basic`, `english`, `basic_english` and
            `kim` convert to lower case themselves.
        strip_accents: see `without_accents`.
        strip_invisible: see `visible`; None: for tokenizers of all languages.
        definition: the content of the `tokenizer.json`.
    """
    every_language = tokenizer in EVERY_LANGUAGE
    normalization = Normalization(
        normalize or ("NFKC" if every_language else "none"),
        tokenizer not in SEPARATING and (every_language if lowercase is None else lowercase),
        strip_accents,
        every_language if strip_invisible is None else strip_invisible,
    )
    own: dict[str, Callable[[str], list[str]]] = {
        "basic": basic_english_words,
        "english": english_words,
        "basic_english": basic_english_words,
        "whitespace": str.split,
        "kim": kim_words,
        "unicode": unicode_words,
    }
    if tokenizer in SEPARATING:
        return Tokenizer(own[tokenizer], " ".join, prepare=separator(normalization))
    changes = normalization if normalization != Normalization() else str
    if definition is not None:
        parsed = parse_definition(tokenizer, definition)
        unknown = getattr(parsed.model, "unk_token", None)
        return Tokenizer(
            FileSplitter(tokenizer, parsed), joiner(parsed), prepare=changes, unknown=unknown
        )
    split = own.get(tokenizer)
    if split is None and tokenizer in DICTIONARIES:
        split = dictionary_tokenizer(tokenizer)
    return Tokenizer(split or torchtext_tokenizer(tokenizer), " ".join, prepare=changes)


def torchtext_tokenizer(name: str) -> Callable[[str], list[str]]:
    """
    Raises:
        InputError: torchtext has no such tokenizer, or its package is not installed.
    """
    if name not in TORCHTEXT_NEEDS:
        raise InputError(
            f"text.tokenizer={name:.60} is not known; try basic, or the path of a tokenizer.json"
        )
    from torchtext.data.utils import get_tokenizer

    # spaCy 3 has no model named "en"
    language = "en_core_web_sm" if name == "spacy" else "en"
    try:
        with redirect_stdout(StringIO()):  # it prints the same as our error
            split: Callable[[str], list[str]] = get_tokenizer(name, language=language)
    except (ImportError, OSError, AttributeError) as error:
        needed = " and ".join(TORCHTEXT_NEEDS[name])
        raise InputError(
            f"text.tokenizer={name} needs {needed}, which is not installed; install it or use "
            "text.tokenizer=basic"
        ) from error
    return split


def basic_english_words(text: str) -> list[str]:
    """The words of torchtext's `basic_english`, in a third of its time."""
    text = text.lower()
    for string, replacement in BASIC_ENGLISH:
        text = text.replace(string, replacement)
    return text.split()


def kim_words(text: str) -> list[str]:
    """The cleaning of Kim 2014: keep letters, digits and ( ) , ! ? ' `; split off clitics."""
    text = re.sub(r"[^A-Za-z0-9(),!?'`]", " ", text)
    text = re.sub(r"('s|'ve|n't|'re|'d|'ll)", r" \1", text)
    text = re.sub(r"([,!?()])", r" \1 ", text)
    return text.lower().split()


def english_words(text: str) -> list[str]:
    """The words of `kim_words`, but with `i 'm`, and every character beyond ASCII is kept.

    The vectors of GloVe know clitics as words: `it 's`, `do n't`.
    """
    text = ENGLISH_BLANKS.sub(" ", text.lower())
    text = re.sub(r"((?:'(?:s|m|d|ve|re|ll)|n't)(?!\w))", r" \1", text)
    text = re.sub(r"([,!?()])", r" \1 ", text)
    return text.split()


def char_tokenizer(
    alphabet: str,
    lowercase: bool,
    *,
    normalize: str | None = None,
    strip_accents: bool = False,
    strip_invisible: bool | None = None,
) -> Tokenizer:
    """Tokens are characters.

    Args:
        alphabet: `zhang` (Zhang, Zhao & LeCun 2015), `learned` (the characters of the training
            texts), or the characters themselves, each once.
        lowercase: convert texts, and an alphabet given as characters, to lower case.
        normalize, strip_accents, strip_invisible: as for words; None: no change.
    """
    if alphabet == "":
        raise InputError(
            "text.alphabet is empty; set it to zhang, learned or the characters themselves"
        )
    convert = str.lower if lowercase else str
    named = {"zhang": ZHANG_ALPHABET, "learned": None}
    import difflib  # imported here: `textcnn.runtime` starts in no time

    close = difflib.get_close_matches(alphabet, named, n=1)
    if close and alphabet not in named:
        raise InputError(f"text.alphabet={alphabet}: did you mean {close[0]}?")
    characters = named.get(alphabet, convert(alphabet))
    twice = [c for c in characters or "" if (characters or "").count(c) > 1]
    if twice:
        where = "" if alphabet.count(twice[0]) > 1 else " in lower case (text.lowercase=true)"
        raise InputError(f"text.alphabet holds {twice[0]!r} twice{where}; give each character once")
    changes = Normalization(
        normalize or "none", strip_accents=strip_accents, strip_invisible=bool(strip_invisible)
    )
    prepare = changes if changes != Normalization() else str
    return Tokenizer(convert, "".join, characters, prepare=prepare)


def byte_tokenizer() -> Tokenizer:
    """Tokens are the bytes of UTF-8: any language, no unknown tokens."""
    return Tokenizer(split_bytes, join_bytes, BYTES)


def split_bytes(text: str) -> str:
    """The bytes of a text, each as the character with that code."""
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


def join_bytes(tokens: Sequence[str]) -> str:
    """The text of bytes; characters that truncation cut apart become U+FFFD."""
    data = "".join(tokens).encode("latin-1")
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")
