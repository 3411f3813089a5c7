"""The command line; it imports nothing heavy, so that `--help` and errors appear at once."""

import argparse
from collections.abc import Sequence
from pathlib import Path

PARTS = (
    *("train", "same", "predict", "export", "start", "judge", "serve", "memory", "reach", "sweep"),
    "floor",
)
ROOT = Path(__file__).parents[2]
BENCH = ROOT / "outputs/bench"
QUICK = (
    "smoke test: few steps, sizes and texts, on the last data set only; doesn't touch docs/ unless "
    "--page is given"
)


def parse(arguments: Sequence[str], description: str | None) -> argparse.Namespace:
    """The options, with their defaults filled in.

    Raises:
        SystemExit: with code 2, after an error message.
    """
    parser = argparse.ArgumentParser(prog="python scripts/bench", description=description)
    parser.add_argument(
        "--data",
        type=folder,
        metavar="FOLDER",
        help="folder of mr.csv, trec_*.csv and imdb_*.parquet (default: only the bundled texts)",
    )
    parser.add_argument(
        "--only",
        type=parts,
        default=list(PARTS),
        metavar="PARTS",
        help=f"comma-separated parts (default: all of {','.join(PARTS)})",
    )
    parser.add_argument(
        "--repetitions",
        type=at_least_one,
        metavar="N",
        help="repetitions of each measurement (default: 5, or 2 with --quick)",
    )
    parser.add_argument("--quick", action="store_true", help=QUICK)
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="JSON file of results, in which parts that don't run keep theirs (default: "
        "outputs/bench/results.json, or outputs/bench/quick.json with --quick)",
    )
    parser.add_argument(
        "--page",
        type=Path,
        metavar="FILE",
        help="Markdown page whose tables are renewed (default: docs/performance.md, or none with "
        "--quick)",
    )
    options = parser.parse_args(arguments)
    options.repetitions = options.repetitions or (2 if options.quick else 5)
    options.output = options.output or BENCH / ("quick.json" if options.quick else "results.json")
    if not options.quick:
        options.page = options.page or ROOT / "docs/performance.md"
    return options


def parts(text: str) -> list[str]:
    chosen = text.split(",")
    if wrong := [part for part in chosen if part not in PARTS]:
        raise argparse.ArgumentTypeError(f"no part {wrong[0]!r}; the parts are {', '.join(PARTS)}")
    return chosen


def at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number, at least 1, got {text}; try 5")
    return int(text)


def folder(text: str) -> Path:
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(
            f"{text} is not a folder; give the one with the data files"
        )
    return Path(text)
