"""Alternating repetitions, and what is made of them."""

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
    """A rate or a time over the repetitions."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def spread(self) -> float:
        """Half of what lies between the largest and the smallest, as a share of the median."""
        return (max(self.values) - min(self.values)) / 2 / self.median


def alternate(
    contestants: Mapping[str, Callable[[], float]],
    repetitions: int,
    most_seconds: float = math.inf,
) -> dict[str, Measured]:
    """Each in turn, again and again, so that a busy machine is busy for all of them.

    Each is run once before, which is not counted.

    Args:
        most_seconds: no turn begins after so many, except the first that counts; the number of
            `values` says how many there were.
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
    """The median of the ratios of the same repetition."""
    return statistics.median(a / b for a, b in zip(first.values, second.values, strict=True))


def rate(run: Callable[[], int], seconds: float = 1.0) -> float:
    """Per second, over as many runs as fill `seconds`; `run` says how many it did."""
    start, done = time.perf_counter(), 0
    while True:
        done += run()
        elapsed = time.perf_counter() - start
        if elapsed >= seconds:
            return done / elapsed


def slope(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """Of the straight line through the logarithms: 1 where cost grows as size does."""
    x, y = [math.log(size) for size in sizes], [math.log(cost) for cost in costs]
    return statistics.linear_regression(x, y).slope


def with_threads(count: int, run: Callable[[], T]) -> T:
    """What `run` returns while torch has so many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        return run()
    finally:
        torch.set_num_threads(before)


def faster_threads(run: Callable[[], float]) -> int:
    """One thread or all of torch's: those at which `run` returns more.

    Where another program takes a core, two threads wait for each other at every operation: the
    usual implementation predicted 290 texts/s of MR with two and 950 with one there, 1,800 with two
    on the idle machine. An opponent that is slowed down by its threads is no opponent.
    """
    counts = sorted({1, torch.get_num_threads()})
    tried = {count: with_threads(count, run) for count in counts for _ in range(2)}  # second counts
    return max(counts, key=lambda count: tried[count])
