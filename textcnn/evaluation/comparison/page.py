"""A comparison as one HTML page, without scripts, fonts or pictures from elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

import textcnn
from textcnn.evaluation.comparison.pairs import Comparison
from textcnn.evaluation.comparison.result import Result
from textcnn.evaluation.comparison.tables import (
    difference_rows,
    score_rows,
    setting_rows,
    verdict,
)
from textcnn.system.atomic import new_file
from textcnn.system.escapes import in_one_line


@dataclass(frozen=True)
class Bar:
    """A difference with its interval, in percent of the width of the drawing."""

    name: str
    words: str
    low: float
    middle: float
    high: float
    verdict: str


def write_page(path: Path, result: Result) -> None:
    """Write the page; names and settings are escaped."""
    environment = Environment(
        loader=PackageLoader("textcnn.evaluation.comparison"),
        autoescape=True,
        undefined=StrictUndefined,
    )
    bars, zero = drawn(result.comparisons)
    page = environment.get_template("comparison.html.j2").render(
        version=textcnn.__version__,
        result=result,
        left_out=[(in_one_line(str(each.directory)), each.reason) for each in result.left_out],
        scores=score_rows(result),
        settings=setting_rows(result),
        differences=difference_rows(result),
        bars=bars,
        zero=zero,
    )
    with new_file(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def drawn(comparisons: Sequence[Comparison]) -> tuple[list[Bar], float]:
    """The intervals of all comparisons on one scale, and where 0 is."""
    ends = [0.0]
    for each in comparisons:
        ends += [each.over_texts.low, each.over_texts.high]
    least, width = min(ends), (max(ends) - min(ends)) or 1.0

    def place(points: float) -> float:
        return 2 + 96 * (points - least) / width

    bars = []
    for each in comparisons:
        found = each.over_texts
        words = f"{found.points:+.2f} points, 95 %: {found.low:+.2f} to {found.high:+.2f}"
        low, middle, high = (place(points) for points in (found.low, found.points, found.high))
        bars.append(Bar(each.ours, words, low, middle, high, verdict(each)))
    return bars, place(0.0)
