"""The words of many texts at once, equal to `basic_english_words` of each text.

A few passes over the bytes of all texts together replace a loop over texts. Most of the time runs
outside Python's global lock, so other threads can work meanwhile.
"""

from collections.abc import Sequence

import numpy as np

END = b"\0"  # between texts
# The white space of str.split beyond ASCII, up to the ideographic space.
SPACES = [chr(code) for code in range(128, 0x3001) if chr(code).isspace()]


def byte_table(changes: dict[bytes, int], start: bytes) -> bytes:
    table = bytearray(start)
    for characters, value in changes.items():
        for character in characters:
            table[character] = value
    return bytes(table)


# Colons and semicolons become tabs; a blank would turn "<br;/>" into the tag "<br />".
LOWER = byte_table({b";:": ord("\t")}, bytes(range(256)).lower())
WHITE, LETTER, ALONE = 0, 1, 2  # kinds of bytes; an ALONE byte is a word of its own
KINDS = byte_table(
    {b" \t\n\v\f\r\x1c\x1d\x1e\x1f": WHITE, b"'.,()!?" + END: ALONE}, bytes([LETTER]) * 256
)


def many_basic_english_words(
    texts: Sequence[str],
) -> tuple[list[str], np.ndarray, np.ndarray] | None:
    """The words of one or more texts, as indices into a table.

    Returns:
        None if a text holds a null character or half of a surrogate pair; otherwise
        table: words, possibly with repetitions;
        places: (all words,) int32, indices into the table;
        lengths: (texts,) int64, the number of words of each text.
    """
    import pyarrow as pa  # imported here: too slow to import for a few texts

    joined = "\0".join([text if text.isascii() else plain(text) for text in texts])
    try:
        raw = joined.encode()
    except UnicodeEncodeError:
        return None
    if raw.count(END) != len(texts) - 1:
        return None
    raw = raw.translate(LOWER).replace(b'"', b"").replace(b"<br />", b" ") + END
    kinds = np.frombuffer(b"\0" + raw.translate(KINDS), np.uint8)
    # the first byte of every word: ALONE, or a letter after a byte that is no letter
    starts = np.flatnonzero(kinds[1:] > (kinds[:-1] & LETTER)).astype(np.int32)  # (words,)
    # a word extends to the start of the next, white space included; bytes before the first drop out
    offsets = np.append(starts, np.int32(len(raw)))
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(raw)]
    words = pa.Array.from_buffers(pa.string(), len(starts), buffers).dictionary_encode()
    # words are not empty and have no inner white space, so this strips all of them in one call
    table = " ".join(words.dictionary.to_pylist()).split()
    within = np.frombuffer(raw, np.uint8)[starts] != END[0]  # (words,)
    lengths = np.diff(np.flatnonzero(~within), prepend=-1) - 1  # (texts,)
    return table, words.indices.to_numpy()[within], lengths


def plain(text: str) -> str:
    """In lower case by Unicode's rules, with ASCII blanks for other white space."""
    text = text.lower()
    for space in SPACES:
        if space in text:
            text = text.replace(space, " ")
    return text
