"""What the command line may say; light, so that `--help` and what is wrong come at once."""

import argparse
from collections.abc import Sequence
from pathlib import Path

PARTS = ("train", "same", "predict", "start", "memory", "reach", "sweep", "floor")
ROOT = Path(__file__).parents[2]
BENCH = ROOT / "outputs/bench"
QUICK = (
    "whether it runs, in few steps, sizes and texts: measures the last data set found alone and "
    "leaves out the others; leaves docs/ alone"
)


def parse(arguments: Sequence[str], description: str | None) -> argparse.Namespace:
    """
    Raises:
        SystemExit: with code 2, after a line that says what is wrong.
    """
    parser = argparse.ArgumentParser(prog="python scripts/bench", description=description)
    parser.add_argument("--data", type=folder, help="folder of mr.csv, trec_*.csv, imdb_*.parquet")
    parser.add_argument("--only", type=parts, default=list(PARTS), help=",".join(PARTS))
    parser.add_argument("--repetitions", type=at_least_one, help="5; 2 of a quick look")
    parser.add_argument("--quick", action="store_true", help=QUICK)
    parser.add_argument("--output", type=Path, help="outputs/bench/results.json; or quick.json")
    parser.add_argument("--page", type=Path, help="docs/performance.md; none of a quick look")
    options = parser.parse_args(arguments)
    options.repetitions = options.repetitions or (2 if options.quick else 5)
    options.output = options.output or BENCH / ("quick.json" if options.quick else "results.json")
    if not options.quick:
        options.page = options.page or ROOT / "docs/performance.md"
    return options


def parts(text: str) -> list[str]:
    chosen = text.split(",")
    if wrong := [part for part in chosen if part not in PARTS]:
        raise argparse.ArgumentTypeError(f"no part {wrong[0]!r}; there are {', '.join(PARTS)}")
    return chosen


def at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number from 1 on; try 5")
    return int(text)


def folder(text: str) -> Path:
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"{text} is no folder; give the one that holds the files")
    return Path(text)
