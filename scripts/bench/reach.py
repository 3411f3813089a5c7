"""The time from raw texts to a given validation accuracy."""

import itertools
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from math import inf
from pathlib import Path
from typing import Any

import rivals
import usual
from measure import Measured, faster_threads, with_threads
from processes import finish
from sets import KIM, TESTED, Ours, Set, accuracy_of, sample
from tensorboard.backend.event_processing.event_accumulator import (  # type: ignore[import-untyped]
    EventAccumulator,
)
from training import usual_rate, usual_training

from textcnn.config.stored import parse_train_config

# The target accuracy and the best known configuration; change them only with a measurement.
TARGETS: dict[str, tuple[float, tuple[str, ...]]] = {
    "MR": (0.74, KIM),
    "TREC": (0.84, KIM),
    "IMDB": (
        0.88,
        (
            "model=multi_width",
            "model.kernel_sizes=[1,2,3]",
            "model.num_filters=200",
            "model.embedding_dim=100",
            "optimizer.learning_rate=0.001",
            "training.epochs=4",
        ),
    ),
}
SPEED = "train/texts_per_second"  # averaged from the start of the epoch
CAP = 90.0  # maximum training time of the usual implementation in seconds


def measure_reach(found: list[Set], place: Path, repetitions: int, quick: bool) -> list[Any]:
    """One row per data set and program; textcnn's are medians over several runs."""
    rows: list[Any] = []
    for each in (
        found if len(found) == 1 else found[1:]
    ):  # skip the bundled texts if there are others
        goal, settings = TARGETS.get(each.name, (0.9, KIM))
        overrides = (*each.overrides, *settings)
        measured = our_rows(overrides, goal, repetitions, quick)
        ours = Ours(overrides, place)
        measured["usual fp32"] = usual_row(ours, goal, 1.0 if quick else CAP)
        measured |= rival_rows(ours, goal)
        for name, row in measured.items():
            rows.append({"name": name, "goal": goal, "set": each.name, **row})
            print(" ", rows[-1], flush=True)
    return rows


def our_rows(
    overrides: tuple[str, ...], goal: float, repetitions: int, quick: bool
) -> dict[str, dict[str, Any]]:
    """Both precisions in turn, so that a busy machine slows both down."""
    runs: dict[str, list[dict[str, Any]]] = {"fp32": [], "bf16": []}
    for _ in range(repetitions):
        for precision, done in runs.items():
            done.append(our_run((*overrides, f"training.precision={precision}"), goal, quick))
    return {f"textcnn {precision}": medians(done) for precision, done in runs.items()}


def medians(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The median of each number; a run that missed the accuracy counts as the slowest."""
    times = Measured(tuple(inf if run["seconds"] is None else run["seconds"] for run in runs))
    row: dict[str, Any] = {
        key: None if None in numbers else statistics.median(numbers)
        for key in runs[0]
        for numbers in [[run[key] for run in runs]]
    }
    row["seconds"] = times.median if times.median < inf else None
    row["spread"] = times.spread if len(runs) > 1 and max(times.values) < inf else None
    return row | {"runs": len(runs)}


def our_run(overrides: tuple[str, ...], goal: float, quick: bool) -> dict[str, Any]:
    """One training run in a new process, with an empty cache."""
    with tempfile.TemporaryDirectory() as place:
        command = [sys.executable, "-m", "textcnn.train", *overrides, f"run_dir={place}/run"]
        command += ["training.max_steps=3"] if quick else []
        started = time.time()
        finish(command, environment=os.environ | {"HF_DATASETS_CACHE": f"{place}/cache"})
        run_dir = Path(place) / "run"
        curves = EventAccumulator(str(run_dir)).Reload()
        metrics = json.loads((run_dir / "metrics.json").read_text())
        config = parse_train_config((run_dir / "config.yaml").read_text())
    validations = curves.Scalars("validation/accuracy")
    tags = curves.Tags()["scalars"]
    speeds = curves.Scalars(SPEED) if SPEED in tags else []  # one point every ten steps
    return reached(validations, started, goal) | {
        "accuracy": metrics["test"]["accuracy"],
        **of_an_epoch(metrics, config.training.batch_size),
        "saving": between_epochs(validations, speeds, config.training.batch_size),
    }


def reached(validations: Sequence[Any], started: float, goal: float) -> dict[str, Any]:
    """When the first validation of at least `goal` was written to TensorBoard."""
    good = [point.wall_time - started for point in validations if point.value >= goal]
    return {
        "seconds": good[0] if good else None,
        "most": max(validations[-1].wall_time - started, 0.0),
        "validation": max(point.value for point in validations),
    }


def of_an_epoch(metrics: dict[str, Any], batch_size: int) -> dict[str, float]:
    """Mean seconds of training and of validation per epoch."""
    run = metrics["train"]
    # the last batch of an epoch is smaller; a smoke test does not finish an epoch
    of_epochs = run["epochs"] * metrics["data"]["splits"]["train"]["texts"]
    texts = min(of_epochs, run["steps"] * batch_size)
    training = texts / run["texts_per_second"]
    return {
        "training": training / run["epochs"],
        "validating": (run["seconds"] - training) / run["epochs"],
    }


def between_epochs(
    validations: Sequence[Any], speeds: Sequence[Any], batch_size: int
) -> float | None:
    """Mean seconds from the end of a validation to the next training step; None for one epoch.

    Checkpoints are saved in that time. The time of the next step isn't stored. It follows from the
    first speed of the epoch, which is an average since the epoch began, and the time of that point.

    Args:
        validations, speeds: TensorBoard points with `wall_time`, `step` and `value`.
        batch_size: texts per step.
    """
    gaps = []
    for before, after in itertools.pairwise(validations):
        for point in speeds:
            if before.step < point.step < after.step:
                since = (point.step - before.step) * batch_size / point.value
                gaps.append(point.wall_time - since - before.wall_time)
                break
    return statistics.mean(gaps) if gaps else None


def usual_row(ours: Ours, goal: float, most: float) -> dict[str, Any]:
    """One run, validated after every epoch, as textcnn is, and when the time is up."""
    choosing = usual_training(ours)
    threads = faster_threads(lambda: usual_rate(choosing, 1))
    validation, test = ours.splits.validation, sample(ours.splits.test, TESTED)
    texts, labels = validation.texts(), validation.labels.tolist()
    best = seconds = 0.0
    start = time.perf_counter()
    training = usual_training(ours)  # reads the texts
    while best < goal and seconds < most:
        with_threads(threads, training.step)
        seconds = time.perf_counter() - start
        if not training.order or seconds >= most:
            found = with_threads(
                threads, lambda: usual.predict(training.model, training.reader, texts)
            )
            best = max(best, accuracy_of(found, labels))
            seconds = time.perf_counter() - start
    return {
        "seconds": seconds if best >= goal else None,
        "most": seconds,
        "validation": best,
        "accuracy": accuracy_of(usual.predict(training.model, training.reader, test[0]), test[1]),
    }


def rival_rows(ours: Ours, goal: float) -> dict[str, dict[str, Any]]:
    """One complete training per program: these programs don't validate in between."""
    rows = {}
    # shuffled: fastText reads its file in order, and MR is sorted by class
    train = sample(ours.splits.train, len(ours.splits.train))
    validation = ours.splits.validation
    test = sample(ours.splits.test, TESTED)
    for name, rival in rivals.installed().items():
        if name in rivals.FEW:
            continue  # one epoch takes longer than the cap
        start = time.perf_counter()
        model, _ = rival.train(*train)
        found = rival.predict(model, rival.prepare(validation.texts()))
        seconds = time.perf_counter() - start
        right = accuracy_of(found, validation.labels.tolist())
        rows[name] = {
            "seconds": seconds if right >= goal else None,
            "most": seconds,
            "validation": right,
            "accuracy": accuracy_of(rival.predict(model, rival.prepare(test[0])), test[1]),
        }
    return rows
