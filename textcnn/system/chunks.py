"""Texts in chunks of some thousands, processed on all cores and returned in order."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from typing import TypeVar

import numpy as np
import torch

T = TypeVar("T")
# A forked process inherits torch's count of threads, but not the threads: it would wait for them.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: torch.set_num_threads(1))
# Characters of a chunk: smaller chunks don't pay for a thread; larger ones only cost memory.
MIN_CHARACTERS, MAX_CHARACTERS = 2**17, 2**20
MAX_TEXTS = 2**13  # texts of a chunk
# A single chunk with this many characters or more runs on all of torch's threads.
MIN_ALL_THREADS = 2**16


def split_texts(
    texts: Sequence[str],
    parts: int,
    *,
    min_characters: int = MIN_CHARACTERS,
    max_characters: int = MAX_CHARACTERS,
    max_texts: int = MAX_TEXTS,
) -> Iterator[Sequence[str]]:
    """Chunks with about the same number of characters, at least `parts` of them if that pays.

    Args:
        min_characters, max_characters: limits of a chunk; the last chunk, or a chunk of one text,
            may exceed the upper one.
        max_texts: limit of a chunk.
    """
    ends = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)))
    size = min(max(int(ends[-1]) // parts, min_characters), max_characters) if len(texts) else 0
    start = 0
    while start < len(texts):
        before = int(ends[start - 1]) if start else 0
        end = int(np.searchsorted(ends, before + size, side="right"))
        end = min(max(end, start + 1), start + max_texts)
        if ends[-1] - ends[end - 1] < min_characters // 2 and len(texts) - start <= max_texts:
            end = len(texts)  # a small rest joins the last chunk
        yield texts[start:end]
        start = end


def chunks_of(
    texts: Iterator[T],
    size: int | None,
    *,
    length: Callable[[T], int] = len,  # type: ignore[assignment]
    min_characters: int = MIN_CHARACTERS,
    max_texts: int = MAX_TEXTS,
) -> Iterator[list[T]]:
    """Chunks of texts that arrive one by one.

    Args:
        length: the characters of a text, or of a row that holds one.
        size: texts per chunk; None: a chunk ends at 2 * `min_characters` characters or
            `max_texts` texts.
    """
    if size is not None:
        while several := list(islice(texts, size)):
            yield several
        return
    chunk: list[T] = []
    characters = 0
    for text in texts:
        chunk.append(text)
        characters += length(text)
        if characters >= 2 * min_characters or len(chunk) >= max_texts:
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
    all_threads: bool,
) -> Iterator[T]:
    """`function` of every chunk, in order; reads a few chunks ahead.

    Args:
        workers: Python threads; they run in parallel while they are inside torch, NumPy or Arrow.
        threads: torch threads of each worker.
        all_threads: run a chunk without others beside it (one worker, or one chunk) on all torch
            threads, whatever its size; False: only from `MIN_ALL_THREADS` characters on. Threads
            that split small operations wait for each other, and long if other programs use the
            cores.
    """
    chunks = iter(chunks)
    first = list(islice(chunks, 2))

    def work(chunk: Sequence[str], count: int = threads) -> T:
        torch.set_num_threads(count)  # of this thread
        return function(chunk)

    threads_before = torch.get_num_threads()

    def threads_alone(chunk: Sequence[str]) -> int:
        large = sum(map(len, chunk)) >= MIN_ALL_THREADS
        return threads_before if all_threads or large else 1

    if workers == 1 or len(first) < 2:
        try:
            yield from (work(chunk, threads_alone(chunk)) for chunk in chain(first, chunks))
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
        # also sets the number with which later threads start
        torch.set_num_threads(threads_before)
