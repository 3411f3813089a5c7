"""Fonts for names in every script, of those that are installed."""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

# Fonts of many scripts, by a part of their names: they are searched first.
LIKELY = (
    *("noto sans", "source han", "wenquanyi", "droid sans fallback", "unifont", "arial unicode"),
    *("hiragino", "pingfang", "yahei", "yu gothic", "malgun", "tahoma", "thonburi", "nirmala"),
)
# It draws a box for every character.
LAST_RESORT = "last resort"


class Drawable(NamedTuple):
    """Strings as a figure can show them."""

    strings: list[str]  # characters that no font has are escaped, such as \\u4e2d
    families: list[str]  # of fonts, for matplotlib
    note: str  # about escaped characters; empty without any


def drawable(strings: Sequence[str]) -> Drawable:
    """The fonts that have all characters of these strings, and what no installed font has."""
    first, others = installed()
    wanted = {c for string in strings for c in string if c.isprintable()}
    families, missing = [first.family], wanted - first.characters()
    for font in others:
        if not missing:
            break
        if missing & (there := font.characters()):
            families.append(font.family)
            missing -= there
    unknown = missing | {c for string in strings for c in string if not c.isprintable()}
    shown = ["".join(escape(c) if c in unknown else c for c in string) for string in strings]
    note = ""
    if missing:
        note = "no installed font has the escaped\ncharacters; install one, such as Noto Sans"
    return Drawable(shown, families, note)


def escape(character: str) -> str:
    """`\\n`, `\\u4e2d`, `\\U0001f600`"""
    return character.encode("unicode_escape", "surrogatepass").decode()


class Font(NamedTuple):
    family: str
    file: str

    def characters(self) -> frozenset[str]:
        return characters_of(self.file)


@cache
def characters_of(file: str) -> frozenset[str]:
    """The characters that a font file has glyphs for; none if it can't be read."""
    from matplotlib.font_manager import get_font

    try:
        return frozenset(map(chr, get_font(file).get_charmap()))
    except (OSError, RuntimeError, ValueError):
        return frozenset()


@cache
def installed() -> tuple[Font, list[Font]]:
    """Matplotlib's default font, and the others, the likely ones first; one of each family."""
    from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font

    file = findfont(FontProperties())
    default = Font(get_font(file).family_name, file)
    families: dict[str, Font] = {}
    for entry in fontManager.ttflist:
        if entry.style == "normal" and entry.weight in (400, "normal", "regular", "book"):
            families.setdefault(entry.name, Font(entry.name, entry.fname))

    def place(font: Font) -> int:
        name = font.family.lower()
        return next((n for n, part in enumerate(LIKELY) if part in name), len(LIKELY))

    others = [font for font in families.values() if LAST_RESORT not in font.family.lower()]
    return default, sorted(others, key=place)
