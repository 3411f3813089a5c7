"""What validation texts tell of a trained classifier: how to correct its probabilities, when not
to answer, and which texts are unlike those of training."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from textcnn.errors import InputError
from textcnn.runtime.coverage import RiskCoverage

if TYPE_CHECKING:
    from torch import Tensor

A = TypeVar("A", "np.ndarray", "Tensor")
# Limits of a scaling, far beyond what texts ask for: the factor is from 1/20 to 20.
LARGEST_FACTOR = 20.0
LARGEST_OFFSET = 10.0
MOST = 2**53  # a count in JSON


@dataclass(frozen=True)
class Calibration:
    """Temperature or Platt scaling of logits, and two limits for a classifier's answers.

    With one class per text, logits are divided by a temperature (Guo et al. 2017). For label sets
    they are multiplied by a slope, and an offset is added, one of each per label (Platt 2000).
    Temperature and slopes are positive, so that they leave the order of texts and classes alone.
    """

    temperature: float = 1.0  # one class per text
    slopes: tuple[float, ...] | None = None  # label sets: (labels,)
    offsets: tuple[float, ...] | None = None  # likewise
    texts: int = field(default=0, kw_only=True)  # validation texts that chose all this
    # how often the classifier errs on the texts that it answers; None: label sets, or no texts
    coverage: RiskCoverage | None = field(default=None, kw_only=True)
    # the share of unseen n-grams above which a text is unlike training; None: unknown
    unfamiliar_limit: float | None = field(default=None, kw_only=True)
    # ids from here on are of tokens that training never saw, such as words that only pretrained
    # vectors know; None: there are none
    seen_ids: int | None = field(default=None, kw_only=True)

    @property
    def scales(self) -> bool:
        """Whether it changes any logit."""
        if self.slopes is None or self.offsets is None:
            return self.temperature != 1
        return any(slope != 1 for slope in self.slopes) or any(self.offsets)

    def scaled(self, logits: A) -> A:
        """Logits (texts, classes) whose probabilities fit the validation texts."""
        if not self.scales:
            return logits
        if self.slopes is None or self.offsets is None:
            return logits / self.temperature
        if isinstance(logits, np.ndarray):
            slopes, offsets = (np.array(x, logits.dtype) for x in (self.slopes, self.offsets))
        else:
            slopes, offsets = map(logits.new_tensor, (self.slopes, self.offsets))
        return logits * slopes + offsets

    def moved(self, thresholds: Sequence[float]) -> tuple[float, ...]:
        """The thresholds of scaled probabilities with which label sets stay the same."""
        if not self.scales or self.slopes is None or self.offsets is None:
            return tuple(thresholds)
        rows = zip(thresholds, self.slopes, self.offsets, strict=True)
        return tuple(probability(log_odds(t) * slope + offset) for t, slope, offset in rows)

    def moved_back(self, thresholds: Sequence[float]) -> tuple[float, ...]:
        """The inverse of `moved`."""
        if not self.scales or self.slopes is None or self.offsets is None:
            return tuple(thresholds)
        rows = zip(thresholds, self.slopes, self.offsets, strict=True)
        return tuple(probability((log_odds(t) - offset) / slope) for t, slope, offset in rows)

    def threshold_for(self, coverage: float) -> float:
        """The probability from which about this share of texts is answered.

        Raises:
            InputError: no validation texts told it.
        """
        if self.coverage is None or not len(self.coverage):
            raise InputError(
                f"coverage={coverage:g} needs a classifier that was calibrated on validation "
                "texts, which this checkpoint was not; train again, or give threshold=0.8"
            )
        return self.coverage.threshold_for(coverage)

    def as_json(self) -> dict[str, Any]:
        scaling: dict[str, Any] = {"temperature": self.temperature}
        if self.slopes is not None and self.offsets is not None:
            scaling = {"slopes": list(self.slopes), "offsets": list(self.offsets)}
        return {
            "texts": self.texts,
            **scaling,
            "coverage": None if self.coverage is None else self.coverage.as_json(),
            "unfamiliar_limit": self.unfamiliar_limit,
            "seen_ids": self.seen_ids,
        }

    def summary(self) -> dict[str, Any]:
        """`as_json` without the curve."""
        return {name: value for name, value in self.as_json().items() if name != "coverage"}

    @classmethod
    def restore(cls, stored: Any, labels: int | None) -> "Calibration":
        """The calibration that `as_json` turned into `stored`.

        Args:
            labels: of label sets; None: one class per text.

        Raises:
            KeyError, TypeError, ValueError: it is none, or one of another classifier.
        """
        temperature, slopes, offsets = 1.0, None, None
        if labels is None:
            temperature = within(stored["temperature"], 1 / LARGEST_FACTOR, LARGEST_FACTOR)
        else:
            slopes = listed(stored["slopes"], labels, 1 / LARGEST_FACTOR, LARGEST_FACTOR)
            offsets = listed(stored["offsets"], labels, -LARGEST_OFFSET, LARGEST_OFFSET)
        coverage, limit, seen = (
            stored[name] for name in ("coverage", "unfamiliar_limit", "seen_ids")
        )
        for count in (stored["texts"], 0 if seen is None else seen):
            if type(count) is not int or not 0 <= count < MOST:
                raise ValueError(f"expected a count, got {count!r:.40}")
        return cls(
            temperature,
            slopes,
            offsets,
            texts=stored["texts"],
            coverage=None if coverage is None else RiskCoverage.restore(coverage),
            unfamiliar_limit=None if limit is None else within(limit, 0, 1),
            seen_ids=seen,
        )


def within(value: Any, low: float, high: float) -> float:
    """
    Raises:
        ValueError: it is not a number from `low` to `high`.
    """
    # a bool is an int; nan compares as False
    if type(value) not in (int, float) or not low <= value <= high:
        raise ValueError(f"expected a number from {low:g} to {high:g}, got {value!r:.40}")
    return float(value)


def listed(values: Any, count: int, low: float, high: float) -> tuple[float, ...]:
    """
    Raises:
        ValueError: it is not a list of so many numbers from `low` to `high`.
    """
    if not isinstance(values, list) or len(values) != count:
        raise ValueError(f"expected {count} numbers, one per label")
    return tuple(within(each, low, high) for each in values)


def log_odds(probability: float) -> float:
    if probability in (0, 1):
        return math.copysign(math.inf, probability - 0.5)
    return math.log(probability) - math.log1p(-probability)


def probability(log_odds: float) -> float:
    """The inverse of `log_odds`, without overflow."""
    if log_odds < 0:
        return math.exp(log_odds) / (1 + math.exp(log_odds))
    return 1 / (1 + math.exp(-log_odds))
