"""Tables that are expensive to compute, kept on the disk for later runs."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
from huggingface_hub import constants

import textcnn
from textcnn.system.atomic import new_file
from textcnn.system.paths import expanded

# Smaller results are as fast to compute as to find again.
CACHED_BYTES = 2**20
LARGEST_CACHE = 20 * 2**30  # bytes; beyond it the tables that were not used for longest are deleted


def cached(make: Callable[[], pa.Table], *made_of: str) -> pa.Table:
    """`cached_blocks` for a table that is made in one piece."""
    return cached_blocks(lambda: iter([make()]), *made_of)


def cached_blocks(make: Callable[[], Iterator[pa.Table]], *made_of: str) -> pa.Table:
    """The table whose blocks `make` yields, from the disk if it was made of the same before.

    The files are in the cache of `datasets` (HF_DATASETS_CACHE) and can be deleted at any time.
    They are mapped into memory, not read. If the directory can't be written, nothing is kept.

    Args:
        make: yields one table at least; is called again if the disk is full.
        made_of: identifies what `make` does and its input; the textcnn version is added.
    """
    digest = hashlib.sha256("\0".join([textcnn.__version__, *made_of]).encode()).hexdigest()
    file = cache_directory() / f"{digest[:32]}.arrow"
    with suppress(OSError, pa.ArrowException):  # missing or damaged
        table = read(file)
        os.utime(file)  # for `evict`
        return table
    blocks = make()
    first = next(blocks)
    taken = False  # more blocks than the first
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with new_file(file) as temporary, pa.ipc.new_file(str(temporary), first.schema) as writer:
            writer.write_table(first)
            taken = True
            for block in blocks:
                writer.write_table(block)
        evict(file, LARGEST_CACHE)
        return read(file)
    except (OSError, pa.ArrowException):
        return pa.concat_tables(make() if taken else [first, *blocks])


def read(file: Path) -> pa.Table:
    return pa.ipc.open_file(pa.memory_map(str(file))).read_all()


def evict(newest: Path, largest: int) -> None:
    """Delete the tables that were not used for longest until `largest` bytes are left.

    Args:
        newest: stays; tables that a process has mapped stay readable for it.
    """
    entries = []
    for file in newest.parent.glob("*.arrow"):
        with suppress(OSError):  # another process deleted it
            stat = file.stat()
            entries.append((stat.st_mtime_ns, stat.st_size, file))
    total = sum(size for _, size, _ in entries)
    for _, size, file in sorted(entries):
        if total <= largest:
            return
        if file != newest:
            with suppress(OSError):
                file.unlink()
            total -= size


def content_digest(path: Path) -> str:
    """SHA-256 of a file: copying it, or restoring its times, changes nothing."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cache_directory() -> Path:
    """A folder beside the files of `datasets`, found without its import, which takes a second."""
    datasets = os.environ.get("HF_DATASETS_CACHE") or Path(constants.HF_HOME) / "datasets"
    return expanded(datasets) / "textcnn"
