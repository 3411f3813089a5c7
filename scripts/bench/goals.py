"""The goals of textcnn, and whether the results meet them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from results import Results
from tables import Row, number, percent, table


@dataclass(frozen=True)
class Goal:
    """A limit on a number in the results of a part; of several rows, the worst one counts.

    Attributes:
        row: keys and values that select the rows.
        against: another program, whose accuracy is shown too.
        pattern: the format of the measured number.
    """

    what: str
    part: str
    row: dict[str, str]
    key: str
    limit: float
    at_most: bool = False
    against: str | None = None
    pattern: str = "{:.2f} ×"
    scale: float = 1.0

    def found(self, results: Results, name: str | None = None) -> Any:
        """The worst of the selected rows, or of another program's; None if nothing was measured."""
        wanted = self.row | ({"name": name} if name else {})
        rows = results.get(self.part, {}).get("rows", ())
        chosen = [r for r in rows if all(r.get(k) == v for k, v in wanted.items())]
        worst = max if self.at_most else min
        missing = math.inf if self.at_most else -math.inf
        return worst(
            chosen,
            key=lambda row: missing if row[self.key] is None else row[self.key],
            default=None,
        )

    def line(self, results: Results) -> Row:
        row = self.found(results)
        unit = self.pattern.split()[-1]
        limit = f"{'≤' if self.at_most else '≥'} {self.limit * self.scale:.3g} {unit}"
        if row is None:
            return (self.what, limit, "–", "not measured", "", "")
        value = row[self.key]
        met = value is not None and (value <= self.limit if self.at_most else value >= self.limit)
        names = [n for n in (self.row.get("name"), self.against) if n]
        each = [(name, self.found(results, name)) for name in names]
        accuracies = [f"{n} {percent(r['accuracy'])}" for n, r in each if r and "accuracy" in r]
        return (
            self.what,
            limit,
            number(value, self.pattern, self.scale),
            "met" if met else "**missed**",
            ", ".join(accuracies),
            results[self.part]["when"],
        )


def training(name: str, model: str, precision: str, limit: float) -> Goal:
    return Goal(
        f"training, {name}, {model}, {precision}, vs. usual",
        "train",
        {"set": name, "model": model, "name": f"textcnn {precision}"},
        "against_usual",
        limit,
        against="usual fp32",
    )


def prediction(name: str, other: str, key: str, limit: float) -> Goal:
    row = {"set": name, "name": "textcnn"}
    what = f"prediction, {name}, vs. {other.removesuffix(' fp32')}"
    return Goal(what, "predict", row, key, limit, against=other)


def waiting(what: str, data: str, program: str, seconds: float) -> Goal:
    row = {"set": data, "name": program}
    return Goal(what, "judge", row, "seconds", seconds, at_most=True, pattern="{:.1f} s")


def exported(data: str, key: str, what: str, limit: float, pattern: str) -> Goal:
    row = {"set": data, "name": "n-grams"}
    at_most = key != "against_fasttext"
    what = f"textcnn.runtime, {data}, n-grams, {what}"
    return Goal(what, "export", row, key, limit, at_most=at_most, pattern=pattern)


def small(size: str, points: float) -> Goal:
    row = {"name": f"default model in {size}"}
    what = f"points lost on news in {size}, worst seed"
    pattern = "{:.2f} points"
    return Goal(what, "export", row, "points_lost", points, at_most=True, pattern=pattern)


GOALS = (
    training("MR", "word CNN", "fp32", 10),
    training("IMDB", "word CNN", "fp32", 10),
    training("IMDB", "word CNN", "bf16", 15),
    training("IMDB", "character CNN", "fp32", 2),
    training("IMDB", "character CNN", "bf16", 4),
    Goal(
        "test accuracy on TREC, fast vs. plain path, worst seed",
        "same",
        {"set": "TREC"},
        "points",
        0.3,
        at_most=True,
        pattern="{:.1f} points",
    ),
    *(prediction(name, "fastText", "against_fasttext", 1) for name in ("MR", "IMDB")),
    *(prediction(name, "usual fp32", "against_usual", 40) for name in ("MR", "IMDB")),
    Goal(
        "time to 88 % validation accuracy on IMDB",
        "reach",
        {"set": "IMDB", "name": "textcnn fp32"},
        "seconds",
        40,
        at_most=True,
        pattern="{:.1f} s",
    ),
    Goal(
        "predict, one line, whole program",
        "start",
        {"name": "predict, one line"},
        "seconds",
        3,
        at_most=True,
        pattern="{:.1f} s",
    ),
    *(
        exported(name, "against_fasttext", "vs. fastText", limit, "{:.2f} ×")
        for name, limit in (("MR", 1.2), ("TREC", 1.2), ("IMDB", 1.5))
    ),
    exported("MR", "milliseconds_of_one", "one text", 0.08, "{:.3f} ms"),
    exported("MR", "start_seconds", "start to first prediction", 0.25, "{:.2f} s"),
    Goal(
        "textcnn.runtime, MR, n-grams, memory beside the tables",
        "export",
        {"set": "MR", "name": "n-grams"},
        "bytes_beside",
        60e6,
        at_most=True,
        pattern="{:.0f} MB",
        scale=1e-6,
    ),
    small("1MB", 0.5),
    small("100KB", 2),
    waiting("explain, one text, whole program", "bundled", "explain, one text", 2.5),
    waiting("audit of the bundled run", "bundled", "audit", 60),
    waiting("evaluate on the test texts of IMDB", "IMDB", "evaluate", 25),
    *(
        Goal(
            f"serve, 99 % of single-text requests at 500 a second, {texts}",
            "serve",
            {"kind": "steady", "name": texts},
            "p99",
            5,
            at_most=True,
            pattern="{:.2f} ms",
        )
        for texts in ("sentences", "whole texts")
    ),
    Goal(
        "serve, growth of memory over 1.8 million texts",
        "serve",
        {"kind": "memory"},
        "growth",
        0.02,
        at_most=True,
        pattern="{:.1f} %",
        scale=100,
    ),
    Goal(
        "memory of a training step on 4,096 tokens, vs. usual",
        "memory",
        {"name": "textcnn fp32"},
        "share",
        1 / 3,
        at_most=True,
        pattern="{:.1f} %",
        scale=100,
    ),
)


def goals_table(results: Results, goals: Sequence[Goal] = GOALS) -> str:
    head = ("goal", "limit", "measured", "result", "test accuracy", "date")
    return table(head, [goal.line(results) for goal in goals])
