"""Carry out jobs in processes, one per core; finished ones are skipped, begun ones resumed."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import Any

from jobs import JOB, LOG, Job

from textcnn.errors import InputError
from textcnn.system.atomic import write_json

WORKER = Path(__file__).with_name("worker.py")
POLL = 0.1  # seconds between two looks at the processes


@dataclass
class Pool:
    """Processes for jobs.

    Attributes:
        size: processes at a time.
        threads: of each.
        report: prints a line.
    """

    size: int
    threads: int
    report: Callable[[str], None] = print

    def carry_out(self, jobs: Sequence[Job]) -> list[str]:
        """Carry out the jobs that are not finished, the longest first.

        Returns:
            A line about each job that failed.

        Raises:
            KeyboardInterrupt: after Ctrl-C or SIGTERM, once the jobs have saved their progress.
        """
        failures: list[str] = []
        left: list[Job] = []
        for job in jobs:
            try:
                job.specification()  # even if there is no result to compare it with
                if job.result() is None:
                    left.append(job)
            except InputError as error:
                failures.append(f"{job.title}: {error}")
        left.sort(key=lambda job: -job.cost)
        self.report(f"{len(jobs) - len(left) - len(failures)} of {len(jobs)} jobs are finished")
        self.run([(job, ()) for job in left], self.size, self.threads, failures)
        return failures

    def measure_speeds(self, jobs: Sequence[Job]) -> list[str]:
        """Time the prediction of finished jobs, one after another on one core.

        Returns and raises as `carry_out`.
        """
        left = [
            job
            for job in jobs
            if is_finished(job)
            and job.speed() is None
            and (job.program != "train" or (job.directory / "run" / "best").is_dir())
        ]
        failures: list[str] = []
        self.run([(job, ("--speed",)) for job in left], 1, 1, failures)
        return failures

    def run(
        self,
        work: Sequence[tuple[Job, tuple[str, ...]]],
        size: int,
        threads: int,
        failures: list[str],
    ) -> None:
        waiting, done = deque(work), 0
        running: dict[subprocess.Popen[bytes], tuple[Job, tuple[str, ...]]] = {}
        try:
            with sigterm_as_interrupt():
                while waiting or running:
                    while waiting and len(running) < size:
                        job, options = waiting.popleft()
                        running[start(job, options, threads)] = job, options
                    time.sleep(POLL)
                    for process in [each for each in running if each.poll() is not None]:
                        job, options = running.pop(process)
                        done += 1
                        said = outcome(job, options, process.returncode)
                        if process.returncode:
                            failures.append(said)
                        self.report(f"{done}/{len(work)}  {said}")
        finally:
            stop(running)


def is_finished(job: Job) -> bool:
    try:
        return job.result() is not None
    except InputError:  # `carry_out` has reported it
        return False


def start(job: Job, options: Sequence[str], threads: int) -> "subprocess.Popen[bytes]":
    """The process of a job, in a session of its own: Ctrl-C reaches this process alone."""
    if not options and not job.begun():
        shutil.rmtree(job.directory, ignore_errors=True)
        job.directory.mkdir(parents=True)
        write_json(job.directory / JOB, job.specification() | {"keep": job.keep})
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    with (job.directory / LOG).open("ab") as log:
        return subprocess.Popen(
            [sys.executable, str(WORKER), str(job.directory), *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,
        )


def outcome(job: Job, options: Sequence[str], code: int) -> str:
    """One line about a job that has ended."""
    if code < 0:
        return f"{job.title} failed: killed by signal {-code} ({job.directory / LOG})"
    if code:
        return f"{job.title} failed: {last_line(job.directory / LOG)} ({job.directory / LOG})"
    if options:
        return f"{job.title}: {job.speed():,.0f} texts/s"
    result = job.result()
    if result is None:
        return f"{job.title}: no result"
    return f"{job.title}: {100 * result['accuracy']:.2f} % in {result['seconds']:.0f} s"


def last_line(file: Path) -> str:
    lines = [line.strip() for line in file.read_text("utf-8", errors="replace").splitlines()]
    last = next((line for line in reversed(lines) if line), "no message")
    return last.removeprefix("textcnn.errors.InputError: ")


def stop(running: dict["subprocess.Popen[bytes]", Any]) -> None:
    """Let every process save its progress and exit; a second Ctrl-C kills them."""
    for process in running:
        process.terminate()  # SIGTERM: training finishes its step and saves
    try:
        for process in running:
            process.wait()
    finally:
        for process in running:
            process.kill()


@contextmanager
def sigterm_as_interrupt() -> Iterator[None]:
    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Refuse a second program that works in the same folder.

    Raises:
        InputError
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / ".lock").open("w") as lock:
            try:
                flock(lock, LOCK_EX | LOCK_NB)
            except BlockingIOError as error:
                raise InputError(
                    f"another make reproduce works in {folder}; wait for it, or give another --work"
                ) from error
            yield
    except (FileExistsError, NotADirectoryError, PermissionError) as error:
        raise InputError(
            f"{error.filename or folder} can't be written: {error.strerror}; give another --work"
        ) from error
