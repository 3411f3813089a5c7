"""Which files are read and written: formats, by the ending of the name, and compression."""

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
from textcnn.system.output import is_device
from textcnn.system.paths import expanded

DELIMITERS = {".csv": ",", ".tsv": "\t"}
JSON = (".jsonl", ".json")
FASTTEXT = ".txt"
PARQUET = ".parquet"
TABLES = (PARQUET, ".arrow", ".feather")  # of Arrow's columns
ENDINGS = (*DELIMITERS, *JSON, FASTTEXT, *TABLES)
WRITTEN = (*JSON, *DELIMITERS, PARQUET)  # by predict
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


def compress(block: bytes, compression: str | None) -> bytes:
    """A block as a whole gzip member, or what the other formats call it.

    Such blocks may follow each other, so a file is readable up to the last block that was written.
    """
    if compression == ".gz":
        return gzip.compress(block, compresslevel=6, mtime=0)  # 6 is that of the program gzip
    if compression == ".bz2":
        return bz2.compress(block)
    if compression == ".xz":
        return lzma.compress(block)
    if compression == ".zst":
        import pyarrow as pa

        framed: bytes = pa.Codec("zstd").compress(block, asbytes=True)
        return framed
    return block


def format_to_write(output: str, given: str | None) -> tuple[str, str | None]:
    """The format of a file, as an ending, and its compression.

    Args:
        output: the file; "-" is standard output.
        given: the format without the dot; None: by the ending, and JSON Lines if there is none.

    Raises:
        InputError: another ending, or Parquet for a stream.
    """
    path, stream = Path(output), output == "-" or is_device(expanded(output))
    compression = None if stream else compression_of(path)
    ending = "" if stream else format_of(path)
    if given is None and ending and ending not in WRITTEN:
        raise InputError(
            f"output={output}: textcnn writes {', '.join(WRITTEN)}, also with "
            f"{', '.join(COMPRESSED)}; got {ending!r}; rename it, or add output_format=jsonl"
        )
    format = f".{given}" if given is not None else ending or ".jsonl"
    if format == PARQUET and stream:
        raise InputError(f"output={output}: Parquet needs a file; try output=labels.parquet")
    if format == PARQUET and compression is not None:
        raise InputError(
            f"output={output}: Parquet is compressed within; leave out {compression!r}"
        )
    return format, compression
