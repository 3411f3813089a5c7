"""One function for many texts, on all cores."""

import os
import signal
import sys
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from textcnn.errors import InputError
from textcnn.system.cores import available_cores

T = TypeVar("T")

# A copied process begins at once, and need not import torch again. It has no threads of torch's and
# Arrow's, and must not use these libraries; the functions that it is given work on strings.
METHOD = "fork" if sys.platform == "linux" else None
CHUNK_BYTES = 2**21
# Below this a second process takes longer to begin than the first to do all.
PARALLEL_BYTES = 4 * CHUNK_BYTES


def map_texts(function: Callable[[list[str]], T], texts: pa.ChunkedArray) -> Iterator[T]:
    """`function` of every few thousand texts, in order.

    Args:
        function: takes a list of texts; pickled, and called in other processes, see METHOD.
    """
    cores = available_cores()
    chunks = text_chunks(texts)
    if texts.nbytes < PARALLEL_BYTES or cores == 1:
        yield from map(function, chunks)
        return
    pool = ProcessPoolExecutor(cores, get_context(METHOD), initializer=obey_parent)
    waiting: deque[Future[T]] = deque()
    try:
        for chunk in chunks:
            with warnings.catch_warnings():
                # Python 3.12 and newer warn of what the comment on METHOD says
                warnings.filterwarnings("ignore", "This process .* is multi-threaded")
                waiting.append(pool.submit(function, chunk))
            if len(waiting) > 2 * cores:  # no more than are needed to keep all busy
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise InputError(
            "a process that worked on the texts was killed, likely for lack of memory; set "
            "data.max_examples, or data.streaming=true"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def text_chunks(texts: pa.ChunkedArray) -> Iterator[list[str]]:
    """The texts, some megabytes at a time, but at least one."""
    bytes_before = np.cumsum(pc.binary_length(texts).to_numpy().astype(np.int64))
    start = 0
    while start < len(texts):
        limit = CHUNK_BYTES + (bytes_before[start - 1] if start else 0)
        end = max(int(np.searchsorted(bytes_before, limit)), start + 1)
        yield texts[start:end].to_pylist()
        start = end


def obey_parent() -> None:
    """In a worker: leave Ctrl-C to the parent, and end when it has ended, however it has."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, daemon=True).start()


def end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
