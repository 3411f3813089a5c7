"""Texts some thousands at a time, on all cores, in order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from typing import TypeVar

import numpy as np
import torch

T = TypeVar("T")
# Characters of a chunk: fewer don't pay for starting a thread, more change nothing but memory.
MIN_CHARACTERS, MAX_CHARACTERS = 2**17, 2**20
MAX_TEXTS = 2**13
MIN_SHARED = (
    2**16
)  # characters of a single chunk from which on torch's threads share its operations


def split_texts(texts: Sequence[str], parts: int) -> Iterator[Sequence[str]]:
    """Chunks of as many characters each, at least `parts` of them if that pays."""
    ends = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)))
    size = min(max(int(ends[-1]) // parts, MIN_CHARACTERS), MAX_CHARACTERS) if len(texts) else 0
    start = 0
    while start < len(texts):
        before = int(ends[start - 1]) if start else 0
        end = int(np.searchsorted(ends, before + size, side="right"))
        end = min(max(end, start + 1), start + MAX_TEXTS)
        if ends[-1] - ends[end - 1] < MIN_CHARACTERS // 2 and len(texts) - start <= MAX_TEXTS:
            end = len(texts)  # no crumb at the end
        yield texts[start:end]
        start = end


def chunks_of(texts: Iterator[str], size: int | None) -> Iterator[list[str]]:
    """Chunks of `size` texts, or of as many as are worth while together."""
    if size is not None:
        while chunk := list(islice(texts, size)):
            yield chunk
        return
    chunk, characters = [], 0
    for text in texts:
        chunk.append(text)
        characters += len(text)
        if characters >= 2 * MIN_CHARACTERS or len(chunk) >= MAX_TEXTS:
            yield chunk
            chunk, characters = [], 0
    if chunk:
        yield chunk


def map_chunks(
    function: Callable[[Sequence[str]], T],
    chunks: Iterable[Sequence[str]],
    *,
    workers: int,
    threads: int,
    share_threads: bool,
) -> Iterator[T]:
    """`function` of every chunk, in order; a few more are read than are returned.

    Args:
        workers: threads of Python, which work side by side where one of them leaves Python: in
            torch, NumPy and Arrow.
        threads: of torch's in each of them.
        share_threads: let all of torch's threads work on a chunk that is alone (one worker, or one
            chunk); otherwise only if it has `MIN_SHARED` characters. Threads that share small
            operations wait for each other, long if other programs use the cores.
    """
    chunks = iter(chunks)
    first = list(islice(chunks, 2))

    def work(chunk: Sequence[str], count: int = threads) -> T:
        torch.set_num_threads(count)  # of this thread
        return function(chunk)

    threads_before = torch.get_num_threads()

    def alone(chunk: Sequence[str]) -> int:
        return threads_before if share_threads or sum(map(len, chunk)) >= MIN_SHARED else 1

    if workers == 1 or len(first) < 2:
        try:
            yield from (work(chunk, alone(chunk)) for chunk in chain(first, chunks))
        finally:
            torch.set_num_threads(threads_before)
        return
    waiting: deque[Future[T]] = deque()
    pool = ThreadPoolExecutor(workers)
    try:
        for chunk in chain(first, chunks):
            waiting.append(pool.submit(work, chunk))
            if len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
        # also what threads begin with that are yet to come
        torch.set_num_threads(threads_before)
