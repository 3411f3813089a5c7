"""The progress of a run of studies: bars in a terminal, plain lines elsewhere."""

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class StudyProgress:
    """Two bars, for studies and for measurements, and the last measurement."""

    def __init__(
        self,
        console: Console,
        studies: int,
        measured: int,
        missing: int,
        seconds_between_lines: float = 5.0,
    ):
        """
        Args:
            measured: measurements that an earlier run has made.
            missing: measurements still to be made.
            seconds_between_lines: the shortest time from one plain line to the next.
        """
        self.console, self.seconds_between_lines = console, seconds_between_lines
        self.total, self.done = measured + missing, measured
        self.last_line = time.monotonic()
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[last]}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self.studies = self.bar.add_task("studies", total=studies, last="")
        self.measurements = self.bar.add_task(
            "measurements", total=self.total, completed=measured, last=""
        )

    def __enter__(self) -> "StudyProgress":
        self.bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.bar.stop()

    def measured(self, study: str, point: str, seed: int) -> None:
        self.done += 1
        last = f"{study}: {point}, seed {seed}"
        self.bar.update(self.measurements, completed=self.done, last=last)
        if (
            not self.console.is_terminal
            and time.monotonic() - self.last_line > self.seconds_between_lines
        ):
            self.last_line = time.monotonic()
            self.console.print(f"{self.done} of {self.total} measurements, last: {last}")

    def concluded(self) -> None:
        self.bar.advance(self.studies)
