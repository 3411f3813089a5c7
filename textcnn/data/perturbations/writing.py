"""The same text in another way of writing: case, punctuation, white space, Unicode forms."""

import random
import re
import string
import unicodedata
from functools import cache
from typing import Any

WORD_JOINER = "\u2060"  # has no width; no writer types it
# ASCII without the blank, as East Asian keyboards write it
FULL_WIDTH = {code: code + 0xFEE0 for code in range(ord("!"), ord("~") + 1)}
APOSTROPHES = str.maketrans(dict.fromkeys("'\u2018\u2019\u02bc", ""))
BEGINNING = re.compile(r"\b(\w)(?=\w)")  # the first of several letters


def without_punctuation(text: str) -> str:
    """`don't` becomes `dont`; any other punctuation mark becomes a blank."""
    return str(punctuation().sub(" ", text.translate(APOSTROPHES)))


@cache
def punctuation() -> Any:
    import regex

    return regex.compile(r"\p{P}")


def wide_white_space(text: str) -> str:
    """Two blanks and a line feed wherever there is white space, also before and behind the text."""
    gap = "  \n"
    return gap + gap.join(text.split()) + gap


def composed(text: str) -> str:
    """NFC: an accented letter is one character."""
    return unicodedata.normalize("NFC", text)


def decomposed(text: str) -> str:
    """NFD: an accented letter is a letter and its accent."""
    return unicodedata.normalize("NFD", text)


def full_width(text: str) -> str:
    """Letters, digits and signs of ASCII in the width of a Chinese character."""
    return text.translate(FULL_WIDTH)


def with_invisible(text: str) -> str:
    """A character without width behind the first letter of each word of several letters."""
    return BEGINNING.sub(rf"\1{WORD_JOINER}", text)


def invented_word(word: str, draw: random.Random) -> str:
    """Random letters, as many as the word has, but at least four: no word of any language."""
    return "".join(draw.choices(string.ascii_lowercase, k=max(len(word), 4)))
