"""Words of many texts at once: what `basic_english_words` makes of each, a few passes over all.

A pass over the bytes of a thousand texts is as fast as a pass over one, and leaves other threads of
Python their turn.
"""

from collections.abc import Sequence

import numpy as np

END = b"\0"  # between texts
# White space as str.split knows it, beyond that of ASCII: up to the ideographic space.
SPACES = [chr(code) for code in range(128, 0x3001) if chr(code).isspace()]


def byte_table(changes: dict[bytes, int], start: bytes) -> bytes:
    table = bytearray(start)
    for characters, value in changes.items():
        for character in characters:
            table[character] = value
    return bytes(table)


# Colons and semicolons become white space; not a blank, which would make "<br;/>" a line break.
LOWER = byte_table({b";:": ord("\t")}, bytes(range(256)).lower())
WHITE, LETTER, ALONE = 0, 1, 2  # what a byte is: ALONE are those that are words by themselves
KINDS = byte_table(
    {b" \t\n\v\f\r\x1c\x1d\x1e\x1f": WHITE, b"'.,()!?" + END: ALONE}, bytes([LETTER]) * 256
)


def many_basic_english_words(
    texts: Sequence[str],
) -> tuple[list[str], np.ndarray, np.ndarray] | None:
    """The words of at least one text, as places in a table.

    Returns:
        table: words; one may be there several times.
        places: (all words,) int32, into the table.
        lengths: (texts,) int64, words of each text.
        None: a text holds a null character, or half of a surrogate pair.
    """
    import pyarrow as pa  # imported here: for a few texts it isn't worth while

    joined = "\0".join([text if text.isascii() else plain(text) for text in texts])
    try:
        raw = joined.encode()
    except UnicodeEncodeError:
        return None
    if raw.count(END) != len(texts) - 1:
        return None
    raw = raw.translate(LOWER).replace(b'"', b"").replace(b"<br />", b" ") + END
    kinds = np.frombuffer(b"\0" + raw.translate(KINDS), np.uint8)
    # of every word the first byte: ALONE, or a letter that follows no letter
    starts = np.flatnonzero(kinds[1:] > (kinds[:-1] & LETTER)).astype(np.int32)  # (words,)
    # a word reaches to the next, white space and all; what stands before the first is cut off
    offsets = np.append(starts, np.int32(len(raw)))
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(raw)]
    words = pa.Array.from_buffers(pa.string(), len(starts), buffers).dictionary_encode()
    # no word is empty or holds white space: so this only strips each, in one call for all
    table = " ".join(words.dictionary.to_pylist()).split()
    within = np.frombuffer(raw, np.uint8)[starts] != END[0]  # (words,)
    lengths = np.diff(np.flatnonzero(~within), prepend=-1) - 1  # (texts,)
    return table, words.indices.to_numpy()[within], lengths


def plain(text: str) -> str:
    """In lower case, as only Python knows it, and without white space beyond ASCII."""
    text = text.lower()
    for space in SPACES:
        if space in text:
            text = text.replace(space, " ")
    return text
