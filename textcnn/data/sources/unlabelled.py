"""Texts without labels, from files."""

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from textcnn.data.input_texts import read_texts
from textcnn.data.sources.arrow.files import explained, open_columns
from textcnn.data.sources.arrow.strings import Column, text_strings
from textcnn.data.sources.columns import Columns, check_columns
from textcnn.data.sources.files import StringOrList, find_files
from textcnn.data.sources.formats import TABLES, format_of
from textcnn.errors import InputError


def read_unlabelled(key: str, given: StringOrList, columns: Columns) -> pa.Table:
    """A table of `text`; other columns of the files are ignored.

    Args:
        key: the configuration key that names the files, for messages.
        given: a path, a glob pattern or a list of them; each line of a .txt file is a text.
        columns: whose texts are read, joined in order by a blank.

    Raises:
        InputError: a file can't be used; the message names it.
    """
    paths = find_files(key, given, folders=False)
    columns = replace(columns, weight=None)
    return pa.table({"text": pa.chunked_array([read_column(path, columns) for path in paths])})


def read_column(path: Path, columns: Columns) -> pa.Array:
    if format_of(path) in TABLES:
        texts = read_columns(path, columns)
    else:
        rows = read_texts(
            str(path), None, columns.text, encoding=columns.encoding, header=columns.header
        )
        texts = pa.array(rows, pa.string())
    if len(texts) == 0:
        raise InputError(f"{path} holds no rows")
    return texts


def read_columns(path: Path, columns: Columns) -> pa.Array:
    names, parts = list(columns.text), []
    with explained(path), open_columns(path, lambda _: names, None) as (known, _, blocks):
        check_columns(path, known, names)
        for table in blocks:
            cells = [
                text_strings(Column(table[name], str(path), name), columns.encoding)
                for name in names
            ]
            joined = [each.cast(pa.large_string()).combine_chunks() for each in cells]
            parts.append(pc.binary_join_element_wise(*joined, pa.scalar(" ", pa.large_string())))
    return pa.concat_arrays(parts).cast(pa.string())
