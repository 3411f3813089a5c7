"""Learning rates over the steps of a run.

A schedule is a pure function of the steps done and of the validations so far, so a resumed run
needs no state of it.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import optim

from textcnn.errors import InputError

History = Sequence[Mapping[str, Any]]  # `TrainingState.history`

# The factor of the base rate for the next step, from the number of steps done and the history.
Schedule = Callable[[int, History], float]


def constant(step: int, history: History) -> float:
    return 1.0


def build_schedule(name: str, *, steps: int | None, metric: str, **settings: Any) -> Schedule:
    """
    Args:
        steps: of the whole run; None: unknown, which `warmup_linear` and `cosine` can't use.
        metric: of the validation scores, which `plateau` watches.
        settings: the keyword arguments of the schedule.

    Raises:
        InputError: the warm-up is as long as the run.
    """
    if name == "constant":
        return constant
    if name == "halving":
        return halving(**settings)
    if name == "plateau":
        return plateau(metric, **settings)
    assert steps is not None
    return warmed_up(name, steps, **settings)


def warmed_up(
    name: str, steps: int, *, warmup: float, warmup_steps: int | None, final: float
) -> Schedule:
    """`warmup_linear` or `cosine`: up to 1 in the warm-up, then down to `final`.

    Raises:
        InputError: the warm-up is as long as the run.
    """
    rising = round(warmup * steps) if warmup_steps is None else warmup_steps
    if warmup_steps is not None and rising >= steps:
        raise InputError(
            f"schedule.warmup_steps={warmup_steps} must be below the number of all steps, {steps}; "
            "try schedule.warmup_steps=null, which takes schedule.warmup of them"
        )

    def schedule(step: int, history: History) -> float:
        if step < rising:
            return (step + 1) / rising
        # with training.batch_tokens a run may have more steps than were estimated
        done = min((step - rising) / max(steps - rising, 1), 1.0)
        remaining = 1 - done if name == "warmup_linear" else (1 + math.cos(math.pi * done)) / 2
        return final + (1 - final) * remaining

    return schedule


def halving(*, every: int, factor: float) -> Schedule:
    """Times `factor` after every so many epochs, or validations of a stream."""

    def schedule(step: int, history: History) -> float:
        validations = sum(entry["step"] <= step for entry in history)
        return float(factor ** (validations // every))

    return schedule


def plateau(metric: str, *, patience: int, factor: float, final: float) -> Schedule:
    """Times `factor` after every `patience` validations in a row without a better `metric`."""

    def schedule(step: int, history: History) -> float:
        rate, best, since = 1.0, math.inf, 0
        for entry in history:
            if entry["step"] > step:
                break
            value = entry["validation"][metric] * (1 if metric == "loss" else -1)
            since = 0 if value < best else since + 1
            best = min(value, best)
            if since == patience:
                rate, since = max(rate * factor, final), 0
        return rate

    return schedule


def set_rates(optimizer: optim.Optimizer, factor: float) -> None:
    """Multiply the base rate of every group of weights."""
    for group in optimizer.param_groups:
        group["lr"] = group.setdefault("initial_lr", group["lr"]) * factor
