"""Words of every script, by the boundaries that Unicode defines.

Chinese, Japanese, Thai, Lao, Khmer and Burmese are written without spaces. Without a dictionary
their tokens are characters, and runs of katakana. A character includes the marks that it carries.
"""

import re
from functools import cache, partial
from typing import Any

from textcnn.text.normalization import Normalization

# The words of ASCII by UAX #29: as in `boundaries`, in half the time.
ASCII_WORDS = re.compile(
    r"\w+(?:(?:(?<=[A-Za-z])[.:'](?=[A-Za-z])|(?<=[0-9])[.,;'](?=[0-9]))\w+)*|[^\s\w\x1c-\x1f]",
    re.ASCII,
)
# beyond Latin, Greek, Cyrillic and Hebrew letters and Latin-1 signs, which stay as they are
OTHERS = re.compile("[^\0-\xa0¢-¾À-ͽΈ-ԯא-ת]")


def unicode_words(text: str) -> list[str]:
    """The segments of a text between word boundaries (UAX #29), without white space.

    Punctuation marks and emoji are words of their own; `don't` and `3.14` are one each.
    """
    if text.isascii():
        return ASCII_WORDS.findall(text)
    return [word for word in boundaries().split(text) if word and not word.isspace()]


def separated(normalization: Normalization, text: str) -> str:
    """A text with blanks around what `basic_english` would leave attached to its neighbours.

    These are the characters of scripts without spaces, punctuation beyond ASCII, and emoji.
    English in ASCII stays as it is.
    """
    if text.isascii():
        return text
    text = normalization(text)
    if not OTHERS.search(text):
        return text
    return str(standing_alone().sub(r" \g<0> ", text))


def separator(normalization: Normalization) -> partial[str]:
    """`separated` as a function of the text."""
    return partial(separated, normalization)


# Compiled at the first text that is not ASCII: the import takes a while.
@cache
def boundaries() -> Any:
    import regex

    return regex.compile(r"(?V1)(?w)\b")


@cache
def standing_alone() -> Any:
    import regex

    return regex.compile(
        r"(?V1)\p{Katakana}[\p{Katakana}ー\p{M}]*"
        # complex context: Thai, Lao, Khmer, Burmese and their relatives
        r"|(?:[\p{Han}\p{Hiragana}\p{Line_Break=Complex_Context}]|[\p{P}--[\0-\xff]]|[¡¿])\p{M}*"
        r"|(?=[[\p{Extended_Pictographic}\p{Regional_Indicator}]--[\0-\xff]])\X"
    )
