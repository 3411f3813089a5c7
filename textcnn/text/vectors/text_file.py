"""Vectors in the text format of GloVe, word2vec and fastText: a word and its numbers per line."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from textcnn.errors import InputError

LONGEST_LINE = 1 << 20  # bytes
BLOCK = 4096  # vectors parsed at once


def read_text_vectors(path: Path, rows: Mapping[str, int]) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (row, vector) of each token in the file; other lines are only checked for width.

    A first line of two whole numbers is word2vec's header: the number of vectors and their size.

    Raises:
        InputError: a line is damaged, or the lines are not those that the header announces.
    """
    # bytes are compared, as most words of the file needn't be decoded
    wanted = {token.encode(): row for token, row in rows.items()}
    dim = number = header = announced = 0
    found = False
    block: list[Line] = []
    with path.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE), b""), start=1):
            line = line.rstrip()
            if number == 1 and len(cells := line.split()) == 2 and all(map(bytes.isdigit, cells)):
                header, announced, dim = 1, int(cells[0]), int(cells[1])
                continue
            if line.count(b" ") != dim or not dim:
                cells = line.split(b" ")
                if header and number == 2:
                    check_size(path, cells, dim)
                if fault := row_fault(cells, dim):
                    raise InputError(f"{path}, line {number}: {fault}")
                dim = dim or len(cells) - 1
                word, numbers = b" ".join(cells[:-dim]), b" ".join(cells[-dim:])
            else:  # nearly all lines
                word, _, numbers = line.partition(b" ")
            if word in wanted:
                found = True
                block.append((number, word, numbers))
                if len(block) == BLOCK:
                    yield from parsed(path, block, dim, wanted)
                    block = []
    yield from parsed(path, block, dim, wanted)
    if number == 0:
        raise InputError(f"{path} is empty")
    if number - header < announced:
        raise InputError(
            f"{path} holds {number - header:,} of the {announced:,} vectors that its first line "
            "announces; copy the file again or fix that line"
        )
    if header and number - header > announced:
        raise InputError(
            f"{path} holds {number - header:,} vectors, but its first line announces "
            f"{announced:,}; fix that line or copy the file again"
        )
    if not found and not is_utf8(path):
        raise InputError(
            f"{path} has no vector for any training token, and words that are not UTF-8; convert "
            "it, for example with iconv -f latin1 -t utf8"
        )


def text_words(path: Path) -> Iterator[str]:
    """The words of the file, in its order, as far as its lines can be read.

    `read_text_vectors` reports what is wrong with a line.
    """
    dim = 0
    with path.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE), b""), start=1):
            cells = line.rstrip().split(b" ")
            if number == 1 and len(cells) == 2 and all(map(bytes.isdigit, cells)):
                dim = int(cells[1])
                continue
            if row_fault(cells, dim):
                return
            dim = dim or len(cells) - 1
            yield b" ".join(cells[:-dim]).decode(errors="replace")


Line = tuple[int, bytes, bytes]  # its number, word and numbers


def parsed(
    path: Path, lines: list[Line], dim: int, wanted: Mapping[bytes, int]
) -> Iterator[tuple[int, np.ndarray]]:
    """The row and vector (dim,) of each line.

    Raises:
        InputError: a number is not finite, or none.
    """
    if not lines:
        return
    joined = b" ".join(numbers for _, _, numbers in lines)
    values = parse_quickly(joined, dim * len(lines))
    if values is None:
        values = parse(joined.split(b" "))
    if values is None:
        for number, word, numbers in lines:
            for cell in numbers.split(b" "):
                if parse([cell]) is None:
                    raise InputError(
                        f"{path}, line {number}: the vector of {word.decode()!r} holds "
                        f"{show(cell)}, which is not a finite 32-bit number; fix it or delete the "
                        "line"
                    )
    assert values is not None
    for (_, word, _), vector in zip(lines, values.reshape(-1, dim), strict=True):
        yield wanted[word], vector


def check_size(path: Path, cells: list[bytes], dim: int) -> None:
    """
    Args:
        cells: of the first line after the header.
        dim: that the header announces.

    Raises:
        InputError: the line is sound, but has another number of numbers.
    """
    if not row_fault(cells, 0) and (dim == 0 or row_fault(cells, dim)):
        raise InputError(
            f"{path}: its first line announces vectors of {dim:,} numbers, but the next line has "
            f"{len(cells) - 1:,}; fix the first line or copy the file again"
        )


def is_utf8(path: Path) -> bool:
    with path.open("rb") as file:
        return all("\ufffd" not in line.decode("utf-8", "replace") for line in file)


def row_fault(cells: list[bytes], dim: int) -> str | None:
    """What is wrong with a line, which should hold a word and `dim` numbers; 0: any number."""
    count = len(cells) - 1
    if dim == 0:
        sound = count > 0 and is_number(cells[-1])
    else:
        more = cells[1:-dim]  # some words of GloVe 840B hold spaces
        sound = count >= dim and not (more and all(map(is_number, more)))
    if sound:
        return None
    if is_binary(cells):
        return (
            "looks binary, and is in no format of word2vec or fastText; text.vectors also takes "
            "UTF-8 text with a word and its numbers on each line"
        )
    if count == 0:
        return f"no numbers after the word {show(cells[0])}; fix or delete the line"
    if dim == 0:
        return f"{show(cells[-1])} is not a number; each line must hold a word and its numbers"
    return f"{count} numbers after the word, expected {dim}; fix or delete the line"


def is_binary(cells: list[bytes]) -> bool:
    """Whether a line is not text: it holds control characters, or its numbers are not UTF-8."""
    try:
        b" ".join(cells[1:]).decode()
    except UnicodeDecodeError:
        return True
    return any(byte < ord("\t") for cell in cells for byte in cell)


def parse(cells: list[bytes]) -> np.ndarray | None:
    """(numbers,) float32; None if one is not finite or not a number."""
    try:
        with np.errstate(over="ignore"):
            vector = np.array(cells, dtype=np.float32)
    except ValueError:
        return None
    return vector if np.isfinite(vector).all() else None


def parse_quickly(numbers: bytes, count: int) -> np.ndarray | None:
    """(count,) float32 as `parse` gives it, four times as fast; None if `parse` must decide.

    Args:
        numbers: with a blank between them.
    """
    import pyarrow as pa
    from pyarrow import csv

    if b"\r" in numbers:  # the end of a line for Arrow
        return None
    try:
        column = csv.read_csv(
            pa.py_buffer(numbers.replace(b" ", b"\n")),
            csv.ReadOptions(column_names=["number"], use_threads=False),
            csv.ParseOptions(delimiter=" ", quote_char=False, ignore_empty_lines=False),
            csv.ConvertOptions(column_types={"number": pa.float64()}),
        ).column(0)
    except pa.ArrowInvalid:
        return None
    with np.errstate(over="ignore"):
        values: np.ndarray = column.to_numpy().astype(np.float32)
    return values if len(values) == count and np.isfinite(values).all() else None


def show(cell: bytes) -> str:
    return repr(cell.decode("utf-8", "replace")[:40])


def is_number(cell: bytes) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
