"""Lines of text from bytes in any encoding, with the line in every error message."""

import codecs
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import NoReturn

from textcnn.errors import InputError

STANDARD_INPUT = "standard input"  # never read ahead: it may be a terminal
MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",  # begins with the mark of UTF-16
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# What Excel and other programs write in Europe and East Asia, by Python's names.
COMMON = ("cp1251", "cp932", "gb18030", "big5", "euc_kr", "cp1253", "cp1255", "cp1256", "koi8_r")
LATIN = "windows-1252"
SAMPLED_LINES = 200
FEW_BYTES = 4  # too few to tell one encoding from another
MANY_BYTES = 1 / 3  # of the letters beyond ASCII: no Latin script


def decode(
    lines: Iterable[bytes], name: str, encoding: str | None = None, *, lenient: bool = False
) -> Iterator[str]:
    """The lines of a file as strings, with their line ends, without a byte order mark.

    Args:
        name: of the file, for messages.
        encoding: None: UTF-8, or UTF-16 if the first line looks so. A byte order mark overrides it.
        lenient: keep NUL bytes, and bytes that can't be decoded as half surrogate pairs, by which
            `undecoded` knows them; not in UTF-16 and UTF-32, where no later line could be found.

    Raises:
        InputError: a line can't be decoded, or holds a NUL byte.
    """
    lines = iter(lines)
    first = next(lines, b"")
    encoding = marked_encoding(first) or unmarked(encoding, first)
    all_lines = chain([first], lines)
    if is_wide(encoding):
        decoded = wide_lines(all_lines, name, encoding)
    elif lenient:
        decoded = filter(None, (lenient_line(line, encoding) for line in all_lines))
    else:
        decoded = narrow_lines(all_lines, name, encoding)
    for line in decoded:  # the first
        yield line.removeprefix("\ufeff")
        break
    yield from decoded


def lenient_line(line: bytes, encoding: str) -> str:
    try:
        return line.decode(encoding, "surrogateescape")
    except UnicodeDecodeError:  # some multi-byte encodings
        return line.decode("ascii", "surrogateescape")


def undecoded(text: str) -> str | None:
    """What `decode(..., lenient=True)` let pass; None: nothing."""
    if "\0" in text:
        return "a NUL byte"
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            code = ord(text[error.start])
            return f"the byte 0x{code - 0xDC00:02x} can't be decoded; set data.encoding"
    return None


def refuse_nul(line: str, name: str, number: int, likely: str | None = None) -> NoReturn:
    """
    Args:
        likely: the encoding that the bytes look like, if they look like another.
    """
    fix = "remove it" if likely is None else f"it looks like data.encoding={likely}"
    raise InputError(f"{name}, line {number}: a NUL byte at column {line.index(chr(0)) + 1}; {fix}")


def narrow_lines(lines: Iterator[bytes], name: str, encoding: str) -> Iterator[str]:
    """Lines in an encoding whose line feed is the byte 0x0A."""
    for number, line in enumerate(lines, start=1):
        try:
            decoded = line.decode(encoding)
        except UnicodeDecodeError as error:
            skipped = 3 if number == 1 and line.startswith(codecs.BOM_UTF8) else 0
            where = (
                f"{name}, line {number}: not {encoding.upper()} (byte 0x{line[error.start]:02x} at "
                f"column {error.start + 1 - skipped})"
            )
            more = () if name == STANDARD_INPUT else islice(lines, SAMPLED_LINES)
            likely = likely_encoding(line + b"".join(more))
            if likely == encoding:
                raise InputError(f"{where}; set data.encoding to that of the file") from None
            raise InputError(f"{where}; it looks like data.encoding={likely}") from None
        if "\0" in decoded:
            more = () if name == STANDARD_INPUT else islice(lines, SAMPLED_LINES)
            refuse_nul(decoded, name, number, wide_encoding(line + b"".join(more), number))
        if decoded:
            yield decoded


def wide_lines(lines: Iterator[bytes], name: str, encoding: str) -> Iterator[str]:
    """Lines in UTF-16 or UTF-32, where the byte 0x0A is only a part of a line feed."""
    decoder = codecs.getincrementaldecoder(encoding)()
    left: deque[str] = deque()
    number = 1
    try:
        for chunk in chain(lines, [b""]):
            *whole, rest = decoder.decode(chunk, final=not chunk).split("\n")
            for each in whole:
                line = "".join([*left, each, "\n"])
                if "\0" in line:
                    refuse_nul(line, name, number)
                yield line
                left.clear()
                number += 1
            left.append(rest)
    except UnicodeError as error:
        reason = getattr(error, "reason", error)
        raise InputError(
            f"{name}, line {number}: not {encoding.upper()} ({reason}); set data.encoding to "
            "that of the file"
        ) from None
    if line := "".join(left):
        if "\0" in line:
            refuse_nul(line, name, number)
        yield line


def marked_encoding(line: bytes) -> str | None:
    """What a byte order mark says."""
    return next((encoding for mark, encoding in MARKS.items() if line.startswith(mark)), None)


def unmarked(encoding: str | None, line: bytes) -> str:
    """The encoding of a file without a mark: Python's utf-16 and utf-32 want one."""
    if encoding is None:
        return likely_unicode(line)
    name = codecs.lookup(encoding).name
    if name == "utf-16" and likely_unicode(line) == "utf-16-be":
        return "utf-16-be"
    return f"{name}-le" if name in ("utf-16", "utf-32") else encoding


def likely_unicode(line: bytes) -> str:
    """UTF-16 if every second byte of the first line is 0, as in English headers; else UTF-8."""
    pairs = len(line) // 2
    first, second = line[: 2 * pairs : 2], line[1 : 2 * pairs : 2]
    if pairs and first.count(0) == 0 and second.count(0) == pairs:
        return "utf-16-le"
    if pairs and first.count(0) == pairs and second.count(0) == 0:
        return "utf-16-be"
    return "utf-8"


def wide_encoding(sample: bytes, number: int) -> str | None:
    """UTF-16 if the NUL bytes say so: every other byte of most characters, and nowhere else.

    Args:
        sample: of a file, from the first line that holds a NUL byte.
        number: of this line.
    """
    if number > 1:
        if not sample.startswith(b"\0"):  # the second half of the line feed before
            return None
        sample = sample[1:]
    pairs = len(sample) // 2
    first, second = sample[: 2 * pairs : 2].count(0), sample[1 : 2 * pairs : 2].count(0)
    if pairs == 0 or min(first, second) > 0 or 2 * max(first, second) < pairs:
        return None
    return "utf-16-le" if second else "utf-16-be"


def is_wide(encoding: str) -> bool:
    return codecs.lookup(encoding).name.startswith(("utf-16", "utf-32"))


def likely_encoding(sample: bytes) -> str:
    """The likely encoding of bytes that are not UTF-8: a guess, for messages."""
    from charset_normalizer import from_bytes

    sample = sample.removeprefix(codecs.BOM_UTF8)
    beyond = sum(byte > 127 for byte in sample)
    letters = beyond + sum(byte < 128 and chr(byte).isalpha() for byte in sample)
    if beyond < FEW_BYTES or beyond < MANY_BYTES * letters:
        return LATIN
    best = from_bytes(sample, cp_isolation=list(COMMON)).best()
    if best is None:
        return LATIN
    return str(best.encoding).replace("cp125", "windows-125")
