"""The measurements of studies in worker processes."""

from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool

from textcnn.studies.shared.study import Point, Values
from textcnn.system.workers import build_pool, interrupts_blocked, kill_workers
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
    pool = build_pool(workers)
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


def measure_one(study: str, point: Point, seed: int) -> Values:
    from textcnn.studies.catalogue import STUDIES

    return STUDIES[study].measure(point.settings, seed)
