"""Measurements at several distances of two markers: rates, gaps of logits and their ranges.

They read the values `distances`, `asked`, `gap_before` and `gap_after` of a point.
"""

from collections.abc import Sequence

from textcnn.studies.shared.study import Rate, Results


def rates_by_distance(results: Results, point: str) -> dict[int, Rate]:
    """Accuracy at each distance, over all seeds."""
    values = results.of(point)
    return {
        distance: Rate.of(each["asked"][i] for each in values)
        for i, distance in enumerate(values[0]["distances"])
    }


def gaps_at(results: Results, point: str, key: str, distances: Sequence[int]) -> list[float]:
    """The gaps of the logits of a pair at these distances, for all seeds.

    Args:
        key: `gap_before` or `gap_after` training.
    """
    return [
        gap
        for values in results.of(point)
        for distance, gap in zip(values["distances"], values[key], strict=True)
        if distance in distances
    ]


def ranges(distances: Sequence[int]) -> str:
    """Such as `d = 1 to 4, 8`."""
    parts = [f"{run[0]} to {run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs(distances)]
    return "d = " + ", ".join(parts)


def runs(numbers: Sequence[int]) -> list[list[int]]:
    """Ascending numbers, split wherever one is missing."""
    found: list[list[int]] = []
    for number in numbers:
        if found and found[-1][-1] == number - 1:
            found[-1].append(number)
        else:
            found.append([number])
    return found
