"""Something that happens in the middle of training: an interruption, a full disk."""

import signal
from collections.abc import Callable

import pytest

from textcnn.training.progress import TrainingProgress
from textcnn.training.state import TrainingState


def at_step(patch: pytest.MonkeyPatch, number: int, action: Callable[[], object]) -> None:
    """Do something each time that step `number` of a training is done."""
    step = TrainingProgress.step

    def acting(progress: TrainingProgress, state: TrainingState) -> None:
        step(progress, state)
        if state.step == number:
            action()

    patch.setattr(TrainingProgress, "step", acting)


def interrupt_at(
    patch: pytest.MonkeyPatch, number: int, by: signal.Signals = signal.SIGINT, *, passed: int = 0
) -> None:
    """Send a signal once step `number` is done.

    Args:
        passed: how many trainings, such as folds or members, pass this step before.
    """
    times = iter(range(10_000))
    at_step(patch, number, lambda: signal.raise_signal(by) if next(times) >= passed else None)
