"""Texts without labels, from files."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from textcnn.data.input_texts import FORMATS, parse_texts
from textcnn.data.sources.columns import check_columns
from textcnn.data.sources.files import ENDINGS, StringOrList, find_files
from textcnn.data.sources.lines import decode
from textcnn.errors import InputError


def read_unlabelled(key: str, given: StringOrList, columns: Sequence[str]) -> pa.Table:
    """A table of `text`; other columns of the files are ignored.

    Args:
        key: the configuration key that names the files, for messages.
        given: a path, a glob pattern or a list of them; each line of a .txt file is a text.
        columns: the text columns of other files, joined in order by a blank.

    Raises:
        InputError: a file can't be used; the message names it.
    """
    paths = find_files(key, given, (*ENDINGS, ".txt"))
    return pa.table({"text": pa.chunked_array([read_column(path, columns) for path in paths])})


def read_column(path: Path, columns: Sequence[str]) -> pa.Array:
    if path.suffix.lower() == ".parquet":
        texts = read_parquet(path, columns)
    else:
        format = FORMATS.get(path.suffix.lower())
        with path.open("rb") as file:
            name = str(path)
            texts = pa.array(parse_texts(decode(file, name), name, format, columns), pa.string())
    if len(texts) == 0:
        raise InputError(f"{path} holds no rows")
    return texts


def read_parquet(path: Path, columns: Sequence[str]) -> pa.Array:
    try:
        with pq.ParquetFile(path) as file:
            check_columns(path, file.schema_arrow.names, list(columns))
            table = file.read(columns=list(columns)).combine_chunks()
    except (pa.ArrowException, OSError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path} can't be read as Parquet: {reason}") from error
    for column in columns:
        kind, missing = table[column].type, table[column].null_count
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)) or missing:
            held = f"{missing} empty cells" if missing else str(kind)
            raise InputError(f"{path}: column {column!r} must hold strings, got {held}")
    parts = [table[column].cast(pa.string()).combine_chunks() for column in columns]
    joined: pa.Array = pc.binary_join_element_wise(*parts, " ")
    return joined
