"""What a study is: a question put to networks, what theory answers, and what was measured."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Values = dict[str, Any]  # plain values, as JSON keeps them

SAME_LOGITS = 1e-5  # the largest difference of two logits that count as equal
WITHIN = 0.03  # an accuracy agrees with theory when it is no farther off


@dataclass(frozen=True)
class Plan:
    """What of a study is asked for."""

    quick: bool  # fewer points
    seeds: int  # measurements of a point that is drawn by chance
    checkpoint: str  # a run or checkpoint directory, or ""
    data: Values  # the keys of `DataConfig`, for the studies of real texts

    def pick(self, few: Sequence[Any], all: Sequence[Any]) -> Sequence[Any]:
        """The points of a quick look, or all."""
        return few if self.quick else all


@dataclass(frozen=True)
class Point:
    """One thing to measure, with so many seeds."""

    name: str  # each of a study has its own
    settings: Values  # what `Study.measure` takes
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
        """What was measured at a point, a seed after the other."""
        return [m.values for m in self.measurements if m.point.name == point]

    def first(self, point: str) -> Values:
        return self.of(point)[0]

    def rate(self, point: str) -> "Rate":
        """The accuracy at a point whose values are those of `Rate.of`, over all seeds."""
        return Rate.of(self.of(point))


@dataclass(frozen=True)
class Rate:
    """A share of texts, with what chance leaves open.

    A text that was asked several times, or of networks of several seeds, is one text: asked again
    it would be answered alike, so it narrows the interval no further.
    """

    correct: int
    texts: int
    different: int | None = None  # texts; None: all of them
    seeds: tuple[float, ...] = ()  # the shares of networks that were drawn and trained anew

    @classmethod
    def of(cls, values: Iterable[Values]) -> "Rate":
        """Over all seeds: `correct` of so many `texts`, so many of them `different` (or all)."""
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
        """95 % of a binomial share of the different texts (Wilson 1927)."""
        z, n, share = 1.96, self.different or self.texts, self.share
        middle = (share + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
        return max(middle - half, 0.0), min(middle + half, 1.0)

    def __str__(self) -> str:
        """The interval is of other texts; how far networks differ, the seeds say."""
        low, high = self.interval
        one_to_other = f"{100 * low:.1f} to {100 * high:.1f}"
        if len(set(self.seeds)) > 1:
            one_to_other += f"; seeds {100 * min(self.seeds):.1f} to {100 * max(self.seeds):.1f}"
        return f"{100 * self.share:.1f} % ({one_to_other})"


@dataclass(frozen=True)
class Claim:
    """What theory says of something that was measured, and whether it is so."""

    theorem: str  # T0 to T12; "" where no theorem speaks
    statement: str
    predicted: str
    measured: str
    holds: bool | None  # None: theory is silent, the number stands by itself
    why: str = ""  # what is known of it where it does not hold

    def as_json(self) -> Values:
        return dict(vars(self))


def scientific(number: float) -> str:
    return f"{number:.1e}" if number else "0"


def equal_logits(theorem: str, statement: str, difference: float) -> Claim:
    """Two texts must get the same logits."""
    same = difference <= SAME_LOGITS
    return Claim(theorem, statement, f"≤ {SAME_LOGITS:g}", scientific(difference), same)


def different_logits(theorem: str, statement: str, difference: float) -> Claim:
    """Two texts must get different logits, for weights that were drawn by chance or trained."""
    other = difference > SAME_LOGITS
    return Claim(theorem, statement, f"> {SAME_LOGITS:g}", scientific(difference), other)


def accuracy(theorem: str, statement: str, predicted: float, rate: Rate, why: str = "") -> Claim:
    """A trained network must be as good as theory says, within three points."""
    # rounded: 0.53 - 0.5 is a little more than 0.03
    holds = round(abs(rate.share - predicted), 9) <= WITHIN
    why = "" if holds else why
    return Claim(theorem, statement, f"{100 * predicted:.1f} %", str(rate), holds, why)


def silent(statement: str, measured: str) -> Claim:
    """A number of which theory says nothing."""
    return Claim("", statement, "–", measured, None)


@dataclass(frozen=True)
class Drawing:
    """A figure of the report; `caption` says what is to be seen in it."""

    name: str
    caption: str
    figure: "Figure"


@dataclass(frozen=True)
class Study:
    """A question, from the mathematics to the verdict.

    `points` says what is to be measured, `measure` does it, in a process of its own and with one
    thread; `claims`, `drawings` and `table` make of the results what is shown.
    """

    name: str
    title: str
    question: str
    mathematics: str  # HTML, a few lines
    training: str  # a paragraph: on what networks are trained and asked, and what was tried
    lesson: str  # a paragraph: what to take home
    points: Callable[[Plan], list[Point]]
    measure: Callable[[Values, int], Values]
    claims: Callable[[Results], list[Claim]]
    drawings: Callable[[Results], list[Drawing]]
    table: Callable[[Results], list[list[str]]]  # the numbers, a header first
    commands: tuple[str, ...] = field(default=())  # that show the same with one training run


def agrees(claims: Sequence[Claim]) -> bool:
    """Whether all that theory says was found."""
    return all(claim.holds is not False for claim in claims)


def verdict(claims: Sequence[Claim]) -> str:
    spoken = [claim for claim in claims if claim.holds is not None]
    right = sum(bool(claim.holds) for claim in spoken)
    if right == len(spoken):
        return f"agrees with theory: {right} of {len(spoken)} claims"
    wrong = len(spoken) - right
    holds = "does not hold" if wrong == 1 else "do not hold"
    return f"disagrees with theory: {wrong} of {len(spoken)} claims {holds}"
