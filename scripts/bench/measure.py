"""Alternating repetitions, and what is made of them."""

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


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
    contestants: Mapping[str, Callable[[], float]], repetitions: int
) -> dict[str, Measured]:
    """Each in turn, again and again, so that a busy machine is busy for all of them.

    Each is run once before, which is not counted.
    """
    values: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(repetitions + 1):
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
