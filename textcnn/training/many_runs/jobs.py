"""Several training runs: side by side in worker processes, or one after another in this one."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from textcnn.config.programs import TrainConfig
from textcnn.config.stored import read_config
from textcnn.data.prepare import PreparedData
from textcnn.errors import InputError
from textcnn.system.arguments import argument
from textcnn.system.atomic import existing
from textcnn.system.failures import os_failure
from textcnn.system.run_dir import CONFIG, METRICS
from textcnn.system.terminal import build_console
from textcnn.system.workers import build_pool, interrupts_blocked, kill_workers, processes_of
from textcnn.training.loop import Interrupted, interruption
from textcnn.training.recipe import TrainingRun

POLL = 0.2  # seconds between two looks at whether the user has interrupted


@dataclass(frozen=True)
class Job:
    """One of several runs."""

    name: str  # member 2 of 5
    config: TrainConfig
    directory: Path

    @property
    def finished(self) -> bool:
        """Whether the run has ended, with as many epochs as it should have."""
        if not (self.directory / METRICS).is_file():
            return False
        stored = read_config(self.directory / CONFIG, TrainConfig)
        return stored.training.epochs == self.config.training.epochs


def start_or_resume(job: Job, **options: Any) -> TrainingRun:
    """The run, resumed if it has begun.

    Args:
        options: as `TrainingRun` takes them.
    """
    begun = existing(job.directory / "last").is_dir()
    # a run that was killed before its first checkpoint starts again
    config = replace(job.config, overwrite=job.config.overwrite or job.directory.is_dir())
    return TrainingRun(config, job.directory, begun, **options)


def train_all(jobs: Sequence[Job], run: TrainingRun, data: PreparedData | None = None) -> None:
    """Carry out the jobs that are not finished.

    Args:
        run: the run that needs them.
        data: of all jobs, if they are in memory already; used in this process only.

    Raises:
        InputError: a run can't be carried out, or its process was killed.
        Interrupted: after Ctrl-C or SIGTERM, once the progress of each run is saved.
    """
    left = [job for job in jobs if not job.finished]
    options: dict[str, Any] = {"memory": run.memory, "keep": run.keep}
    if left and (workers := min(worker_count(run), len(left))):
        run.console.print(
            f"networks to train: {len(left)}, {workers} at a time, with one thread each"
        )
        train_in_workers(left, workers, run.run_dir, quiet=run.console.quiet, **options)
        return
    with random_state_kept():
        for job in left:
            quiet = build_console(quiet=True)
            made = start_or_resume(job, console=quiet, data=data, **options)
            run.console.print(job.name)
            complete(job, made, run.console)


def worker_count(run: TrainingRun) -> int:
    """The number of worker processes; 0: train in this process.

    With several threads even a single run is left to a worker: it has one thread there, as it had
    before an interruption, and so the same numbers. A GPU is not shared, and processes under
    torchrun train every run together. Rows from Python stay here too: a worker would import the
    user's program, which need not be written for that.
    """
    if run.accelerator.num_processes > 1 or run.accelerator.device.type != "cpu" or run.memory:
        return 0
    threads = torch.get_num_threads()
    return threads if threads > 1 else 0


@contextmanager
def random_state_kept() -> Iterator[None]:
    """The random numbers of this process continue as if no run had drawn any."""
    with torch.random.fork_rng():
        yield


def complete(job: Job, run: TrainingRun, console: Console) -> None:
    """Carry out a run, with the progress of its training on this console."""
    try:
        run.start()
        run.console = console
        run.learn()
        run.console = build_console(quiet=True)
        run.finish()
    except InputError as error:
        raise InputError(f"{job.name}: {error}") from error
    except OSError as error:
        raise InputError(f"{job.name}: {os_failure(error)}") from error


def train_in_workers(
    jobs: Sequence[Job], workers: int, run_dir: Path, *, quiet: bool, **options: Any
) -> None:
    """Carry out jobs in processes; arguments and errors as for `train_all`."""
    pool = build_pool(workers)
    waiting: dict[Future[None], Job] = {}
    rest = iter(jobs)
    try:
        with interruption() as asked:
            while not asked():
                # only as many as run at once, so that none waits when the user interrupts
                while len(waiting) < workers and (job := next(rest, None)) is not None:
                    with interrupts_blocked():  # a new process inherits the signal mask
                        waiting[pool.submit(train_one, job, quiet, options)] = job
                if not waiting:
                    pool.shutdown()
                    return
                for done in wait(waiting, POLL, FIRST_COMPLETED).done:
                    waiting.pop(done)
                    done.result()
            stop(pool)
            raise Interrupted
    except BrokenProcessPool as error:
        raise InputError(
            "a process that trained a network was killed, likely for lack of memory; free some, or "
            f"set OMP_NUM_THREADS=1 to train one after another, and run python -m textcnn.train "
            f"{argument('resume', run_dir)}"
        ) from error
    finally:
        kill_workers(pool)


def stop(pool: ProcessPoolExecutor) -> None:
    """Let every worker save its progress and exit."""
    running = processes_of(pool)
    for process in running:
        process.terminate()  # SIGTERM: training finishes its current step, saves and ends
    for process in running:
        process.join()


def train_one(job: Job, quiet: bool, options: Mapping[str, Any]) -> None:
    """Carry out a run in a worker."""
    console = build_console(quiet=True)
    named = NamedLines(job.name.partition(" of ")[0])
    lines = build_console(quiet, file=named)  # type: ignore[arg-type]
    try:
        complete(job, start_or_resume(job, console=console, **options), lines)
    except Interrupted:
        os._exit(0)  # all is saved; the parent waits for this process to end


class NamedLines:
    """Standard output on which every line starts with the name of the run."""

    def __init__(self, name: str):
        self.name = name

    def write(self, text: str) -> int:
        named = "".join(f"{self.name}: {line}" for line in text.splitlines(keepends=True))
        return sys.stdout.write(named)

    def flush(self) -> None:
        sys.stdout.flush()
