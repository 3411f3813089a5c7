"""Measure the parts one by one; store each, and write its tables into the page."""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from exporting import measure_exports
from floor import measure_floor
from judging import measure_judging
from prediction import measure_prediction
from processes import measure_memory, measure_start
from reach import measure_reach
from report import check_page, write_report
from results import check_output, load_results, measured, save_results
from rivals import report_missing
from same import measure_same
from serving import measure_serving
from sets import Set, find_sets
from sweep import measure_sweep
from training import measure_training

from textcnn.training.loop import Interrupted


def measure_parts(options: argparse.Namespace) -> None:
    """
    Raises:
        InputError: an option or its file can't be used.
        KeyboardInterrupt: after Ctrl-C; the finished parts are stored.
    """
    results = load_results(options.output)
    check_output(options.output)
    if options.page:
        check_page(options.page, options.only)
    found = find_sets(options.data, 400 if options.quick else None)
    found = found[-1:] if options.quick else found
    report_missing()
    for number, part in enumerate(options.only, start=1):
        print(f"{part} ({number} of {len(options.only)})", flush=True)
        # each repetition of reach is a whole training run, so a smoke test does one
        repetitions = 1 if options.quick and part == "reach" else options.repetitions
        others = others_share()
        start = time.perf_counter()
        with tempfile.TemporaryDirectory() as place:
            try:
                rows = measure(part, found, Path(place), repetitions, options.quick)
            except Interrupted:  # training handles Ctrl-C itself
                raise KeyboardInterrupt from None
        print(f"  {part}: done in {time.perf_counter() - start:.0f} s", flush=True)
        # saved after every part, so that a failure later loses nothing
        results[part] = measured(rows, repetitions, others)
        save_results(results, options.output)
        if options.page:
            write_report(results, part, options.page)
    print(f"results: {options.output}")
    print(f"tables: {options.page or 'none (--quick)'}")


def measure(part: str, found: list[Set], place: Path, repetitions: int, quick: bool) -> list[Any]:
    match part:
        case "train":
            return measure_training(found, place, repetitions, quick)
        case "same":
            return measure_same(found, place, quick)
        case "predict":
            return measure_prediction(found, place, repetitions, quick)
        case "export":
            return measure_exports(found, place, repetitions, quick)
        case "start":
            return measure_start(found[0], place, repetitions, quick)
        case "judge":
            return measure_judging(found, place, repetitions, quick)
        case "serve":
            return measure_serving(found[0], place, repetitions, quick)
        case "memory":
            return measure_memory(found[0], place, repetitions, quick)
        case "reach":
            return measure_reach(found, place, repetitions, quick)
        case "sweep":
            return measure_sweep(repetitions, quick)
        case _:
            return measure_floor(repetitions, quick)


def others_share() -> float:
    """The fraction of the machine that other programs use, measured over one second."""
    share = float(psutil.cpu_percent(interval=1)) / 100
    if share > 0.1:
        print(
            f"  warning: other programs use {share:.0%} of this machine; measure on an idle one",
            flush=True,
        )
    return share
