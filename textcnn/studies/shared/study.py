"""What a study is: a question about networks, the answer of theory, and measurements."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Values = dict[str, Any]  # plain values, as in JSON

SAME_LOGITS = 1e-5  # largest difference of logits that count as equal
SAME_FEATURES = 1e-6  # largest difference of features that count as equal
WITHIN = 0.03  # largest difference of an accuracy that agrees with theory


@dataclass(frozen=True)
class Plan:
    """How much of a study to measure, and on which texts."""

    quick: bool  # only some of the points
    seeds: int  # measurements of each point that involves chance
    checkpoint: str  # a run or checkpoint directory, or ""
    data: Values  # keys of `data=`, for the studies on real texts; none for their default

    def pick(self, few: Sequence[Any], all: Sequence[Any]) -> Sequence[Any]:
        """`few` for a quick run, `all` otherwise."""
        return few if self.quick else all


@dataclass(frozen=True)
class Point:
    """One thing to measure, with one or more seeds."""

    name: str  # unique within a study
    settings: Values  # the argument of `Study.measure`
    seeds: int = 1


@dataclass(frozen=True)
class Measurement:
    point: Point
    seed: int
    values: Values


@dataclass(frozen=True)
class Results:
    """The measurements of a study, in the order of its points."""

    measurements: tuple[Measurement, ...]

    def points(self) -> list[Point]:
        return list({m.point.name: m.point for m in self.measurements}.values())

    def of(self, point: str) -> list[Values]:
        """The values of a point, one for each seed."""
        return [m.values for m in self.measurements if m.point.name == point]

    def first(self, point: str) -> Values:
        return self.of(point)[0]

    def rate(self, point: str) -> "Rate":
        """The accuracy at a point over all seeds; its values are those that `Rate.of` accepts."""
        return Rate.of(self.of(point))


@dataclass(frozen=True)
class Rate:
    """A fraction of texts, with its confidence interval.

    The interval counts each different text once. Repeating a text, or testing it with several
    seeds, does not narrow the interval.
    """

    correct: int
    texts: int
    different: int | None = None  # number of different texts; None: all are different
    seeds: tuple[float, ...] = ()  # the fraction for each seed

    @classmethod
    def of(cls, values: Iterable[Values]) -> "Rate":
        """Add up the values of all seeds: `correct`, `texts` and, if given, `different`."""
        values = list(values)
        return cls(
            sum(v["correct"] for v in values),
            sum(v["texts"] for v in values),
            min(v["different" if "different" in v else "texts"] for v in values),
            tuple(v["correct"] / v["texts"] for v in values),
        )

    @property
    def share(self) -> float:
        return self.correct / self.texts

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of a binomial fraction of the different texts (Wilson 1927)."""
        z, n, share = 1.96, self.different or self.texts, self.share
        middle = (share + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
        return max(middle - half, 0.0), min(middle + half, 1.0)

    def __str__(self) -> str:
        """The fraction, its interval over texts, and its range over seeds."""
        low, high = self.interval
        interval = f"{100 * low:.1f} to {100 * high:.1f}"
        if len(set(self.seeds)) > 1:
            interval += f"; seeds {100 * min(self.seeds):.1f} to {100 * max(self.seeds):.1f}"
        return f"{100 * self.share:.1f} % ({interval})"


@dataclass(frozen=True)
class Claim:
    """A prediction, the measurement, and whether they agree."""

    theorem: str  # T0 to T12; "" if no theorem covers it
    statement: str
    predicted: str
    measured: str
    holds: bool | None  # None: theory makes no prediction
    why: str = ""  # the reason, if it does not hold

    def as_json(self) -> Values:
        return dict(vars(self))


def scientific(number: float) -> str:
    return f"{number:.1e}" if number else "0"


def equal_logits(theorem: str, statement: str, difference: float) -> Claim:
    """Two texts must get the same logits."""
    same = difference <= SAME_LOGITS
    return Claim(theorem, statement, f"≤ {SAME_LOGITS:g}", scientific(difference), same)


def different_logits(theorem: str, statement: str, difference: float) -> Claim:
    """Two texts must get different logits, for random or trained weights."""
    other = difference > SAME_LOGITS
    return Claim(theorem, statement, f"> {SAME_LOGITS:g}", scientific(difference), other)


def same_features(theorem: str, statement: str, difference: float) -> Claim:
    """Two layers must compute the same features."""
    same = difference <= SAME_FEATURES
    return Claim(theorem, statement, f"≤ {SAME_FEATURES:g}", scientific(difference), same)


def accuracy(theorem: str, statement: str, predicted: float, rate: Rate, why: str = "") -> Claim:
    """A trained network must reach the predicted accuracy, within three points."""
    # rounded: 0.53 - 0.5 is a little more than 0.03
    holds = round(abs(rate.share - predicted), 9) <= WITHIN
    why = "" if holds else why
    return Claim(theorem, statement, f"{100 * predicted:.1f} %", str(rate), holds, why)


def silent(statement: str, measured: str) -> Claim:
    """A number for which theory makes no prediction."""
    return Claim("", statement, "–", measured, None)


@dataclass(frozen=True)
class Drawing:
    """A figure of the report; `caption` says what it shows."""

    name: str
    caption: str
    figure: "Figure"


@dataclass(frozen=True)
class Study:
    """A question, from the mathematics to the verdict.

    `points` lists what to measure. `measure` does it, in a separate process with one thread.
    `claims`, `drawings` and `table` turn the results into what the report shows.
    """

    name: str
    title: str
    question: str
    mathematics: str  # HTML, a few lines
    training: str  # a paragraph: how networks are trained and tested
    lesson: str  # a paragraph: the conclusion
    points: Callable[[Plan], list[Point]]
    measure: Callable[[Values, int], Values]
    claims: Callable[[Results], list[Claim]]
    drawings: Callable[[Results], list[Drawing]]
    table: Callable[[Results], list[list[str]]]  # the numbers; the first row is the header
    commands: tuple[str, ...] = field(default=())  # each shows the same with one training run


def agrees(claims: Sequence[Claim]) -> bool:
    """Whether no prediction of theory fails."""
    return all(claim.holds is not False for claim in claims)


def verdict(claims: Sequence[Claim]) -> str:
    """A clause that says how many predictions of theory hold."""
    predicted = [claim for claim in claims if claim.holds is not None]
    failed = sum(not claim.holds for claim in predicted)
    if not failed:
        return f"agrees with theory: {len(predicted)} of {len(predicted)} claims"
    holds = "does not hold" if failed == 1 else "do not hold"
    return f"disagrees with theory: {failed} of {len(predicted)} claims {holds}"
