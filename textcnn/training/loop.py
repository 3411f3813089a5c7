"""The training loop."""

import math
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from textcnn.data.batching import Batch
from textcnn.errors import InputError
from textcnn.evaluation.metrics import Scores
from textcnn.system.allocation import keep_freed_memory
from textcnn.training.batches import TrainingBatches
from textcnn.training.curves import Curves
from textcnn.training.losses import count_correct
from textcnn.training.optimizers import seen_rows
from textcnn.training.precision import Precision
from textcnn.training.progress import TrainingProgress
from textcnn.training.state import TrainingState


class Interrupted(Exception):  # noqa: N818 - it is no error
    """The user asked training to stop; what was done until then is saved."""


def fit(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    loss_of: Callable[[Tensor, Tensor], Tensor],
    batches: TrainingBatches,
    validate: Callable[[], Scores],
    save: Callable[[str], None],
    *,
    accelerator: Accelerator,
    precision: Precision,
    state: TrainingState,
    progress: TrainingProgress,
    curves: Curves | None,
    max_steps: int | None,
    patience: int | None,
    metric: str,
    log_every: int,
) -> None:
    """Train until the batches or `max_steps` are done, or `metric` has stopped to improve.

    Args:
        model, optimizer: as `accelerator.prepare` made them.
        loss_of: takes logits (batch, classes) and the labels of a batch.
        batches: those of this process.
        validate: scores the model on the validation texts.
        save: writes the checkpoint of that name, "best" or "last".
        state: where to start; kept up to date.
        curves: None in all processes but the first.
        patience: how many validations in a row may be no better; None: any number.

    Raises:
        InputError: the loss is infinite or no number.
        Interrupted: after Ctrl-C or SIGTERM, once "last" is saved.
    """
    keep_freed_memory()
    with interruption() as asked:
        while not (batches.finished or state.finished(max_steps, patience)):
            start = time.perf_counter()
            model.train()
            for batch in batches:
                loss, right = train_step(model, optimizer, loss_of, batch, accelerator, precision)
                check_finite(loss, state.step + 1)
                state.add_batch(loss, right, len(batch.ids), time.perf_counter() - start)
                progress.step(state)
                if curves and state.step % log_every == 0:
                    norm = gradient_norm(model)
                    curves.step(state, loss, optimizer.param_groups[0]["lr"], norm)
                if stop_everywhere(accelerator, asked()):
                    save("last")
                    raise Interrupted
                if state.step == max_steps:
                    break
                start = time.perf_counter()
            if state.epoch_texts:  # a stream may end where it was validated last
                close_epoch(validate, save, state, progress, curves, metric)


def train_step(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    loss_of: Callable[[Tensor, Tensor], Tensor],
    batch: Batch,
    accelerator: Accelerator,
    precision: Precision,
) -> tuple[float, int]:
    """The loss, and how many texts were right, before the weights changed."""
    batch = batch.to(accelerator.device)
    assert batch.labels is not None
    with precision.autocast():
        logits = model(batch.ids, batch.lengths).float()  # (batch, classes)
    loss = loss_of(logits, batch.labels)
    optimizer.zero_grad()
    accelerator.backward(precision.scaled(loss))
    precision.step(optimizer)
    return loss.item(), count_correct(logits, batch.labels)


def close_epoch(
    validate: Callable[[], Scores],
    save: Callable[[str], None],
    state: TrainingState,
    progress: TrainingProgress,
    curves: Curves | None,
    metric: str,
) -> None:
    """Validate, tell, and keep the weights if they are the best so far."""
    start = time.perf_counter()
    scores = validate()
    check_finite(scores.loss, state.step)
    texts_per_second = state.texts_per_second
    better = state.end_epoch(scores, metric)
    state.seconds += time.perf_counter() - start
    progress.epoch(state, better, texts_per_second)
    if curves:
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


def gradient_norm(model: nn.Module) -> float:
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    numbers = [seen_rows(each)[1] if each.is_sparse else each for each in gradients]
    return nn.utils.get_total_norm(numbers).item()


def stop_everywhere(accelerator: Accelerator, asked: bool) -> bool:
    """Whether any process was asked to stop: they must stop after the same step."""
    if accelerator.num_processes == 1:
        return asked
    if asked:
        accelerator.set_trigger()
    return bool(accelerator.check_trigger())


@contextmanager
def interruption() -> Iterator[Callable[[], bool]]:
    """While it is open, a first Ctrl-C or SIGTERM only asks to stop; a second Ctrl-C stops hard."""
    received: list[int] = []

    def handle(number: int, frame: object) -> None:
        if number == signal.SIGINT and number in received:
            raise KeyboardInterrupt
        received.append(number)

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
