"""Measure textcnn beside other programs: python scripts/bench --data FOLDER --only train,predict"""

import argparse
import json
import os
import platform
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from floor import measure_floor
from prediction import measure_prediction
from processes import measure_memory, measure_reach, measure_start
from report import write_report
from rivals import tell_missing
from sets import find_sets
from sweep import measure_sweep
from training import measure_training

PARTS = ("train", "predict", "start", "memory", "reach", "sweep", "floor")
ROOT = Path(__file__).parents[2]


def main() -> None:
    options = parse()
    repetitions = 2 if options.quick else options.repetitions
    found = find_sets(options.data, 400 if options.quick else None)
    tell_missing()
    results: dict[str, Any] = {"machine": machine(repetitions)}
    print(results["machine"])
    for part in options.only:
        print(part, flush=True)
        start = time.perf_counter()
        with tempfile.TemporaryDirectory() as place:
            folder, quick = Path(place), options.quick
            results[part] = {
                "train": lambda: measure_training(found, folder, repetitions, quick),
                "predict": lambda: measure_prediction(found, folder, repetitions, quick),
                "start": lambda: measure_start(found[0], folder, repetitions, quick),
                "memory": lambda: measure_memory(512 if quick else 4096, repetitions),
                "reach": lambda: measure_reach(found, quick),
                "sweep": lambda: measure_sweep(repetitions, quick),
                "floor": lambda: measure_floor(repetitions, quick),
            }[part]()
        print(f"  {part}: {time.perf_counter() - start:.0f} s in all", flush=True)
        # after every part: what was measured is not lost with a later one
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(json.dumps(results, indent=1))
    print(f"results: {options.output}")
    if not options.quick or options.page != ROOT / "docs/performance.md":
        write_report(results, options.page)
        print(f"tables: {options.page}")


def machine(repetitions: int) -> str:
    return (
        f"*{time.strftime('%Y-%m-%d')}; {os.cpu_count()} cores, {torch.get_num_threads()} threads, "
        f"{platform.machine()}, {torch.backends.cpu.get_cpu_capability()}; "
        f"Python {platform.python_version()}, torch {torch.__version__}; "
        f"medians of {repetitions} alternating repetitions; ± is half the range.*"
    )


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python scripts/bench", description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of mr.csv, trec_*.csv, imdb_*.parquet")
    parser.add_argument("--only", type=parts, default=list(PARTS), help=",".join(PARTS))
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="small, twice; leaves docs/ alone")
    parser.add_argument("--output", type=Path, default=ROOT / "outputs/bench/results.json")
    parser.add_argument("--page", type=Path, default=ROOT / "docs/performance.md")
    return parser.parse_args()


def parts(text: str) -> list[str]:
    chosen = text.split(",")
    if wrong := [part for part in chosen if part not in PARTS]:
        raise argparse.ArgumentTypeError(f"no part {wrong[0]}; there are {', '.join(PARTS)}")
    return chosen


if __name__ == "__main__":
    main()
