"""Texts by what they have in common: quartiles of numbers, values of a column."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

MOST_VALUES = 20  # of a column, the most frequent ones; others are one slice
OTHER, MISSING = "(other)", "(none)"


@dataclass(frozen=True)
class Values:
    """The value of each text, by its name."""

    codes: np.ndarray  # (texts,) int64, indices of `names`
    names: tuple[str, ...]

    @classmethod
    def of_cells(cls, cells: Sequence[Any]) -> "Values":
        """The values of a column, the most frequent first and numbers in order, or quartiles.

        Quartiles are for columns of numbers with more than MOST_VALUES values; they leave out
        missing cells, which are a value of their own: null, NaN and empty strings.
        """
        spelled = [spelled_cell(cell) for cell in cells]
        counts = Counter(spelled)
        present = [name for name in counts if name != MISSING]
        numbers = [as_number(name) for name in present]
        if len(present) > MOST_VALUES and all(np.isfinite(numbers)):
            by_name = dict(zip(present, numbers, strict=True)) | {MISSING: np.nan}
            return quartiles(np.array([by_name[name] for name in spelled]))
        names = [name for name, _ in counts.most_common(MOST_VALUES)]
        if all(np.isfinite(numbers)):
            names.sort(key=lambda name: (name == MISSING, as_number(name)))
        if len(counts) > MOST_VALUES:
            names.append(OTHER)
        places = {name: code for code, name in enumerate(names)}
        codes = [places.get(name, MOST_VALUES) for name in spelled]
        return cls(np.array(codes, np.int64), tuple(names))


def quartiles(numbers: np.ndarray) -> Values:
    """Four groups of about as many numbers; equal numbers are in the same group.

    Args:
        numbers: (texts,); nan is MISSING.
    """
    known = ~np.isnan(numbers)
    if not known.any():
        return Values(np.zeros(len(numbers), np.int64), (MISSING,))
    limits = np.unique(np.quantile(numbers[known], [0.25, 0.5, 0.75], method="lower"))
    codes = np.searchsorted(limits, numbers)  # the numbers up to a limit are before it
    codes[~known] = len(limits) + 1
    names = []
    for code in range(len(limits) + 1):
        members = numbers[known & (codes == code)]
        names.append(extent(members.min(), members.max()) if len(members) else "")
    return Values(codes, (*names, MISSING))


def extent(low: float, high: float) -> str:
    return shown(low) if low == high else f"{shown(low)} to {shown(high)}"


def shown(number: float) -> str:
    return f"{int(number):,}" if number == int(number) else f"{number:.4g}"


def spelled_cell(cell: Any) -> str:
    """A cell of a column as text."""
    if cell is None or cell == "":
        return MISSING
    return cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False)


def as_number(text: str) -> float:
    """nan: it is none."""
    try:
        return float(text)
    except ValueError:
        return float("nan")
