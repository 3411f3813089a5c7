"""word2vec's binary format: a line `count dim`, then each word, a blank and its float32 numbers."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np

from textcnn.errors import InputError
from textcnn.text.vectors.finite import check_finite
from textcnn.text.vectors.text_file import is_number
from textcnn.text.vectors.token_vectors import MOST_DIMENSIONS

BLOCK = 1 << 24  # bytes read at once
LONGEST_WORD = 10_000  # bytes
SNIFFED = 1 << 16  # bytes


def is_word2vec(path: Path) -> bool:
    """Whether a file has word2vec's header and binary numbers after it."""
    with path.open("rb") as file:
        counts = header(file)
        if counts is None:
            return False
        start = file.read(SNIFFED)
    if any(byte < ord("\t") for byte in start):  # text holds none of these
        return True
    # very few numbers may hold none either
    return path.suffix == ".bin" and not all(map(is_number, start.partition(b"\n")[0].split()[1:]))


def header(file: BinaryIO) -> tuple[int, int] | None:
    """(words, dim) of the first line; None if it doesn't hold two whole numbers."""
    cells = file.readline(64).split()
    if len(cells) != 2 or not all(cell.isdigit() for cell in cells):
        return None
    return int(cells[0]), int(cells[1])


def read_word2vec(path: Path, rows: Mapping[str, int]) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (row, vector) of each token in the file, which is read block by block.

    Raises:
        InputError: the file is cut or its header is wrong, or a number is not finite.
    """
    with path.open("rb") as file:
        count, dim = read_counts(path, file)
        # bytes are compared, as most words of the file needn't be decoded
        wanted = {token.encode(): row for token, row in rows.items()}
        number = 0
        for word, numbers in records(path, file, count, 4 * dim):
            number += 1
            if word in wanted:
                vector = np.frombuffer(numbers, dtype="<f4").astype(np.float32)
                check_finite(path, word.decode(), vector)
                yield wanted[word], vector
    if number < count:
        raise InputError(
            f"{path} ends after {number:,} of the {count:,} vectors that its first line announces; "
            "copy the file again"
        )


def word2vec_words(path: Path) -> Iterator[str]:
    """The words of the file, in its order.

    Raises:
        InputError: as `read_word2vec`.
    """
    with path.open("rb") as file:
        count, dim = read_counts(path, file)
        for word, _ in records(path, file, count, 4 * dim):
            yield word.decode(errors="replace")


def read_counts(path: Path, file: BinaryIO) -> tuple[int, int]:
    """(words, dim) of the first line.

    Raises:
        InputError: the file can't have them.
    """
    counts = header(file)
    assert counts is not None
    count, dim = counts
    if not 0 < dim <= MOST_DIMENSIONS or not count:
        raise InputError(
            f"{path}: the first line announces {count:,} vectors of {dim:,} numbers; expected "
            f"at least one vector of 1 to {MOST_DIMENSIONS:,} numbers"
        )
    size = path.stat().st_size
    smallest = file.tell() + count * (2 + 4 * dim)  # words of one byte
    if size < smallest:
        raise InputError(
            f"{path}: its first line announces {count:,} vectors of {dim:,} numbers, which "
            f"need at least {smallest:,} bytes, got {size:,}; copy the file again"
        )
    return count, dim


def records(path: Path, file: BinaryIO, count: int, width: int) -> Iterator[tuple[bytes, bytes]]:
    """Each word and its numbers, at most `count`; fewer if the file ends before.

    Args:
        width: bytes of a vector.

    Raises:
        InputError: no blank ends a word, or bytes follow the last vector.
    """
    block, at = b"", 0
    for number in range(1, count + 1):
        end = block.find(b" ", at, at + LONGEST_WORD)
        while end < 0 or end + 1 + width > len(block):
            if end < 0 and len(block) - at >= LONGEST_WORD:
                raise InputError(
                    f"{path}: word {number:,} has no blank at its end, so the file is damaged or "
                    "its first line announces a wrong size; copy the file again"
                )
            more = file.read(BLOCK)
            if not more:
                return
            block, at = block[at:] + more, 0
            end = block.find(b" ", 0, LONGEST_WORD)
        # word2vec ends a vector with a newline, gensim doesn't
        yield block[at:end].lstrip(b"\n"), block[end + 1 : end + 1 + width]
        at = end + 1 + width
    if block[at:].strip(b"\n") or file.read(2).strip(b"\n"):
        raise InputError(
            f"{path} goes on after the {count:,} vectors that its first line announces; fix that "
            "line or copy the file again"
        )
