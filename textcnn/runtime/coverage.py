"""Which share of texts a classifier answers, and how often it errs on those, by threshold."""

import math
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

LONGEST = 10_000  # points of a stored curve


@dataclass(frozen=True)
class RiskCoverage:
    """The risk-coverage curve (El-Yaniv & Wiener 2010), from the highest threshold to the lowest.

    With a threshold, a classifier answers the texts whose most probable class has at least this
    probability. The coverage is their share of all texts, the risk the share of errors among them.
    """

    thresholds: tuple[float, ...]  # descending
    coverages: tuple[float, ...]  # ascending; the last is 1
    risks: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.thresholds)

    def threshold_for(self, coverage: float) -> float:
        """The highest threshold with which at least this share of texts is answered."""
        reached = (t for t, c in zip(self.thresholds, self.coverages, strict=True) if c >= coverage)
        return next(reached, 0.0)

    def threshold_for_risk(self, risk: float) -> float | None:
        """The lowest threshold whose risk is at most this; None: every risk is larger."""
        low = [t for t, r in zip(self.thresholds, self.risks, strict=True) if r <= risk]
        return low[-1] if low else None

    def at(self, threshold: float) -> tuple[float, float]:
        """Coverage and risk with a threshold; (0, 0): it is higher than all of the curve."""
        places = [place for place, t in enumerate(self.thresholds) if t >= threshold]
        return (self.coverages[places[-1]], self.risks[places[-1]]) if places else (0.0, 0.0)

    def as_json(self) -> dict[str, Any]:
        return {name: list(values) for name, values in asdict(self).items()}

    @classmethod
    def restore(cls, stored: Any) -> "RiskCoverage":
        """The curve that `as_json` turned into `stored`.

        Raises:
            KeyError, TypeError, ValueError: it is none.
        """
        columns = [stored[name] for name in ("thresholds", "coverages", "risks")]
        sound = all(
            isinstance(column, list)
            and len(column) == len(columns[0]) <= LONGEST
            and all(type(each) in (int, float) and 0 <= each <= 1 for each in column)
            for column in columns
        )
        if not sound:
            raise ValueError("expected three lists of as many numbers from 0 to 1")
        thresholds, coverages, risks = (tuple(map(float, column)) for column in columns)
        falling = all(a > b for a, b in pairwise(thresholds))
        rising = all(a < b for a, b in pairwise(coverages))
        if not (falling and rising) or not math.isclose(1.0, *coverages[-1:] or (1.0,)):
            raise ValueError("thresholds must fall and coverages rise to 1")
        return cls(thresholds, coverages, risks)
