"""Words of every script, by the boundaries that Unicode defines.

Chinese, Japanese, Thai, Lao, Khmer and Burmese are written without spaces. Without a dictionary
their tokens are characters, and runs of katakana. A character includes the marks that it carries.
"""

import re
from collections.abc import Iterator
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
# Stand for: join with what is before; the start and the end of a run. Unicode promises that no
# text holds them.
MARK, START, END = "\ufdd0", "\ufdd1", "\ufdd2"
# Expressions of the package `regex` for characters, of which the first that matches counts: those
# that join with what is before, those of a run, and those that are words of their own.
# Complex context: Thai, Lao, Khmer, Burmese and their relatives.
JOINED = r"(?V1)[\p{Line_Break=Complex_Context}&&\p{M}]|\p{Emoji_Modifier}"
IN_RUN = r"[\p{Katakana}ー\p{Regional_Indicator}]"
SPACELESS = r"\p{Han}\p{Hiragana}\p{Line_Break=Complex_Context}"
ALONE = rf"[{SPACELESS}\p{{P}}\p{{Extended_Pictographic}}¡¿]"


def unicode_words(text: str) -> list[str]:
    """The segments of a text between word boundaries (UAX #29), without white space.

    Punctuation marks and emoji are words of their own; `don't` and `3.14` are one each.
    """
    if text.isascii():
        return ASCII_WORDS.findall(text)
    return [word for word in segments(text) if word and not word.isspace()]


def segments(text: str) -> Iterator[str]:
    """The parts of a text between word boundaries."""
    flag, many_flags = flags()
    for number, part in enumerate(many_flags.split(text)):
        yield from (flag.findall if number % 2 else boundaries().split)(part)


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
    text = text.translate(spacing())
    text = text.replace(f" {MARK}", "").replace(MARK, "").replace(END + START, "")
    return text.replace(START, " ").replace(END, " ")


def separator(normalization: Normalization) -> partial[str]:
    """`separated` as a function of the text."""
    return partial(separated, normalization)


# Compiled at the first text that is not ASCII: the import takes a while.
@cache
def boundaries() -> Any:
    import regex

    return regex.compile(r"(?V1)(?w)\b")


@cache
def flags() -> tuple[Any, Any]:
    """Expressions of a flag, two letters of its own kind, and of a run of many.

    The boundaries in a run of n such letters take a time of n².
    """
    import regex

    letter = r"\p{Regional_Indicator}[\p{M}\p{Cf}]*+"
    return regex.compile(f"(?:{letter}){{1,2}}"), regex.compile(f"((?:{letter}){{32,}})")


class Spacing(dict[int, str]):
    """What `str.translate` writes for a character: it is classified when it first occurs."""

    def __init__(self) -> None:
        import regex

        self.is_alone = regex.compile(ALONE).match
        self.is_mark = regex.compile(JOINED).match
        self.is_in_run = regex.compile(IN_RUN).match
        super().__init__({ord(each): " " for each in (MARK, START, END)})

    def __missing__(self, code: int) -> str:
        character = written = chr(code)
        if code < ord("¡") or (code < 256 and character not in "¡¿"):
            pass
        elif self.is_mark(character):
            written = f"{MARK}{character} "
        elif self.is_in_run(character):
            written = f"{START}{character}{END}"
        elif self.is_alone(character):
            written = f" {character} "
        self[code] = written
        return written


spacing = cache(Spacing)
