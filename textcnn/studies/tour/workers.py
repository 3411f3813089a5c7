"""Measurements in processes of their own, each with one thread: small networks gain by no more."""

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
    """By the system, not by us: what it was measuring is lost."""


def measure_all(work: list[Work], workers: int) -> Iterator[tuple[Work, Values]]:
    """Each with its values, as they become known.

    Raises:
        InputError: as a study's `measure`.
        WorkerKilledError
    """
    # fresh processes: a copy of this one would have torch's threads, but not what they hold
    pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=begin)
    waiting: dict[Future[Values], Work] = {}
    rest = iter(work)
    try:
        while True:
            # no more than are needed to keep all busy, so that an interruption ends soon
            while len(waiting) < 2 * workers and (next_one := next(rest, None)) is not None:
                with without_interruption():  # which a process that begins would inherit
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
        end_now(pool)


@contextmanager
def without_interruption() -> Iterator[None]:
    """Ctrl-C waits until the end, and for ever in a process that was begun meanwhile."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_now(pool: ProcessPoolExecutor) -> None:
    """Leave what is being measured: it will be measured again."""
    running = list((pool._processes or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in running:
        process.kill()  # training takes SIGTERM for a wish to stop at the next step
    for process in running:
        process.join()


def begin() -> None:
    """In a worker, before the first measurement."""
    import torch
    from tqdm import tqdm  # type: ignore[import-untyped]

    obey_parent()
    torch.set_num_threads(1)
    # else it has a lock between processes, which whoever is killed leaves behind
    tqdm.set_lock(threading.RLock())


def measure_one(study: str, point: Point, seed: int) -> Values:
    from textcnn.studies.catalogue import STUDIES

    return STUDIES[study].measure(point.settings, seed)
