"""One job in a process of its own: `python scripts/reproduce/worker.py DIRECTORY [--speed]`.

DIRECTORY holds `job.json`. Without --speed the job is carried out and `result.json` written at the
end; an interrupted training is resumed. With --speed its prediction is timed into `speed.json`.
"""

import base64
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jobs import JOB, RESULT, SPEED, TRAIN, read
from sources import set_path

ME = Path(__file__)
REPETITIONS = 3
PASS_SECONDS = 5.0  # a measured pass over the texts takes about as long, or less


def main() -> None:
    directory = Path(sys.argv[1])
    job = read(directory / JOB)
    if "--speed" in sys.argv:
        measure_speed(directory, job)
    elif job["program"] == TRAIN:
        train(directory, job)
    else:
        train_baseline(directory, job)


def train(directory: Path, job: dict[str, Any]) -> None:
    run = directory / "run"
    if not ((run / "metrics.json").is_file() and (run / "best").is_dir()):
        run_training(run, job["overrides"])
    import textcnn

    metrics = read(run / "metrics.json")
    classifier = textcnn.load(run)
    splits = splits_of(run, classifier.labels)
    names, test = splits.labels, splits.test
    predicted = classifier.predict(test.texts())
    right = [each.label == names[label] for each, label in zip(predicted, test.labels, strict=True)]
    finish(
        directory,
        job,
        accuracy=metrics["test"]["accuracy"],
        validation=(metrics["validation"] or {}).get("accuracy"),
        seconds=metrics["seconds"],
        size=sum(file.stat().st_size for file in (run / "best").iterdir()),
        splits=splits,
        right=right,
    )
    clean(run, job["keep"])


def run_training(run: Path, overrides: list[str]) -> None:
    """Train in this process, which then has torch loaded; exits with textcnn's code on failure."""
    from hydra.core.hydra_config import HydraConfig

    import textcnn.train
    from textcnn.system.atomic import existing
    from textcnn.system.run_dir import runs_inside

    resumed = existing(run / "last").is_dir() or bool(runs_inside(run))
    begin = [*overrides, set_path("run_dir", run), "overwrite=true"]
    if resumed:
        begin = [set_path("resume", run)]
    sys.argv = ["textcnn.train", *begin]
    try:
        textcnn.train.main()
    except SystemExit as stop:
        if resumed and stop.code not in (0, None, 130):
            # what is there can't be resumed, perhaps by a later version: start again
            shutil.rmtree(run)
            os.execv(sys.executable, [sys.executable, str(ME), str(run.parent)])
        if stop.code not in (0, None):
            raise
    HydraConfig.instance().cfg = None


def splits_of(run: Path, labels: Sequence[str]) -> Any:
    """The splits that a run was trained and tested on.

    Args:
        labels: the classes of its model.
    """
    from textcnn.config.programs import TrainConfig
    from textcnn.config.stored import read_config

    return read_splits(read_config(run / "config.yaml", TrainConfig), labels)


def read_splits(config: Any, labels: Sequence[str] = ()) -> Any:
    """Train, validation and test as textcnn divides them."""
    from textcnn.builders.data import build_source, division_again
    from textcnn.data.splits import load_splits

    source = build_source(config.data, config.seed)
    return load_splits(source, division_again(config.data, config, labels))


def train_baseline(directory: Path, job: dict[str, Any]) -> None:
    from baselines import fit

    from textcnn.config.compose import compose

    config = compose("train", job["overrides"])
    splits = read_splits(config)
    start = time.perf_counter()
    fitted = fit(job["program"], *rows_of(splits), job["settings"]["longest"], config.seed)
    seconds = time.perf_counter() - start
    right = fitted.model.predict(splits.test.texts()) == splits.test.labels
    finish(
        directory,
        job,
        accuracy=float(right.mean()),
        validation=fitted.validation,
        seconds=seconds,
        size=fitted.model.size,
        splits=splits,
        right=right,
        choice=fitted.choice,
    )


def rows_of(splits: Any) -> tuple[Any, Any]:
    """Texts and labels of train and of validation."""
    train, validation = splits.train, splits.validation
    return (train.texts(), train.labels), (validation.texts(), validation.labels)


def finish(directory: Path, job: dict[str, Any], *, splits: Any, right: Any, **found: Any) -> None:
    """Write the result; `right` says of each test text whether it was classified correctly."""
    import numpy as np

    from textcnn.system.atomic import write_json

    packed = np.packbits(np.asarray(right, bool)).tobytes()
    now = time.time()
    result = {
        **{name: value for name, value in job.items() if name != "keep"},
        **found,
        "texts": {name: len(rows) for name, rows in splits.by_name().items()},
        "right": base64.b64encode(packed).decode(),
        "hardware": hardware(job["program"] == TRAIN),
        "commit": commit(),
        "date": time.strftime("%Y-%m-%d", time.localtime(now)),
        "finished": now,
    }
    write_json(directory / RESULT, result)


def commit() -> str:
    """The commit of this checkout, with + if a file was changed."""
    command = ["git", "-C", str(ME.parent), "describe", "--always", "--abbrev=40", "--dirty=+"]
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


def hardware(with_torch: bool) -> dict[str, Any]:
    """
    Args:
        with_torch: whether the job used torch, whose import takes seconds.
    """
    from textcnn.system.cores import available_cores

    device, threads = "CPU", int(os.environ["OMP_NUM_THREADS"])
    if with_torch:
        import torch

        threads = torch.get_num_threads()
        if torch.cuda.is_available():
            device = torch.cuda.get_device_name()
    return {
        "device": device,
        "cpu": cpu_name(),
        "cores": available_cores(),
        "threads": threads,
        "torch": version("torch").partition("+")[0],
    }


def cpu_name(file: Path = Path("/proc/cpuinfo")) -> str:
    """The model's name, or the architecture if the system doesn't say more."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next((name for name in names if name not in ("", "unknown")), platform.machine())


def clean(run: Path, keep: bool) -> None:
    """Leave the metrics and the configuration, and with `keep` the best checkpoint."""
    for path in run.iterdir():
        if path.name in ("metrics.json", "config.yaml") or (keep and path.name == "best"):
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def measure_speed(directory: Path, job: dict[str, Any]) -> None:
    """Texts per second on one core: median of a few passes, after a warm-up."""
    from textcnn.system.atomic import write_json

    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    result = read(directory / RESULT)
    if job["program"] == TRAIN:
        import textcnn

        classifier = textcnn.load(directory / "run")
        splits, predict = splits_of(directory / "run", classifier.labels), classifier.predict
    else:
        from baselines import refit

        from textcnn.config.compose import compose

        config = compose("train", job["overrides"])
        splits = read_splits(config)
        longest = job["settings"]["longest"]
        predict = refit(
            job["program"], *rows_of(splits), result["choice"], longest, config.seed
        ).predict
    speed = {"finished": result["finished"], "texts_per_second": rate(predict, splits.test.texts())}
    write_json(directory / SPEED, speed)


def rate(predict: Any, texts: list[str]) -> float:
    """Texts per second."""
    predict(texts[:100])  # warm-up
    start = time.perf_counter()
    predict(texts[:100])
    affordable = 100 * PASS_SECONDS / max(time.perf_counter() - start, 1e-9)
    texts = texts[: max(int(affordable), 100)]
    seconds = []
    for _ in range(REPETITIONS):
        start = time.perf_counter()
        predict(texts)
        seconds.append(time.perf_counter() - start)
    return len(texts) / statistics.median(seconds)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
