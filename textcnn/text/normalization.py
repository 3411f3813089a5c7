"""One way of writing a text: Unicode normalization, case, accents, invisible characters."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Any

# NFKC splits the vowel AM of Thai and Lao in two, which no dictionary knows.
AM = (("\u0e4d\u0e32", "\u0e33"), ("\u0ecd\u0eb2", "\u0eb3"))
IGNORABLE = r"\p{Default_Ignorable_Code_Point}"  # for the package `regex`
ZERO_WIDTH_SPACE = "\u200b"
# Typographic signs, and how they are typed.
TYPED = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201a\u201b\u00b4\u02bc\u2032", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\u2039\u203a\u2033", '"')
    | dict.fromkeys("\u2010\u2011", "-")  # hyphens
)
TYPOGRAPHIC = re.compile(f"[{''.join(map(chr, TYPED))}]")


@dataclass(frozen=True)
class Normalization:
    """Changes a text before it is split."""

    form: str = "none"  # none, NFC or NFKC; NFKC also writes typographic signs as they are typed
    lowercase: bool = False
    strip_accents: bool = False
    strip_invisible: bool = False

    def __call__(self, text: str) -> str:
        if text.isascii():  # nothing else changes ASCII
            return text.lower() if self.lowercase else text
        if self.strip_invisible:
            text = visible(text)
        text = self.in_form(text)
        if self.lowercase:
            text = self.in_form(text.lower())
        return without_accents(text) if self.strip_accents else text

    def in_form(self, text: str) -> str:
        if self.form == "NFC":
            return unicodedata.normalize("NFC", text)
        if self.form == "NFKC":
            if TYPOGRAPHIC.search(text):
                text = text.translate(TYPED)
            text = unicodedata.normalize("NFKC", text)
            for apart, together in AM:
                text = text.replace(apart, together)
        return text


def visible(text: str) -> str:
    """Without the characters that Unicode says to ignore, such as soft hyphens and joiners.

    The zero-width space becomes a blank: it marks the end of a word in Thai, Khmer and others.
    """
    text = text.replace(ZERO_WIDTH_SPACE, " ")
    return str(ignorable().sub("", text))


def without_accents(text: str) -> str:
    """`e` for `é`, `й` without its breve, Arabic and Hebrew without the signs of vowels.

    The vowels of Thai and of Indian scripts, and the voicing marks of kana, are no accents.
    """
    return unicodedata.normalize("NFC", accents().sub("", unicodedata.normalize("NFD", text)))


# Compiled at the first text that is not ASCII: the import takes a while.
@cache
def ignorable() -> Any:
    import regex

    return regex.compile(f"{IGNORABLE}+")


@cache
def accents() -> Any:
    import regex

    # "inherited": the marks that any script may use
    return regex.compile(r"(?V1)[\p{Mn}&&[\p{Script=Inherited}\p{Hebrew}]--[\u3099\u309a]]+")
