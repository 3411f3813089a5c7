"""Blocks of answers as JSON Lines, JSON, CSV or TSV; `tables` makes Parquet.

Rows of text formats are whole lines, and compressed blocks are whole members, so what is written of
a file is readable at any time.
"""

import csv
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textcnn.data.input_texts import ROW
from textcnn.data.sources.formats import DELIMITERS, compress
from textcnn.inference.files.blocks import Block
from textcnn.inference.files.columns import (
    AnswerColumns,
    AnyAnswer,
    CarriedColumns,
    new_name,
)
from textcnn.system.atomic import without_nan
from textcnn.system.escapes import json_escaped

if TYPE_CHECKING:
    import pyarrow as pa

HALVES = re.compile("[\ud800-\udfff]")  # of surrogate pairs, which UTF-8 can't express
PLAIN = {str, int, float, type(None)}  # what a csv.writer writes as it should
Novelties = Sequence[tuple[float, bool | None] | None]


@dataclass(frozen=True)
class Encoding:
    """How the answers of a file are written."""

    format: str  # .jsonl, .json, .csv, .tsv or .parquet
    columns: AnswerColumns
    carried: CarriedColumns | None = None  # None: each row has columns of its own, as in JSON
    compression: str | None = None
    separator: str = ","  # between the labels of a set in a cell

    def header(self) -> bytes:
        """What a text file begins with, if it has no rows either."""
        if self.format not in DELIMITERS:
            return b""
        lines = Lines()
        csv.writer(lines, delimiter=DELIMITERS[self.format]).writerow(self.names())
        return compress(utf8("".join(lines)), self.compression)

    def footer(self, blocks: int) -> bytes:
        """What a text file ends with."""
        if self.format != ".json":
            return b""
        return compress(b"]\n" if blocks else b"[]\n", self.compression)

    def names(self) -> list[str]:
        assert self.carried is not None
        return [ROW, *self.carried.renamed, *self.columns.own]

    def encode(
        self, block: Block, answers: Sequence[AnyAnswer], novelties: Novelties
    ) -> "bytes | pa.Table":
        """
        Args:
            novelties: for each text, how much of it training never saw; None: not asked.
        """
        if self.format in DELIMITERS:
            made = self.delimited(self.rows(block, answers, novelties))
        elif self.format == ".parquet":
            from textcnn.inference.files.tables import table  # imports Arrow

            return table(self, self.rows(block, answers, novelties), block.numbers)
        else:
            made = self.json(block, answers, novelties)
        return compress(made, self.compression)

    def rows(
        self, block: Block, answers: Sequence[AnyAnswer], novelties: Novelties
    ) -> list[list[Any]]:
        assert self.carried is not None
        carried, own = self.carried, self.columns
        parts = zip(block.numbers, block.others, block, answers, novelties, strict=True)
        return [
            [number, *carried.cells(others, number), *own.cells(text, answer, novelty)]
            for number, others, text, answer, novelty in parts
        ]

    def delimited(self, rows: list[list[Any]]) -> bytes:
        lines = Lines()
        # with \r\n as its line end, the writer quotes cells that hold either of the two
        writer = csv.writer(lines, delimiter=DELIMITERS[self.format], lineterminator="\r\n")
        sets = [place for place, name in enumerate(self.names()) if name == "labels"]
        for row in rows:
            for place in sets if self.columns.sets else ():
                row[place] = self.separator.join(row[place])
            writer.writerow([cell if type(cell) in PLAIN else cell_text(cell) for cell in row])
        return utf8("".join(lines))

    def json(self, block: Block, answers: Sequence[AnyAnswer], novelties: Novelties) -> bytes:
        taken = self.columns.json_names
        parts = zip(block.numbers, block.others, block, answers, novelties, strict=True)
        lines = []
        for number, others, text, answer, novelty in parts:
            others = {
                new_name(name, others, taken) if name in taken else name: value
                for name, value in others.items()
            }
            lines.append(json_line(number, others, self.columns.json(text, answer, novelty)))
        if self.format == ".json":  # a comma at the start, so that each line is whole
            first = "[" if block.place == 0 else ","
            lines = [f"{',' if place else first}{line}" for place, line in enumerate(lines)]
        return json_escaped("".join(lines)).encode()


class Lines(list[str]):
    """Takes what a csv.writer writes, line by line, and ends lines with line feeds."""

    def write(self, line: str) -> None:
        self.append(line.removesuffix("\r\n") + "\n")


def json_line(number: int, others: dict[str, Any], answer: dict[str, Any]) -> str:
    try:
        return ENCODE({ROW: number, **others, **answer}) + "\n"
    except RecursionError:  # deeper than Python can follow
        others = dict.fromkeys(others)
    except ValueError:  # infinite numbers and nan
        others = without_nan(others)
    return ENCODE({ROW: number, **others, **answer}) + "\n"


def plain(value: Any) -> str:
    """A value that JSON has no word for, such as a date of Parquet."""
    return str(value.isoformat() if hasattr(value, "isoformat") else value)


ENCODE = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=plain).encode


def cell_text(value: Any) -> str:
    """A cell of CSV: strings as they are, truth values, lists and objects as in JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float | list | dict):
        try:
            return json.dumps(value, ensure_ascii=False, default=plain)
        except RecursionError:
            return ""
    return plain(value)


def valid(text: str) -> str:
    """The text with U+FFFD for halves of surrogate pairs, which only JSON can express."""
    return HALVES.sub("\ufffd", text) if not text.isascii() else text


def utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        return valid(text).encode()
