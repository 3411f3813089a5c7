"""Texts in Parquet, Arrow and Feather files row by row, with columns that are carried along."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from textcnn.data.sources.arrow.files import explained, open_columns
from textcnn.data.sources.arrow.strings import Column, text_strings
from textcnn.data.sources.carried import column_cells
from textcnn.data.sources.csv_rows import check_names
from textcnn.errors import InputError

ROWS = 1000  # that are read at a time


def text_rows(
    path: Path,
    columns: Sequence[str],
    carried: Callable[[pa.Schema], list[str]],
    encoding: str | None = None,
) -> Iterator[tuple[str | InputError, dict[str, Any]]]:
    """The text of each row, or what is wrong with it, and its carried columns.

    Args:
        columns: of the text, joined in order by a blank.
        carried: chooses the columns to carry; it is called first.
        encoding: of bytes; None: UTF-8.

    Raises:
        InputError: the file can't be read, or two columns have the same name.
    """

    def wanted(schema: pa.Schema) -> list[str]:
        check_names(str(path), schema.names)
        names.extend(carried(schema))
        return list(dict.fromkeys([*columns, *names]))

    names: list[str] = []
    first_row = 1
    with explained(path), open_columns(path, wanted, ROWS) as (_, _, blocks):
        for block in blocks:
            texts = block_texts(block, columns, str(path), first_row, encoding)
            cells = [column_cells(block[name], None) for name in names]
            first_row += len(block)
            for place, text in enumerate(texts):
                yield text, {name: column[place] for name, column in zip(names, cells, strict=True)}


def block_texts(
    block: pa.Table, columns: Sequence[str], where: str, first_row: int, encoding: str | None
) -> list[str | InputError]:
    def joined(rows: pa.Table, first: int) -> list[str]:
        parts = [
            text_strings(Column(rows[name], where, name, first), encoding).to_pylist()
            for name in columns
        ]
        return parts[0] if len(parts) == 1 else list(map(" ".join, zip(*parts, strict=True)))

    try:
        return [*joined(block, first_row)]
    except InputError:
        pass
    found: list[str | InputError] = []
    for place in range(len(block)):  # which of the rows?
        try:
            found += joined(block.slice(place, 1), first_row + place)
        except InputError as error:
            found.append(error)
    return found
