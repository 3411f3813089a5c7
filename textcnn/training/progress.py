"""What a run tells the terminal: a bar that moves, or plain lines where nothing can move."""

import time
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from textcnn.training.state import TrainingState

SECONDS_BETWEEN_LINES = 5.0


class TrainingProgress:
    """Loss, accuracy, texts per second and time left while training, and a line for each epoch.

    The time left is for all epochs; early stopping may end before.
    """

    def __init__(self, console: Console, epochs: int, texts_per_epoch: int, quiet: bool = False):
        self.console = console
        self.epochs = epochs
        self.texts_per_epoch = texts_per_epoch
        self.quiet = quiet
        self.last_line = time.monotonic()
        self.bar = Progress(
            TextColumn("epoch {task.fields[epoch]}/{task.fields[epochs]}"),
            BarColumn(),
            TextColumn("loss {task.fields[loss]:.4f}  accuracy {task.fields[accuracy]:5.1f} %"),
            TextColumn("{task.fields[speed]:,.0f} texts/s"),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=console,
            transient=True,
            disable=quiet or not console.is_terminal,
        )

    def __enter__(self) -> "TrainingProgress":
        self.bar.start()
        fields: dict[str, Any] = {"epoch": 1, "epochs": self.epochs}
        fields |= {"loss": 0.0, "accuracy": 0.0, "speed": 0.0}
        self.task = self.bar.add_task("", total=self.epochs * self.texts_per_epoch, **fields)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.bar.stop()

    def step(self, state: TrainingState) -> None:
        if self.quiet:
            return
        done = state.epoch * self.texts_per_epoch + state.epoch_texts
        loss, accuracy = state.mean_loss, 100 * state.mean_accuracy
        speed = state.texts_per_second
        if self.console.is_terminal:
            fields: dict[str, Any] = {"epoch": state.epoch + 1, "loss": loss}
            fields |= {"accuracy": accuracy, "speed": speed}
            self.bar.update(self.task, completed=done, **fields)
        elif time.monotonic() - self.last_line > SECONDS_BETWEEN_LINES:
            self.last_line = time.monotonic()
            left = (self.epochs * self.texts_per_epoch - done) / max(state.texts_per_second, 1e-9)
            self.console.print(
                f"epoch {state.epoch + 1}/{self.epochs}  "
                f"{100 * state.epoch_texts / self.texts_per_epoch:3.0f} %  loss {loss:.4f}  "
                f"accuracy {accuracy:.1f} %  {speed:,.0f} texts/s  {left:.0f} s left"
            )

    def epoch(self, state: TrainingState, better: bool, texts_per_second: float) -> None:
        """The line that stays: how the epoch just closed did."""
        if self.quiet:
            return
        train, validation = state.history[-1]["train"], state.history[-1]["validation"]
        self.console.print(
            f"epoch {state.epoch:>{len(str(self.epochs))}}/{self.epochs}  "
            f"train loss {train['loss']:.4f} accuracy {100 * train['accuracy']:5.1f} %  "
            f"validation loss {validation['loss']:.4f} "
            f"accuracy {100 * validation['accuracy']:5.1f} % "
            f"macro-F1 {100 * validation['macro_f1']:5.1f} %  "
            f"{texts_per_second:,.0f} texts/s{'  best' if better else ''}",
        )
