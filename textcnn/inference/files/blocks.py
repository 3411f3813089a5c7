"""Blocks of rows: what is predicted, encoded and written at a time."""

from collections.abc import Iterable, Iterator
from typing import Any

from textcnn.data.input_texts import InputRow
from textcnn.system.chunks import MAX_TEXTS, chunks_of

PROBABILITIES = 2_000_000  # of a block, at most; each takes 100 bytes


class Block(list[str]):
    """The texts of some rows that follow each other, and what else these rows hold."""

    def __init__(self, rows: Iterable[InputRow], place: int):
        """
        Args:
            place: in the input, 0 for the first block.
        """
        rows = list(rows)
        super().__init__(row.text for row in rows)
        self.place = place
        self.numbers = [row.number for row in rows]
        self.others = [row.others for row in rows]


def blocks_of(rows: Iterable[InputRow], size: int | None, classes: int) -> Iterator[Block]:
    """
    Args:
        size: rows of a block; None: some thousands, fewer if texts are long or classes many.
        classes: for each of which a row has a probability.
    """
    most = max(1, min(MAX_TEXTS, PROBABILITIES // classes))
    limits = {} if most == MAX_TEXTS else {"max_texts": most}
    chunks = chunks_of(iter(rows), size, length=characters, **limits)
    for place, chunk in enumerate(chunks):
        yield Block(chunk, place)


def characters(row: InputRow) -> int:
    """The characters of a row with its other columns, about."""
    return len(row.text) + sum(map(cell_characters, row.others.values()))


def cell_characters(cell: Any) -> int:
    if isinstance(cell, str | bytes):
        return len(cell)
    return len(repr(cell)) if isinstance(cell, list | dict) else 1
