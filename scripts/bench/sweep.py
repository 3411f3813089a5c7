"""The time of a training step as a function of length, vocabulary, filters and batch."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from measure import alternate, rate, ratio, slope
from steps import Size, build

AXES: dict[str, tuple[int, ...]] = {
    "time": (16, 64, 256, 1024, 4096),  # tokens per text
    "vocabulary": (1_000, 8_000, 40_000, 200_000),
    "filters": (50, 200, 800, 1600),  # of each width
    "batch": (8, 32, 128, 512),  # texts
}
# the fixed sizes while one is varied, small enough for the whole sweep to take minutes
BASE = Size(time=64, vocabulary=20_000, filters=100, batch=50)
FEW = 10  # texts per batch while the length is varied
CAP = 30.0  # seconds after which no new turn begins; 4,096 tokens need about 14 s in all


def measure_sweep(repetitions: int, quick: bool) -> list[Any]:
    """One row per axis, size and program: seconds per step."""
    rows: list[Any] = []
    for axis, sizes in AXES.items():
        for number in sizes[:2] if quick else sizes:
            base = replace(BASE, batch=FEW) if axis == "time" else BASE
            size = replace(base, **{axis: number})
            # built one by one: each holds embeddings, gradients and means of a whole vocabulary
            steps = {f"{name} fp32": build(f"{name} fp32", size) for name in ("textcnn", "usual")}
            seconds = 0.01 if quick else 0.2
            measured = alternate(
                {n: partial(rate, step, seconds) for n, step in steps.items()}, repetitions, CAP
            )
            rows += [
                {
                    "axis": axis,
                    "size": number,
                    "name": name,
                    "seconds": size.batch / speed.median,  # per step
                    "spread": speed.spread,
                    "turns": len(speed.values),
                    "against_usual": ratio(speed, measured["usual fp32"]),
                }
                for name, speed in measured.items()
            ]
            print(
                f"  {axis} {number}:", {n: f"{each.median:,.0f}/s" for n, each in measured.items()}
            )
    return rows


def slopes(rows: Sequence[Any]) -> list[Any]:
    """The exponents with which the step time grows: over all sizes, and over the last two."""
    found = []
    for axis in AXES:
        for name in dict.fromkeys(row["name"] for row in rows):
            chosen = [r for r in rows if r["axis"] == axis and r["name"] == name]
            if len(chosen) < 2:
                continue
            sizes, seconds = [r["size"] for r in chosen], [r["seconds"] for r in chosen]
            found.append(
                {
                    "axis": axis,
                    "name": name,
                    "slope": slope(sizes, seconds),
                    "upper_slope": slope(sizes[-2:], seconds[-2:]),
                }
            )
    return found
