"""The training loop."""

import math
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from textcnn.errors import InputError
from textcnn.evaluation.metrics import Scores
from textcnn.system.memory import keep_freed_memory
from textcnn.training.batches import TrainingBatches
from textcnn.training.curves import Curves
from textcnn.training.learner import Learner
from textcnn.training.progress import TrainingProgress
from textcnn.training.state import TrainingState


class Interrupted(Exception):  # noqa: N818 - it is not an error
    """The user asked training to stop; the progress so far is saved."""


@dataclass(frozen=True)
class Stopping:
    """When training ends before the batches do, and which checkpoint is best."""

    max_steps: int | None = None  # None: no limit
    patience: int | None = None  # validations without a better `metric`; None: no limit
    metric: str = "loss"  # of the validation scores

    def reached(self, state: TrainingState) -> bool:
        return (self.max_steps is not None and state.step >= self.max_steps) or (
            self.patience is not None and state.epoch - state.best_epoch >= self.patience
        )


def fit(
    learner: Learner,
    batches: TrainingBatches,
    validate: Callable[[], Scores] | None,
    save: Callable[[str], None],
    *,
    state: TrainingState,
    stopping: Stopping,
    progress: TrainingProgress,
    curves: Curves | None,
) -> None:
    """Train until the batches end or `stopping` says so.

    Args:
        batches: those of this process.
        validate: scores the model on the validation texts; None: there are none.
        save: writes the checkpoint of that name, "best" or "last".
        state: where to start; kept up to date.
        curves: None in all processes but the first.

    Raises:
        InputError: the loss is infinite or not a number.
        Interrupted: after Ctrl-C or SIGTERM, once "last" is saved.
    """
    keep_freed_memory()
    with interruption() as asked:
        while not (batches.finished or stopping.reached(state)):
            start = time.perf_counter()
            learner.model.train()
            for batch in batches:
                learner.set_rates(state)
                loss, correct = learner.step(batch)
                check_finite(loss, state.step + 1)
                state.add_batch(loss, correct, len(batch.ids), time.perf_counter() - start)
                progress.step(state)
                if curves:
                    curves.step(state, loss, learner)
                if learner.any_process(asked()):
                    save("last")
                    raise Interrupted
                if state.step == stopping.max_steps:
                    break
                start = time.perf_counter()
            if state.epoch_texts:  # a stream may end right after a validation
                close_epoch(validate, save, state, stopping.metric, progress, curves)
        if state.epoch_texts:  # resumed after the last step, before its validation
            close_epoch(validate, save, state, stopping.metric, progress, curves)


def close_epoch(
    validate: Callable[[], Scores] | None,
    save: Callable[[str], None],
    state: TrainingState,
    metric: str,
    progress: TrainingProgress,
    curves: Curves | None,
) -> None:
    """Validate, report, and save the weights; as "best" too if they are the best so far."""
    start = time.perf_counter()
    scores = None if validate is None else validate()
    if scores is not None:
        check_finite(scores.loss, state.step)
    texts_per_second = state.texts_per_second
    better = state.end_epoch(scores, metric)
    state.seconds += time.perf_counter() - start
    progress.epoch(state, better, texts_per_second)
    if curves and scores is not None:
        curves.scores("validation", scores, state.step)
    if better:
        save("best")
    save("last")


def check_finite(loss: float, step: int) -> None:
    if not math.isfinite(loss):
        raise InputError(
            f"the loss is {loss} at step {step}: training has diverged; try a smaller "
            "optimizer.learning_rate"
        )


@contextmanager
def interruption() -> Iterator[Callable[[], bool]]:
    """Until it closes, the first Ctrl-C or SIGTERM only asks to stop; a second Ctrl-C stops hard.

    Outside the main thread, where Python can't handle signals, nothing asks.
    """
    received: list[int] = []

    def handle(number: int, frame: object) -> None:
        if number == signal.SIGINT and number in received:
            raise KeyboardInterrupt
        received.append(number)

    before = {}
    with suppress(ValueError):  # not the main thread
        for number in (signal.SIGINT, signal.SIGTERM):
            before[number] = signal.signal(number, handle)
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
