"""The progress of training: a bar in a terminal, plain lines elsewhere."""

import time
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from textcnn.training.state import TrainingState

SECONDS_BETWEEN_LINES = 5.0


class TrainingProgress:
    """Loss, accuracy, texts per second and time left during training, and a line for each epoch.

    The time left is for all steps; early stopping may end training sooner. A quiet console shows
    nothing.
    """

    def __init__(
        self,
        console: Console,
        epochs: int | None,
        steps: int | None,
        seconds_between_lines: float = SECONDS_BETWEEN_LINES,
    ):
        """
        Args:
            epochs: None for a stream, which has no epochs.
            steps: in total; None: unknown.
        """
        self.console = console
        self.epochs = epochs
        self.steps = steps
        self.seconds_between_lines = seconds_between_lines
        self.last_line = time.monotonic()
        self.moves = console.is_terminal or console.is_jupyter
        self.bar = Progress(
            TextColumn("{task.fields[where]}"),
            BarColumn(),
            TextColumn("loss {task.fields[loss]:.4f}  accuracy {task.fields[accuracy]:5.1f} %"),
            TextColumn("{task.fields[speed]:,.0f} texts/s"),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=console,
            transient=True,
            disable=console.quiet or not self.moves,
        )

    def __enter__(self) -> "TrainingProgress":
        self.bar.start()
        fields: dict[str, Any] = {"where": "", "loss": 0.0, "accuracy": 0.0, "speed": 0.0}
        self.task = self.bar.add_task("", total=self.steps, **fields)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.bar.stop()

    def step(self, state: TrainingState) -> None:
        if self.console.quiet:
            return
        loss, accuracy = state.mean_loss, 100 * state.mean_accuracy
        speed = state.texts_per_second
        if self.moves:
            fields: dict[str, Any] = {"where": self.where(state, state.epoch + 1), "loss": loss}
            fields |= {"accuracy": accuracy, "speed": speed}
            self.bar.update(self.task, completed=state.step, **fields)
        elif time.monotonic() - self.last_line > self.seconds_between_lines:
            self.last_line = time.monotonic()
            self.console.print(
                f"{self.where(state, state.epoch + 1)}{self.percent_done(state)}  loss {loss:.4f}  "
                f"accuracy {accuracy:.1f} %  {speed:,.0f} texts/s{self.time_left(state)}"
            )

    def where(self, state: TrainingState, epoch: int) -> str:
        if self.epochs is None:
            return f"step {state.step:,}"
        return f"epoch {epoch:>{len(str(self.epochs))}}/{self.epochs}"

    def percent_done(self, state: TrainingState) -> str:
        return f"  {min(100 * state.step / self.steps, 100):3.0f} %" if self.steps else ""

    def time_left(self, state: TrainingState) -> str:
        if not self.steps:
            return ""
        seconds = max(self.steps - state.step, 0) * state.train_seconds / max(state.step, 1)
        return f"  {seconds:.0f} s left"

    def epoch(self, state: TrainingState, better: bool, texts_per_second: float) -> None:
        """Print the line of the epoch, or stretch of a stream, that just ended."""
        train, validation = state.history[-1]["train"], state.history[-1].get("validation")
        scores = (
            ""
            if validation is None
            else (
                f"validation loss {validation['loss']:.4f} "
                f"accuracy {100 * validation['accuracy']:5.1f} % "
                f"macro-F1 {100 * validation['macro_f1']:5.1f} %  "
            )
        )
        self.console.print(
            f"{self.where(state, state.epoch)}  "
            f"train loss {train['loss']:.4f} accuracy {100 * train['accuracy']:5.1f} %  {scores}"
            f"{texts_per_second:,.0f} texts/s{'  best' if better else ''}",
        )
