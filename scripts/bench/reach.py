"""How long it takes from the raw texts until validation reaches an accuracy."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import rivals
import usual
from measure import faster_threads, with_threads
from sets import KIM, TESTED, Ours, Set, sample, share_right
from training import usual_rate, usual_training

# The accuracy, and the best honest configuration that is known; changed only with a measurement.
TARGETS: dict[str, tuple[float, tuple[str, ...]]] = {
    "MR": (0.74, KIM),
    "TREC": (0.84, KIM),
    "IMDB": (
        0.88,
        (
            "model.kernel_sizes=[1,2,3]",
            "model.num_filters=200",
            "model.embedding_dim=100",
            "optimizer.learning_rate=0.001",
            "training.epochs=4",
        ),
    ),
}
CAP = 90.0  # seconds that the usual implementation trains for at most


def measure_reach(found: list[Set], place: Path, quick: bool) -> list[Any]:
    """A row for each data set with a target and each program."""
    rows: list[Any] = []
    for each in found if len(found) == 1 else found[1:]:  # the bundled texts where there are others
        goal, settings = TARGETS.get(each.name, (0.9, KIM))
        overrides = (*each.overrides, *settings)
        for precision in ("fp32", "bf16"):
            row = our_row((*overrides, f"training.precision={precision}"), goal, quick)
            rows.append({"name": f"textcnn {precision}", "goal": goal, "set": each.name, **row})
            print(" ", rows[-1], flush=True)
        ours = Ours(overrides, place)
        for name, row in {
            "usual fp32": usual_row(ours, goal, 1.0 if quick else CAP),
            **rival_rows(ours, goal),
        }.items():
            rows.append({"name": name, "goal": goal, "set": each.name, **row})
            print(" ", rows[-1], flush=True)
    return rows


def our_row(overrides: tuple[str, ...], goal: float, quick: bool) -> dict[str, Any]:
    """Of a process from its start, with nothing cached."""
    with tempfile.TemporaryDirectory() as place:
        command = [sys.executable, "-m", "textcnn.train", *overrides, f"run_dir={place}/run"]
        command += ["training.max_steps=3"] if quick else []
        environment = os.environ | {"HF_DATASETS_CACHE": f"{place}/cache"}
        started = time.time()
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        return reached(Path(place) / "run", started, goal)


def reached(run_dir: Path, started: float, goal: float) -> dict[str, Any]:
    """When the first validation of at least `goal` was written to TensorBoard, and the test's."""
    from tensorboard.backend.event_processing.event_accumulator import (  # type: ignore[import-untyped]
        EventAccumulator,
    )

    points = EventAccumulator(str(run_dir)).Reload().Scalars("validation/accuracy")
    good = [point.wall_time - started for point in points if point.value >= goal]
    metrics = json.loads((run_dir / "metrics.json").read_text())
    return {
        "seconds": good[0] if good else None,
        "most": max(points[-1].wall_time - started, 0.0),
        "validation": max(point.value for point in points),
        "accuracy": metrics["test"]["accuracy"],
    }


def usual_row(ours: Ours, goal: float, most: float) -> dict[str, Any]:
    """Validated after every epoch, as textcnn is, and when the time is over."""
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
            best = max(best, share_right(found, labels))
            seconds = time.perf_counter() - start
    return {
        "seconds": seconds if best >= goal else None,
        "most": seconds,
        "validation": best,
        "accuracy": share_right(usual.predict(training.model, training.reader, test[0]), test[1]),
    }


def rival_rows(ours: Ours, goal: float) -> dict[str, dict[str, Any]]:
    """A whole training each: these programs know no validation in between."""
    rows = {}
    # fastText goes through its file in order, and MR's is sorted by class
    train = sample(ours.splits.train, len(ours.splits.train))
    validation = ours.splits.validation
    test = sample(ours.splits.test, TESTED)
    for name, rival in rivals.installed().items():
        if name in rivals.FEW:
            continue  # an epoch takes longer than the cap
        start = time.perf_counter()
        model, _ = rival.train(*train)
        found = rival.predict(model, rival.prepare(validation.texts()))
        seconds = time.perf_counter() - start
        right = share_right(found, validation.labels.tolist())
        rows[name] = {
            "seconds": seconds if right >= goal else None,
            "most": seconds,
            "validation": right,
            "accuracy": share_right(rival.predict(model, rival.prepare(test[0])), test[1]),
        }
    return rows
