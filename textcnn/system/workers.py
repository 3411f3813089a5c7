"""Worker processes with one torch thread each; more do not speed up small networks."""

import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.process import BaseProcess

from textcnn.system.parallel import obey_parent


def build_pool(workers: int) -> ProcessPoolExecutor:
    """A pool of workers that leave Ctrl-C to this process and exit when it exits."""
    # spawn, not fork: a forked process inherits locks of torch's threads, but not the threads
    return ProcessPoolExecutor(workers, get_context("spawn"), initializer=begin)


def begin() -> None:
    """Set up a worker before its first piece of work."""
    import torch
    from tqdm import tqdm  # type: ignore[import-untyped]

    obey_parent()
    torch.set_num_threads(1)
    # the default lock is shared between processes, and a killed worker would leave it locked
    tqdm.set_lock(threading.RLock())


@contextmanager
def interrupts_blocked() -> Iterator[None]:
    """Delay Ctrl-C until the end of the block; processes started inside ignore it for good."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def processes_of(pool: ProcessPoolExecutor) -> list[BaseProcess]:
    """The workers of a pool that have started."""
    return list((pool._processes or {}).values())


def kill_workers(pool: ProcessPoolExecutor) -> None:
    """Kill the workers; what they have not finished is lost."""
    running = processes_of(pool)
    pool.shutdown(wait=False, cancel_futures=True)
    for process in running:
        process.kill()  # not SIGTERM, on which training would finish its current step
    for process in running:
        process.join()
