"""Measurements in worker processes with one thread each; more do not speed up small networks."""

import signal
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context

from textcnn.studies.shared.study import Point, Values
from textcnn.system.parallel import obey_parent
from textcnn.training.loop import Interrupted

Work = tuple[str, Point, int]  # a study's name, a point, a seed


class WorkerKilledError(Exception):
    """The system killed a worker; the measurement that it was making is lost."""


def measure_all(work: list[Work], workers: int) -> Iterator[tuple[Work, Values]]:
    """Yield each piece of work with its values, in the order of completion.

    Raises:
        InputError: from `Study.measure`.
        WorkerKilledError: the system killed a worker.
        KeyboardInterrupt: after Ctrl-C.
    """
    # spawn, not fork: a forked process inherits locks of torch's threads, but not the threads
    pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=begin)
    waiting: dict[Future[Values], Work] = {}
    rest = iter(work)
    try:
        while True:
            # only enough to keep all workers busy, so that an interruption takes effect soon
            while len(waiting) < 2 * workers and (next_one := next(rest, None)) is not None:
                with interrupts_blocked():  # a new process inherits the signal mask
                    waiting[pool.submit(measure_one, *next_one)] = next_one
            if not waiting:
                break
            for done in wait(waiting, return_when=FIRST_COMPLETED).done:
                yield waiting.pop(done), done.result()
        pool.shutdown()
    except Interrupted:  # Ctrl-C reaches the workers too
        raise KeyboardInterrupt from None
    except BrokenProcessPool as error:
        raise WorkerKilledError from error
    finally:
        kill_workers(pool)


@contextmanager
def interrupts_blocked() -> Iterator[None]:
    """Delay Ctrl-C until the end of the block; processes started inside ignore it for good."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def kill_workers(pool: ProcessPoolExecutor) -> None:
    """Kill the workers; unfinished measurements will be repeated."""
    running = list((pool._processes or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in running:
        process.kill()  # not SIGTERM, on which training would finish its current step
    for process in running:
        process.join()


def begin() -> None:
    """Set up a worker before its first measurement."""
    import torch
    from tqdm import tqdm  # type: ignore[import-untyped]

    obey_parent()
    torch.set_num_threads(1)
    # the default lock is shared between processes, and a killed worker would leave it locked
    tqdm.set_lock(threading.RLock())


def measure_one(study: str, point: Point, seed: int) -> Values:
    from textcnn.studies.catalogue import STUDIES

    return STUDIES[study].measure(point.settings, seed)
