"""Which characters the tokenizers treat alike, as ranges that JavaScript reads.

A browser has a Unicode version of its own, and lacks some properties. With these tables a page
makes the same tokens as Python, in every browser.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import groupby

import regex

from textcnn.text.normalization import accents, ignorable
from textcnn.text.word_boundaries import spacing

# Letters that stand for the classes of Unicode's Word_Break in tokenize.js.
WORD_BREAKS = {
    "r": r"\p{WB=CR}",
    "l": r"\p{WB=LF}",
    "n": r"\p{WB=Newline}",
    "x": r"\p{WB=Extend}\p{WB=Format}",
    "z": r"\p{WB=ZWJ}",
    "w": r"\p{WB=WSegSpace}",
    "p": r"\p{Extended_Pictographic}--\p{WB=ALetter}",
    "i": r"\p{Extended_Pictographic}&&\p{WB=ALetter}",
    "a": r"\p{WB=ALetter}--\p{Extended_Pictographic}",
    "h": r"\p{WB=Hebrew_Letter}",
    "0": r"\p{WB=Numeric}",
    "k": r"\p{WB=Katakana}",
    "_": r"\p{WB=ExtendNumLet}",
    "f": r"\p{WB=Regional_Indicator}",
    "s": r"\p{WB=Single_Quote}",
    "d": r"\p{WB=Double_Quote}",
    "b": r"\p{WB=MidNumLet}",
    "m": r"\p{WB=MidLetter}",
    "u": r"\p{WB=MidNum}",
}

Table = list[int]  # gap, length, gap, length, ...


def table_of(codes: Iterable[int]) -> Table:
    """
    Args:
        codes: code points, ascending.
    """
    table, end = [], 0
    for _, run in groupby(enumerate(codes), lambda pair: pair[1] - pair[0]):
        members = [code for _, code in run]
        table += [members[0] - end, len(members)]
        end = members[-1] + 1
    return table


def codes_of(expression: "regex.Pattern[str]") -> Iterator[int]:
    """The characters that an expression matches; it has no context."""
    for match in expression.finditer(every_character()):
        yield from range(*match.span())


@cache
def every_character() -> str:
    return "".join(map(chr, range(0x110000)))


def of_class(inside: str) -> Table:
    return table_of(codes_of(regex.compile(f"(?V1)[{inside}]+")))


@cache
def word_breaks() -> dict[str, Table]:
    """Of the letters of WORD_BREAKS."""
    return {letter: of_class(inside) for letter, inside in WORD_BREAKS.items()}


@cache
def flags() -> dict[str, Table]:
    """Flags are made of these letters, each with its marks."""
    return {
        "flags": of_class(r"\p{Regional_Indicator}"),
        "flag_marks": of_class(r"\p{M}\p{Cf}"),
    }


@cache
def signs() -> dict[str, Table]:
    """Characters around which `separated` writes blanks, by what it writes."""
    matches = (spacing().is_mark, spacing().is_in_run, spacing().is_alone)
    found: dict[str, Table] = {}
    taken: set[int] = set()
    for kind, match in zip(("marks", "runs", "alone"), matches, strict=True):
        codes = [code for code in codes_of(match.__self__) if code not in taken]
        taken.update(codes)
        found[kind] = table_of(codes)
    return found


@cache
def removable() -> dict[str, Table]:
    """Characters that normalization removes."""
    return {
        "ignorable": table_of(codes_of(ignorable())),
        "accents": table_of(codes_of(accents())),
    }


@cache
def combining() -> Table:
    """Characters that belong to the one before them."""
    return table_of(
        code for code, letter in enumerate(every_character()) if unicodedata.combining(letter)
    )
