"""How sure a measure is: intervals that hold its true value with a probability of 95 %.

They say what another sample of texts from the same source would give. They say nothing about
texts of another source, nor about another training run.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy import sparse

Z = 1.959963984540054  # the 97.5 % quantile of the normal distribution
RESAMPLES = 1000
FEWEST_RESAMPLES = 100
# Drawn numbers in total and at a time; of more different cells fewer resamples are drawn.
DRAWN, DRAWN_AT_ONCE = 2**24, 2**22

Interval = tuple[float, float]
Places = list[tuple[np.ndarray, np.ndarray]]
# From the totals of resamples, (resamples, classes, 3), one or more numbers of each:
# (resamples, ...) float64, nan where undefined.
Measure = Callable[[np.ndarray], np.ndarray]


def wilson(right: float, count: float) -> Interval | None:
    """The interval of a share, such as accuracy (Wilson, 1927); None without texts.

    Unlike the normal approximation it stays within 0 and 1, also near them and of few texts.
    """
    if count == 0:
        return None
    share, z = right / count, Z * Z / count
    middle = (share + z / 2) / (1 + z)
    half = Z / (1 + z) * sqrt(share * (1 - share) / count + z / (4 * count))
    # at 0 and 1 rounding could leave out the share itself
    return min(max(middle - half, 0.0), share), max(min(middle + half, 1.0), share)


@dataclass(frozen=True)
class Cells:
    """Texts with the same truth and the same prediction, counted together."""

    counts: np.ndarray  # (cells,) int64: texts
    # (3 * classes, cells): whether the texts of a cell are right about a class, are predicted to
    # have it, and have it
    members: "sparse.csr_matrix"

    @classmethod
    def of_classes(cls, truth: np.ndarray, predicted: np.ndarray, classes: int) -> "Cells":
        """
        Args:
            truth, predicted: (texts,) int64
        """
        pairs, counts = np.unique(truth * classes + predicted, return_counts=True)
        true, answer = np.divmod(pairs, classes)
        cells = np.arange(len(pairs))
        right = true == answer
        places: Places = [(true[right], cells[right]), (answer, cells), (true, cells)]
        return cls(counts, stacked(places, classes, len(pairs)))

    @classmethod
    def of_sets(cls, truth: np.ndarray, predicted: np.ndarray) -> "Cells":
        """
        Args:
            truth, predicted: (texts, classes) bool
        """
        packed = np.hstack([np.packbits(truth, axis=1), np.packbits(predicted, axis=1)])
        kinds = np.ascontiguousarray(packed).view(f"V{packed.shape[1]}").ravel()
        _, first, counts = np.unique(kinds, return_index=True, return_counts=True)
        true, answer = truth[first], predicted[first]
        parts = (true & answer, answer, true)
        places: Places = [(part.nonzero()[1], part.nonzero()[0]) for part in parts]
        return cls(counts, stacked(places, truth.shape[1], len(first)))

    @property
    def classes(self) -> int:
        return int(self.members.shape[0] // 3)

    def totals(self, counts: np.ndarray) -> np.ndarray:
        """(resamples, classes, 3) int64

        Args:
            counts: (resamples, cells) texts in each cell.
        """
        summed = self.members @ counts.T  # (3 * classes, resamples)
        totals: np.ndarray = summed.reshape(3, self.classes, -1).transpose(2, 1, 0)
        return totals

    def resamples(self, seed: int, number: int = RESAMPLES) -> Iterator[np.ndarray]:
        """The totals of `number` draws of as many texts with replacement, some at a time.

        A draw of texts is a multinomial draw of cells, so that no text is drawn alone.
        """
        generator = np.random.default_rng(seed)
        texts, cells = int(self.counts.sum()), len(self.counts)
        number = min(number, max(DRAWN // cells, FEWEST_RESAMPLES))
        step = max(DRAWN_AT_ONCE // max(cells, 3 * self.classes), 1)
        for start in range(0, number, step):
            shares = self.counts / texts
            yield self.totals(generator.multinomial(texts, shares, min(step, number - start)))


def stacked(places: Places, classes: int, cells: int) -> "sparse.csr_matrix":
    """The `members` whose places (classes, cells) of its three parts are 1."""
    from scipy import sparse  # imported here: it takes a while

    rows = np.concatenate([rows + number * classes for number, (rows, _) in enumerate(places)])
    columns = np.concatenate([columns for _, columns in places])
    ones = np.ones(len(rows), np.int64)
    return sparse.csr_matrix((ones, (rows, columns)), shape=(3 * classes, cells))


def bootstrap(
    cells: Cells, measures: dict[str, Measure], *, seed: int = 0, resamples: int = RESAMPLES
) -> dict[str, np.ndarray]:
    """Percentile intervals of measures (Efron and Tibshirani, 1993, chapter 13).

    Args:
        seed: the same seed gives the same intervals.

    Returns:
        (..., 2) float64 by name; nan if a measure is undefined in most resamples.
    """
    drawn: dict[str, list[np.ndarray]] = {name: [] for name in measures}
    for totals in cells.resamples(seed, resamples):
        for name, measure in measures.items():
            drawn[name].append(measure(totals))
    return {name: percentiles(np.concatenate(values)) for name, values in drawn.items()}


def percentiles(values: np.ndarray) -> np.ndarray:
    """The middle 95 % of the numbers (resamples, ...) that are not nan: (..., 2)."""
    missing = np.isnan(values)
    mostly = missing.mean(axis=0) > 0.5
    # where all are missing, numpy would warn
    filled = np.where(mostly, 0.0, values)
    quantile = np.nanpercentile if missing.any() else np.percentile  # the first takes longer
    ends: np.ndarray = np.moveaxis(quantile(filled, [2.5, 97.5], axis=0), 0, -1)
    ends[mostly] = np.nan
    return ends
