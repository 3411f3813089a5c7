"""The writing system of a text: a hint at its language that needs no model."""

import unicodedata
from collections import Counter
from functools import cache

CHARACTERS_READ = 200  # of a text
# Kanji alone are written in Chinese and in Japanese; so many without kana are Chinese.
MIN_CHINESE = 10
# words of Unicode's names that stand before the script
FORMS = {"FULLWIDTH", "HALFWIDTH", "MODIFIER", "MATHEMATICAL"}
KANA = ("Hiragana", "Katakana")
IDEOGRAPHS = {"CJK", "IDEOGRAPHIC"}


@cache
def script_of(character: str) -> str | None:
    """The script of a letter, from its name in Unicode; None for other characters."""
    if not character.isalpha():
        return None
    words = unicodedata.name(character, "").split()
    first = next((word for word in words if word not in FORMS), None)
    return "Chinese" if first in IDEOGRAPHS else first and first.capitalize()


def text_script(text: str) -> str | None:
    """The script of most letters; None if there are none, or few that Japanese has too.

    A text with kana is Japanese.
    """
    start = text[:CHARACTERS_READ]
    if start.isascii():
        return "Latin" if any(map(str.isalpha, start)) else None
    counts = Counter(map(script_of, start))
    del counts[None]
    kana = sum(counts.pop(name, 0) for name in KANA)
    if kana:
        counts["Japanese"] = kana + counts.pop("Chinese", 0)
    script, count = max(counts.items(), key=lambda item: item[1], default=(None, 0))
    return None if script == "Chinese" and count < MIN_CHINESE else script
