"""Alternating repetitions, and their statistics."""

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch

T = TypeVar("T")


@dataclass(frozen=True)
class Measured:
    """A rate or a time, once per repetition."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def spread(self) -> float:
        """Half the range, as a fraction of the median."""
        return (max(self.values) - min(self.values)) / 2 / self.median


def alternate(
    contestants: Mapping[str, Callable[[], float]],
    repetitions: int,
    most_seconds: float = math.inf,
) -> dict[str, Measured]:
    """Run the contestants in turn, so that a busy machine slows all of them down.

    The first turn of each is not counted.

    Args:
        most_seconds: no new turn begins after this time, except the first that counts.

    Returns:
        The results of each contestant, one per counted turn.
    """
    values: dict[str, list[float]] = {name: [] for name in contestants}
    start = time.perf_counter()
    for number in range(repetitions + 1):
        if number > 1 and time.perf_counter() - start > most_seconds:
            break
        for name, run in contestants.items():
            value = run()
            if number:
                values[name].append(value)
    return {name: Measured(tuple(each)) for name, each in values.items()}


def ratio(first: Measured, second: Measured) -> float:
    """The median of the ratios within each repetition."""
    return statistics.median(a / b for a, b in zip(first.values, second.values, strict=True))


def rate(run: Callable[[], int], seconds: float = 1.0) -> float:
    """Items per second, over enough runs to fill `seconds`; `run` returns its number of items."""
    start, done = time.perf_counter(), 0
    while True:
        done += run()
        elapsed = time.perf_counter() - start
        if elapsed >= seconds:
            return done / elapsed


def slope(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """The slope of a line through the logarithms: 1 if the cost is proportional to the size."""
    x, y = [math.log(size) for size in sizes], [math.log(cost) for cost in costs]
    return statistics.linear_regression(x, y).slope


def with_threads(count: int, run: Callable[[], T]) -> T:
    """The result of `run` with `count` PyTorch threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        return run()
    finally:
        torch.set_num_threads(before)


def faster_threads(run: Callable[[], float]) -> int:
    """One thread or all of PyTorch's, whichever makes `run` return more.

    If another program uses a core, two threads wait for each other at every operation: the usual
    implementation then predicted 290 texts/s of MR with two threads and 950 with one, but 1,800
    with two on an idle machine. A fair comparison gives it the better number of threads.
    """
    counts = sorted({1, torch.get_num_threads()})
    tried = {
        count: with_threads(count, run) for count in counts for _ in range(2)
    }  # the second try counts
    return max(counts, key=lambda count: tried[count])
