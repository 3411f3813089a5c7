"""Tables that took time to make, kept on the disk for the next start."""

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
from huggingface_hub import constants

import textcnn
from textcnn.system.atomic import new_file

# Fewer bytes are worked through as fast as they are found again.
CACHED_BYTES = 2**20


def cached(make: Callable[[], pa.Table], *made_of: str) -> pa.Table:
    """What `make` makes, from the disk if it was made of the same before.

    The files lie in the cache of `datasets` (HF_DATASETS_CACHE), where they can be deleted at any
    time. They are mapped into memory, not read. Where nothing can be written nothing is kept.

    Args:
        made_of: names what `make` does and what with; the version of textcnn is added.
    """
    digest = hashlib.sha256("\0".join([textcnn.__version__, *made_of]).encode()).hexdigest()
    file = cache_directory() / f"{digest[:32]}.arrow"
    with suppress(OSError, pa.ArrowException):  # not there, or damaged
        return pa.ipc.open_file(pa.memory_map(str(file))).read_all()
    table = make()
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        with new_file(file) as temporary, pa.ipc.new_file(str(temporary), table.schema) as writer:
            writer.write_table(table)
    return table


def cache_directory() -> Path:
    """Beside what `datasets` keeps; asking it itself would take a second, for its import."""
    datasets = os.environ.get("HF_DATASETS_CACHE") or Path(constants.HF_HOME) / "datasets"
    return Path(datasets).expanduser() / "textcnn"
