"""What needs a process of its own: start-up, peak memory, time until an accuracy is reached."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from prediction import trained
from sets import Set

HERE = Path(__file__).parent
# The best honest configuration that is known for IMDB; changed only with a measurement.
QUICK_LEARNER = (
    "model.kernel_sizes=[1,2,3]",
    "model.num_filters=200",
    "model.embedding_dim=100",
    "optimizer.learning_rate=0.001",
    "training.epochs=4",
)
GOAL = 0.88


def measure_start(each: Set, place: Path, repetitions: int, quick: bool) -> list[Any]:
    """Seconds from the start of `predict` to the label of one line."""
    _, checkpoint = trained(each, place, quick)
    seconds = []
    for _ in range(repetitions + 1):
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "textcnn.predict", f"checkpoint={checkpoint}"],
            input="a fine film\n",
            text=True,
            check=True,
            capture_output=True,
        )
        seconds.append(time.perf_counter() - start)
    warm = seconds[1:]
    print(f"  one line: {statistics.median(warm):.1f} s")
    spread = (max(warm) - min(warm)) / 2 / statistics.median(warm)
    return [{"name": "predict, one line", "seconds": statistics.median(warm), "spread": spread}]


def measure_memory(time_steps: int, repetitions: int) -> list[Any]:
    """Peak of a training step at so many tokens, above a warm baseline; a process each."""
    kinds = ["textcnn fp32", "textcnn bf16", "usual fp32"]
    held: dict[str, list[int]] = {kind: [] for kind in kinds}
    for _ in range(repetitions):
        for kind in kinds:
            done = subprocess.run(
                [sys.executable, str(HERE / "one_step.py"), kind, str(time_steps)],
                text=True,
                check=True,
                capture_output=True,
            )
            held[kind].append(int(done.stdout.split()[-1]))
    usual = statistics.median(held["usual fp32"])
    rows = []
    for kind, sizes in held.items():
        middle = statistics.median(sizes)
        spread = (max(sizes) - min(sizes)) / 2 / max(middle, 1)
        rows.append({"name": kind, "bytes": middle, "spread": spread, "share": middle / usual})
    print(f"  {time_steps} tokens:", {row["name"]: f"{row['bytes'] / 1e6:,.0f} MB" for row in rows})
    return rows


def measure_reach(found: list[Set], quick: bool) -> list[Any]:
    """Seconds from the start of the process, nothing cached, until validation reaches GOAL."""
    rows: list[Any] = []
    each = next((one for one in found if one.name == "IMDB"), None)
    if each is None:
        print("  needs imdb_train.parquet and imdb_test.parquet in the folder of --data")
        return rows
    for precision in ("fp32", "bf16"):
        with tempfile.TemporaryDirectory() as place:
            command = [sys.executable, "-m", "textcnn.train", *each.overrides, *QUICK_LEARNER]
            command += [f"run_dir={place}/run"]
            command += [f"training.precision={precision}"]
            command += ["training.max_steps=3"] if quick else []
            environment = os.environ | {"HF_DATASETS_CACHE": f"{place}/cache"}
            started = time.time()
            subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
            rows.append({"name": f"textcnn {precision}", **reached(Path(place) / "run", started)})
        print("  ", rows[-1])
    return rows


def reached(run_dir: Path, started: float) -> dict[str, Any]:
    """When the first validation of at least GOAL was written to TensorBoard, and the test's."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    points = EventAccumulator(str(run_dir)).Reload().Scalars("validation/accuracy")
    good = [point.wall_time - started for point in points if point.value >= GOAL]
    metrics = json.loads((run_dir / "metrics.json").read_text())
    return {
        "seconds": good[0] if good else None,
        "validation": max(point.value for point in points),
        "accuracy": metrics["test"]["accuracy"],
    }
