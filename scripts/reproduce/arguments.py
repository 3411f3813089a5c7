"""The command line; it imports nothing heavy, so that `--help` and errors appear at once."""

import argparse
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from baseline_names import BASELINE_NAMES
from experiments import EXPERIMENTS, existing
from options import at_least_one, folder
from sources import DATA

from textcnn.system.cores import available_cores

ROOT = Path(__file__).parents[2]
FOLDER = ROOT.parent / "shared" / "data"
PROGRAMS = {
    "results": "experiments and baselines into docs/results.md (the default)",
    "ablations": "variants of one recipe, with paired tests, into docs/ablations.md",
    "curves": "accuracy by the number of training rows, into docs/learning_curves.md",
    "characters": "characters beside words: typos, unknown words, word forms, into "
    "docs/characters.md",
}
DESCRIPTION = """\
Reproduce the published numbers: data sets x experiments x folds or seeds, beside linear baselines
on the same splits. Finished jobs are kept in --work and skipped, an interrupted one is resumed: the
same command continues. A job runs again when its resolved settings or its data have changed.

programs:
"""
EXAMPLES = """
examples:
  make reproduce
  make reproduce ARGS='--only kim2014_rand nbsvm --data mr'
  make reproduce DATA=folder ARGS='--data imdb --seeds 1'
  make reproduce ARGS='ablations --data trec'
  make reproduce ARGS=curves
"""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The options, with their defaults filled in.

    Raises:
        SystemExit: with code 2, after an error message.
    """
    programs = "".join(f"  {name:<11} {meaning}\n" for name, meaning in PROGRAMS.items())
    parser = argparse.ArgumentParser(
        prog="python scripts/reproduce",
        description=DESCRIPTION + programs,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_what(parser)
    add_how(parser)
    options = parser.parse_args(arguments)
    if options.hub and options.folder is not None:
        parser.error("--hub and --folder contradict each other; leave out one of the two")
    if options.folder is None and not options.hub and FOLDER.is_dir():
        options.folder = FOLDER
    if options.folder is not None:
        options.folder = options.folder.resolve()
    if options.only is not None and options.program == "results":
        known = [*existing(), *BASELINE_NAMES]
        for name in options.only:
            if name not in known:
                near = "".join(f"; try {each}" for each in get_close_matches(name, known, n=1))
                parser.error(f"--only takes {', '.join(known)}, got {name}{near}")
    if options.merge is not None and options.program != "results":
        parser.error(f"--merge renews the results alone; leave it out of {options.program}")
    options.jobs = options.jobs or available_cores()
    options.threads = max(available_cores() // options.jobs, 1)
    return options


def add_what(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "program", nargs="?", choices=PROGRAMS, default="results", help=argparse.SUPPRESS
    )
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="NAME",
        help="experiments (files of configs/experiment) and baselines "
        f"({', '.join(BASELINE_NAMES)}); an experiment that is not in the table of experiments.py "
        "runs on every data set (default: the table's "
        f"{len(EXPERIMENTS)}, as far as they have a file, and the baselines); for "
        "ablations words of a table's title, for curves and characters names of models",
    )
    parser.add_argument(
        "--data",
        nargs="+",
        type=str.lower,
        choices=DATA,
        metavar="SET",
        help=f"data sets: {', '.join(DATA)}",
    )
    parser.add_argument(
        "--folds", type=at_least_one, metavar="N", help="the first N folds of MR and Subj"
    )
    parser.add_argument(
        "--seeds", type=at_least_one, metavar="N", help="seeds 0 to N - 1 of the other data sets"
    )
    parser.add_argument(
        "--folder",
        type=folder,
        metavar="FOLDER",
        help="folder of mr.csv, subj.csv, trec_*.csv, sst2_*.csv and imdb_*.parquet (default: "
        "../shared/data if it is there, else the Hugging Face Hub)",
    )
    parser.add_argument("--hub", action="store_true", help="read the data sets from the Hub")


def add_how(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--jobs",
        type=at_least_one,
        metavar="N",
        help="processes at a time, which share the cores (default: one per core)",
    )
    parser.add_argument(
        "--work",
        type=Path,
        default=ROOT / "outputs" / "reproduce",
        metavar="FOLDER",
        help="folder of the jobs (default: outputs/reproduce)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FOLDER",
        help="folder of the pages and their JSON, in which parts that don't run keep theirs "
        "(default: docs, and the lines '# Measured:' of configs/experiment; those are rewritten "
        "only without this option)",
    )
    parser.add_argument(
        "--merge",
        type=Path,
        metavar="FILE",
        help="train nothing; take the entries of this results.json, measured on another machine",
    )
    parser.add_argument(
        "--list", action="store_true", help="train nothing; list the jobs that are left"
    )
