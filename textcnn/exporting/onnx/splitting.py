"""How the default tokenizer splits texts, as plain expressions that other programs can apply."""

import re
from functools import cache
from typing import Any

from textcnn.text.normalization import AM, IGNORABLE, TYPED, ZERO_WIDTH_SPACE
from textcnn.text.tokenizers import BASIC_ENGLISH
from textcnn.text.word_boundaries import ALONE, END, IN_RUN, JOINED, MARK, START

# Settings of `build_tokenizer` with which the expressions hold.
DEFAULT: dict[str, tuple[Any, ...]] = {
    "unit": ("word",),
    "tokenizer": ("basic",),
    "normalize": (None, "NFKC"),
    "lowercase": (None, True, False),  # `basic` converts to lower case anyway
    "strip_accents": (False,),
    "strip_invisible": (None, True),
}


def splits_by_default(settings: dict[str, Any]) -> bool:
    """Whether a tokenizer of these settings splits as `expressions` say."""
    return all(value in DEFAULT.get(name, ()) for name, value in settings.items())


@cache
def expressions() -> list[list[list[str]]]:
    """What to replace by what in a text, in this order, before it is split at white space.

    Returns:
        Three lists of pairs, an expression of Python's `re` and the replacement: those before the
        text is brought into the form NFKC, those after it, and those in lower case.
    """
    joined, in_run, alone = character_classes()
    before = [
        [ZERO_WIDTH_SPACE, " "],
        [f"[{ranges(IGNORABLE)}]+", ""],
        *([chr(code), written] for code, written in TYPED.items()),
    ]
    after = [
        *map(list, AM),
        [f"[{MARK}{START}{END}]", " "],
        [f"([{joined}])", rf"{MARK}\1 "],
        [f"([{in_run}]+)", rf"{START}\1{END}"],
        [f"([{alone}])", r" \1 "],
        [f" ?{MARK}", ""],
        [f"{END}{START}", ""],
        [f"[{START}{END}]", " "],
    ]
    return [before, after, [[re.escape(string), written] for string, written in BASIC_ENGLISH]]


def character_classes() -> list[str]:
    """The characters beyond ASCII that `Spacing` separates: joined, in runs and alone."""
    classes, taken = [], "\0-\xa0¢-¾À-ÿ"
    for expression in (JOINED, IN_RUN, ALONE):
        found = ranges(expression, without=taken)
        classes.append(found)
        taken += found
    return classes


def ranges(expression: str, without: str = "") -> str:
    """The characters that match, as the inside of a character class of Python's `re`.

    Args:
        without: those that don't count, in the same form.
    """
    import regex

    every = "".join(map(chr, range(0x110000)))
    left = re.sub(f"[{without}]", "\0", every) if without else every
    matching = {match.start() for match in regex.finditer(expression, left)} - {0}
    parts = []
    for code in sorted(matching):
        if code - 1 not in matching:
            parts.append(f"\\U{code:08x}")
        if code + 1 not in matching and code - 1 in matching:
            parts.append(f"-\\U{code:08x}")
    return "".join(parts)
