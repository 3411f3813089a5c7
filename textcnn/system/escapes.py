"""Characters that a terminal would obey, made harmless. Imports are light."""

import re

# Control characters (C0 but tab and line feed, DEL, C1), line separators, marks that reverse or
# isolate the direction of text, and halves of characters.
UNSAFE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def escaped(text: str) -> str:
    """The text with escapes such as \\x1b for control characters.

    Labels, columns and file names come from anywhere. Line feeds and tabs stay.
    """
    return UNSAFE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def json_escaped(text: str) -> str:
    """The same JSON, with escapes for characters that a terminal would obey, and for halves of
    characters. JSON escapes line feeds and tabs itself.
    """
    return UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def in_one_line(text: str) -> str:
    """As `escaped`, with tabs and line feeds as two characters."""
    return escaped(text).replace("\n", "\\n").replace("\t", "\\t")
