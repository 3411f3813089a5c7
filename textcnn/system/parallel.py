"""Apply one function to many texts, in processes on all cores."""

import os
import signal
import sys
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from textcnn.errors import InputError
from textcnn.system.cores import available_cores

S = TypeVar("S")
T = TypeVar("T")

# A forked process starts at once and need not import torch again. It lacks the threads of torch, so
# it may use torch with one thread only, as `textcnn.system.chunks` sets it.
METHOD = "fork" if sys.platform == "linux" else None
CHUNK_BYTES = 2**21
# Below this size one process is done before a second one has started.
PARALLEL_BYTES = 4 * CHUNK_BYTES


def map_texts(
    function: Callable[[list[str]], T],
    texts: pa.ChunkedArray,
    *,
    cores: int | None = None,
    chunk_bytes: int = CHUNK_BYTES,
    parallel_bytes: int = PARALLEL_BYTES,
) -> Iterator[T]:
    """`function` of chunks of some thousand texts, in order.

    Args:
        function: takes a list of texts; is pickled and runs in other processes, see METHOD.
        texts: of pa.string().
        cores: number of processes; None: all available cores.
        chunk_bytes: see `text_chunks`.
        parallel_bytes: fewer bytes than this stay in the calling process.

    Raises:
        InputError: a process was killed, likely for lack of memory.
    """
    cores = available_cores() if cores is None else cores
    chunks = text_chunks(texts, chunk_bytes)
    if texts.nbytes < parallel_bytes or cores == 1:
        yield from map(function, chunks)
        return
    try:
        yield from map_in_processes(function, chunks, cores)
    except BrokenProcessPool as error:
        raise InputError(
            "a process that tokenized or hashed texts was killed, likely for lack of memory; set "
            "data.max_examples or data.streaming=true"
        ) from error


def map_in_processes(function: Callable[[S], T], items: Iterable[S], workers: int) -> Iterator[T]:
    """`function` of every item, in order; at most 2 * `workers` items are in memory.

    No process is left at the end, whether it comes by an error, by Ctrl-C or by a signal.

    Args:
        function: is inherited by a forked process, and pickled for others.

    Raises:
        BrokenProcessPool: a process was killed.
    """
    pool = ProcessPoolExecutor(
        workers, get_context(METHOD), initializer=begin_worker, initargs=(function,)
    )
    waiting: deque[Future[T]] = deque()
    try:
        for item in items:
            with warnings.catch_warnings():
                # Python 3.12 and newer warn about the risk that the comment on METHOD rules out
                warnings.filterwarnings("ignore", "This process .* is multi-threaded")
                waiting.append(pool.submit(call, item))
            if len(waiting) > 2 * workers:  # enough to keep all processes busy
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


FUNCTION: list[Callable[[Any], Any]] = []  # of this worker


def begin_worker(function: Callable[[Any], Any]) -> None:
    obey_parent()
    FUNCTION[:] = [function]


def call(item: Any) -> Any:
    (function,) = FUNCTION
    return function(item)


def text_chunks(texts: pa.ChunkedArray, chunk_bytes: int = CHUNK_BYTES) -> Iterator[list[str]]:
    """The texts in chunks of at most `chunk_bytes` bytes of UTF-8, but at least one text."""
    bytes_before = np.cumsum(pc.binary_length(texts).to_numpy().astype(np.int64))
    start = 0
    while start < len(texts):
        limit = chunk_bytes + (bytes_before[start - 1] if start else 0)
        end = max(int(np.searchsorted(bytes_before, limit)), start + 1)
        yield texts[start:end].to_pylist()
        start = end


def obey_parent() -> None:
    """In a worker: leave Ctrl-C to the parent, and exit when the parent exits for any reason."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a forked process inherits the parent's handler
    threading.Thread(target=end_with_parent, daemon=True).start()


def end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
