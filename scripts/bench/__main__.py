"""Measure textcnn beside other programs: python scripts/bench --data FOLDER --only train,predict"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from floor import measure_floor
from prediction import measure_prediction
from processes import measure_memory, measure_start
from reach import measure_reach
from report import write_report
from results import load_results, measured, save_results
from rivals import tell_missing
from sets import Set, find_sets
from sweep import measure_sweep
from training import measure_training

PARTS = ("train", "predict", "start", "memory", "reach", "sweep", "floor")
FEW = {"memory": 3}  # repetitions at most, where there is little spread
ROOT = Path(__file__).parents[2]
BENCH = ROOT / "outputs/bench"


def main() -> None:
    options = parse()
    found = find_sets(options.data, 400 if options.quick else None)
    found = found[-1:] if options.quick else found
    tell_missing()
    results = load_results(options.output)
    for number, part in enumerate(options.only, start=1):
        print(f"{part} ({number} of {len(options.only)})", flush=True)
        repetitions = min(options.repetitions, FEW.get(part, options.repetitions))
        others = others_share()
        start = time.perf_counter()
        with tempfile.TemporaryDirectory() as place:
            rows = measure(part, found, Path(place), repetitions, options.quick)
        print(f"  {part}: {time.perf_counter() - start:.0f} s in all", flush=True)
        # after every part: what was measured is not lost with a later one
        results[part] = measured(rows, repetitions, others)
        save_results(results, options.output)
        if options.page:
            write_report(results, part, options.page)
    print(f"results: {options.output}")
    print(f"tables: {options.page or 'none, for they would be of a quick look'}")


def measure(part: str, found: list[Set], place: Path, repetitions: int, quick: bool) -> list[Any]:
    match part:
        case "train":
            return measure_training(found, place, repetitions, quick)
        case "predict":
            return measure_prediction(found, place, repetitions, quick)
        case "start":
            return measure_start(found[0], place, repetitions, quick)
        case "memory":
            return measure_memory(512 if quick else 4096, repetitions)
        case "reach":
            return measure_reach(found, place, quick)
        case "sweep":
            return measure_sweep(repetitions, quick)
        case _:
            return measure_floor(repetitions, quick)


def others_share() -> float:
    """The share of the machine that other programs take, while this one waits for a second."""
    share = float(psutil.cpu_percent(interval=1)) / 100
    if share > 0.1:
        print(
            f"  warning: other programs take {share:.0%} of this machine; measure on an idle one",
            flush=True,
        )
    return share


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python scripts/bench", description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of mr.csv, trec_*.csv, imdb_*.parquet")
    parser.add_argument("--only", type=parts, default=list(PARTS), help=",".join(PARTS))
    parser.add_argument("--repetitions", type=int, help="5; 2 of a quick look")
    parser.add_argument("--quick", action="store_true", help="small; leaves docs/ alone")
    parser.add_argument("--output", type=Path, help="outputs/bench/results.json; or quick.json")
    parser.add_argument("--page", type=Path, help="docs/performance.md; none of a quick look")
    options = parser.parse_args()
    options.repetitions = options.repetitions or (2 if options.quick else 5)
    options.output = options.output or BENCH / ("quick.json" if options.quick else "results.json")
    if not options.quick:
        options.page = options.page or ROOT / "docs/performance.md"
    return options


def parts(text: str) -> list[str]:
    chosen = text.split(",")
    if wrong := [part for part in chosen if part not in PARTS]:
        raise argparse.ArgumentTypeError(f"no part {wrong[0]}; there are {', '.join(PARTS)}")
    return chosen


if __name__ == "__main__":
    main()
