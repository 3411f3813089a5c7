"""How far a run of studies is: bars that move, or plain lines where nothing can move."""

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

SECONDS_BETWEEN_LINES = 5.0


class StudyProgress:
    """Two bars, for studies and measurements (points and seeds), and what was measured last."""

    def __init__(self, console: Console, studies: int, measured: int, missing: int):
        """
        Args:
            measured: measurements that an earlier run has made.
            missing: those to be made.
        """
        self.console = console
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
            and time.monotonic() - self.last_line > SECONDS_BETWEEN_LINES
        ):
            self.last_line = time.monotonic()
            self.console.print(f"{self.done} of {self.total} measurements, last {last}")

    def concluded(self) -> None:
        self.bar.advance(self.studies)
