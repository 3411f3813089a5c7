"""The keys of the learning-rate schedules."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from textcnn.config.keys import chosen_by, fraction, key
from textcnn.config.training import TrainingConfig


def final_rate(meaning: str) -> Any:
    return key(0.0, meaning, at_least=0.0, at_most=1.0)


def factor() -> Any:
    return key(0.5, "what the rate is multiplied by each time", above=0.0, below=1.0)


@dataclass
class ScheduleConfig:
    """The constant schedule, and what all schedules have in common."""

    name: str = chosen_by("schedule", "constant")

    def misfits(self, training: TrainingConfig, streaming: bool) -> Iterator[str]:
        """One line for each part of the schedule that doesn't fit the length of training."""
        yield from ()

    def depends_on_steps(self) -> bool:
        """Whether the rate of a step depends on the number of all steps."""
        return False


@dataclass
class WarmupLinearConfig(ScheduleConfig):
    name: str = chosen_by("schedule", "warmup_linear")
    warmup: float = fraction(
        "fraction of all steps in which the rate rises to optimizer.learning_rate", default=0.1
    )
    warmup_steps: int | None = key(
        None, "the same as a number of steps; null: schedule.warmup of all steps", at_least=0
    )
    final: float = final_rate(
        "the rate after the last step, as a fraction of optimizer.learning_rate"
    )

    def misfits(self, training: TrainingConfig, streaming: bool) -> Iterator[str]:
        if streaming and training.max_steps is None:
            yield (
                f"schedule={self.name} needs the number of steps, which a stream doesn't have; try "
                "training.max_steps=10000, or schedule=constant"
            )
        most = training.max_steps
        if self.warmup_steps is not None and most is not None and self.warmup_steps >= most:
            yield (
                f"schedule.warmup_steps={self.warmup_steps} must be below training.max_steps="
                f"{most}; try schedule.warmup_steps={most // 10}"
            )

    def depends_on_steps(self) -> bool:
        return True


@dataclass
class CosineConfig(WarmupLinearConfig):
    name: str = chosen_by("schedule", "cosine")
    warmup: float = fraction(
        "fraction of all steps in which the rate rises linearly to optimizer.learning_rate"
    )


@dataclass
class HalvingConfig(ScheduleConfig):
    name: str = chosen_by("schedule", "halving")
    every: int = key(
        3, "number of epochs (for a stream, validations) between two changes", at_least=1
    )
    factor: float = factor()

    def misfits(self, training: TrainingConfig, streaming: bool) -> Iterator[str]:
        if not streaming and self.every >= training.epochs:
            yield (
                f"schedule.every={self.every} never changes the rate within training.epochs="
                f"{training.epochs}; try schedule.every={max(training.epochs // 2, 1)}"
                + ("" if training.epochs > 1 else " and training.epochs=2")
            )


@dataclass
class PlateauConfig(ScheduleConfig):
    name: str = chosen_by("schedule", "plateau")
    patience: int = key(
        1,
        "number of validations in a row without a better training.metric before each change",
        at_least=1,
    )
    factor: float = factor()
    final: float = final_rate("the lowest rate, as a fraction of optimizer.learning_rate")

    def misfits(self, training: TrainingConfig, streaming: bool) -> Iterator[str]:
        if training.patience is not None and self.patience >= training.patience:
            yield (
                f"schedule.patience={self.patience} never changes the rate, as training stops "
                f"after training.patience={training.patience}; try training.patience="
                f"{3 * self.patience}"
            )
