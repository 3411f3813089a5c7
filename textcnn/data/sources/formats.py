"""Which files are read: their formats, by the ending of the name, and their compression."""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from textcnn.errors import InputError

DELIMITERS = {".csv": ",", ".tsv": "\t"}
JSON = (".jsonl", ".json")
FASTTEXT = ".txt"
TABLES = (".parquet", ".arrow", ".feather")  # of Arrow's columns
ENDINGS = (*DELIMITERS, *JSON, FASTTEXT, *TABLES)
COMPRESSED = (".gz", ".bz2", ".xz", ".zst")
DAMAGED = (OSError, EOFError, lzma.LZMAError, zlib.error)


def format_of(path: Path | str) -> str:
    """The ending that says the format: `.csv` of `rows.csv` and of `rows.csv.gz`."""
    path = Path(path)
    return (Path(path.stem) if compression_of(path) else path).suffix.lower()


def compression_of(path: Path) -> str | None:
    ending = path.suffix.lower()
    return ending if ending in COMPRESSED else None


@contextmanager
def open_bytes(path: Path) -> Iterator[IO[bytes]]:
    """A file, decompressed if its name says that it is compressed.

    Raises:
        InputError: it can't be opened, or is damaged.
    """
    try:
        with opened(path) as file:
            yield file
    except DAMAGED as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise InputError(f"{path} can't be read: {reason}") from error


def opened(path: Path) -> IO[bytes]:
    compression = compression_of(path)
    if compression == ".gz":
        return gzip.open(path)  # type: ignore[return-value]
    if compression == ".bz2":
        return bz2.open(path)
    if compression == ".xz":
        return lzma.open(path)
    if compression == ".zst":
        import pyarrow as pa  # Python's own reader comes with Python 3.14

        return io.BufferedReader(pa.CompressedInputStream(pa.OSFile(str(path)), "zstd"))
    return path.open("rb")
