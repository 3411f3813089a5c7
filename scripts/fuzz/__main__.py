"""Feed textcnn damaged and hostile input for some seconds, and count how it ends.

    python scripts/fuzz --seconds 300 --seed 1
    python scripts/fuzz --only overrides files

A program must end with exit code 0, 2 or 130, without a traceback, with lines of at most 500
characters and without control characters. Every failure is printed with the command or the file
that repeats it; a run with the same seed makes the same cases.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from cases import KINDS, Case, Place
from programs import Outcome, carry_out, fault


def main() -> None:
    options = parse(sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="textcnn-fuzz-") as folder:
        failures, counts = fuzz(options, Place(Path(folder)))
    for kind in options.only:
        ended = ", ".join(f"{how} {n}" for (of, how), n in sorted(counts.items()) if of == kind)
        print(f"{kind:<12} {ended or 'no case'}")
    print(f"{sum(counts.values())} cases, {len(failures)} failures")
    sys.exit(1 if failures else 0)


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python scripts/fuzz",
        description="Feed textcnn damaged and hostile input, and count how it ends.",
    )
    parser.add_argument("--seconds", type=float, default=120, help="how long (default 120)")
    parser.add_argument("--seed", type=int, default=0, help="of the cases (default 0)")
    parser.add_argument("--only", nargs="+", choices=KINDS, default=[*KINDS], metavar="KIND")
    parser.add_argument("--cases", type=int, help="end after so many (default: no limit)")
    return parser.parse_args(arguments)


def fuzz(options: argparse.Namespace, place: Place) -> tuple[list[str], Counter[tuple[str, str]]]:
    """Carry out cases of all kinds in turn.

    Returns:
        A line about each failure; how many cases of each kind ended how.
    """
    counts: Counter[tuple[str, str]] = Counter()
    failures: list[str] = []
    assert place.run  # which is trained before time counts
    deadline = time.monotonic() + options.seconds
    number = 0
    while time.monotonic() < deadline and (options.cases is None or number < options.cases):
        kind = options.only[number % len(options.only)]
        draw = random.Random(f"{options.seed} {number}")
        case = KINDS[kind](draw, place)
        outcome = carry_out(case)
        counts[kind, how(outcome)] += 1
        if found := fault(outcome):
            failures.append(report(number, kind, case, outcome, found))
            print(failures[-1], flush=True)
        number += 1
    return failures, counts


def how(outcome: Outcome) -> str:
    ends = {0: "fine", 2: "refused", 130: "interrupted"}
    return "failed" if outcome.code is None else ends.get(outcome.code, "failed")


def report(number: int, kind: str, case: Case, outcome: Outcome, found: str) -> str:
    said = outcome.err.strip().splitlines()
    return (
        f"case {number} ({kind}): {found}\n"
        f"  {case.title}\n"
        f"  exit code {outcome.code}; it said {said[-1:] or 'nothing'}"
    )


if __name__ == "__main__":
    main()
