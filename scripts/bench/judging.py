"""How long a person waits until a classifier is judged: evaluate, explain, audit, start to end."""

import sys
from functools import partial
from pathlib import Path
from typing import Any

from measure import alternate
from processes import finish, seconds_of
from sets import Set

TEXT = "text=The striker scored twice in the second half"


def measure_judging(found: list[Set], place: Path, repetitions: int, quick: bool) -> list[Any]:
    """Seconds of each program in a new process, on the first and on the last data set."""
    chosen = [found[0], found[-1]] if len(found) > 1 else found
    return [row for each in chosen for row in judge(each, place / each.name, repetitions, quick)]


def judge(each: Set, run_dir: Path, repetitions: int, quick: bool) -> list[Any]:
    """The programs on one data set, with the default model or, of thousands of texts, n-grams."""
    small = each.name == "bundled" or quick
    model = ("training.epochs=2",) if small else ("model=ngrams",)
    train = (sys.executable, "-m", "textcnn.train", f"run_dir={run_dir}", "report=false")
    finish((*train, *each.overrides, *model))
    given = (f"checkpoint={run_dir}", "overwrite=true")

    def program(name: str, *more: str) -> partial[float]:
        command = (sys.executable, "-m", f"textcnn.{name}", given[0], *more)
        return partial(seconds_of, command)

    programs = {"explain, one text": program("explain", TEXT)}
    if not quick:
        scored = f"run_dir={run_dir / 'evaluation'}"
        programs["evaluate"] = program("evaluate", given[1], scored)
    if small and not quick:
        programs["audit"] = program("audit", given[1], f"run_dir={run_dir / 'audit'}")
    measured = alternate(programs, repetitions)
    print(f"  {each.name}:", {name: f"{took.median:.2f} s" for name, took in measured.items()})
    return [
        {"set": each.name, "name": name, "seconds": took.median, "spread": took.spread}
        for name, took in measured.items()
    ]
