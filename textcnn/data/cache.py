"""Tables that are expensive to compute, kept on the disk for later runs."""

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
from huggingface_hub import constants

import textcnn
from textcnn.system.atomic import new_file

# Smaller results are as fast to compute as to find again.
CACHED_BYTES = 2**20


def cached(make: Callable[[], pa.Table], *made_of: str) -> pa.Table:
    """The table that `make` returns, from the disk if it was made of the same before.

    The files are in the cache of `datasets` (HF_DATASETS_CACHE) and can be deleted at any time.
    They are mapped into memory, not read. If the directory can't be written, nothing is kept.

    Args:
        made_of: identifies what `make` does and its input; the textcnn version is added.
    """
    digest = hashlib.sha256("\0".join([textcnn.__version__, *made_of]).encode()).hexdigest()
    file = cache_directory() / f"{digest[:32]}.arrow"
    with suppress(OSError, pa.ArrowException):  # missing or damaged
        return pa.ipc.open_file(pa.memory_map(str(file))).read_all()
    table = make()
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        with new_file(file) as temporary, pa.ipc.new_file(str(temporary), table.schema) as writer:
            writer.write_table(table)
    return table


def cache_directory() -> Path:
    """A folder beside the files of `datasets`, found without its import, which takes a second."""
    datasets = os.environ.get("HF_DATASETS_CACHE") or Path(constants.HF_HOME) / "datasets"
    return Path(datasets).expanduser() / "textcnn"
