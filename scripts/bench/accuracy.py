"""Compare the accuracy of textcnn's ways to use n-grams and several networks with a linear SVM.

    python scripts/bench/accuracy.py --data FOLDER --only MR TREC

Prints the table in docs/performance.md: test accuracy in percent, mean and standard deviation over
ten folds (MR, Subj) or over seeds (the others). FOLDER holds the files of `scripts/bench/sets.py`.
Validation chose every setting; the test texts of a run are looked at once.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tables import table

SHORT = (
    "optimizer.learning_rate=0.001",
    "schedule=warmup_linear",
    "training.epochs=8",
    "training.patience=null",
    "training.average=tail",
    "training.label_smoothing=0.1",
    "training.r_drop=1",
    "model.kernel_sizes=[1,2,3,4]",
    "model.num_filters=100",
    "model.word_dropout=0.1",
)
FINAL = "training.final=all"
WAYS: dict[str, tuple[str, ...]] = {
    "n-grams": ("model=ngrams", "model.ngrams=2", FINAL),
    "default": (FINAL,),
    "network": (*SHORT, FINAL, "model.ngrams=0"),
    "network + n-grams": (*SHORT, FINAL),
    "5 members + n-grams": (*SHORT, FINAL, "training.members=5"),
    # a student can't be trained on the validation texts, so fewer are held out
    "student + n-grams": (*SHORT, "training.out_of_fold=true", "data.validation_fraction=0.05"),
}


@dataclass(frozen=True)
class Task:
    """A data set, and how it is divided."""

    files: tuple[str, ...]  # overrides; names of files are relative to the folder
    folds: int | None  # None: a test file
    longest: int = 2  # tokens of an n-gram in the linear model


TASKS: dict[str, Task] = {
    "MR": Task(("data.train=mr.csv",), 10),
    "Subj": Task(("data.train=subj.csv",), 10),
    "SST-2": Task(
        (
            "data.train=sst2_train.csv",
            "data.validation=sst2_validation.csv",
            "data.test=sst2_test.csv",
        ),
        None,
    ),
    "TREC": Task(("data.train=trec_train.csv", "data.test=trec_test.csv"), None),
    "bundled": Task((), None),
    "IMDB": Task(("data.train=imdb_train.parquet", "data.test=imdb_test.parquet"), None, 3),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder of the files")
    parser.add_argument("--only", nargs="+", choices=TASKS, default=list(TASKS), help="data sets")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--repetitions", type=int, default=3, help="seeds; folds, with 10 folds")
    parser.add_argument("--settings", nargs="+", default=[], help="more settings: key=value")
    options = parser.parse_args()
    rows = [["", "", "accuracy %", "±", "seconds of a run"]]
    with tempfile.TemporaryDirectory() as place:
        for name in options.only:
            for way in options.ways:
                settings = (*WAYS[way], *options.settings)
                runs = [*results(TASKS[name], settings, options, Path(place))]
                rows.append([name, way, *cells(runs)])
                print(*rows[-1], sep="  ", flush=True)
    print(table(rows[0], rows[1:]))


def results(
    task: Task, settings: tuple[str, ...], options: argparse.Namespace, place: Path
) -> Iterator[tuple[float, float]]:
    """The accuracy and the seconds of each run."""
    files = [key.replace("=", f"={options.data}/", 1) for key in task.files]
    given = ["data=files", *files] if files else []
    if "model=ngrams" in settings:
        given.append(f"model.ngrams={task.longest}")
    for number in range(options.repetitions):
        folds = [f"data.folds={task.folds}", f"data.fold={number + 1}"]
        which = [f"seed={number}"] if task.folds is None else folds
        run_dir = place / "run"
        started = time.perf_counter()
        command = [sys.executable, "-m", "textcnn.train", *given, *settings, *which]
        subprocess.run(
            [*command, f"run_dir={run_dir}", "overwrite=true", "baseline=false"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        metrics = json.loads((run_dir / "metrics.json").read_text(encoding="utf-8"))
        yield metrics["test"]["accuracy"], time.perf_counter() - started


def cells(runs: list[tuple[float, float]]) -> list[str]:
    """Mean and standard deviation of the accuracy in percent, and the median time."""
    accuracies = [100 * accuracy for accuracy, _ in runs]
    spread = statistics.stdev(accuracies) if len(runs) > 1 else 0.0
    seconds = statistics.median(seconds for _, seconds in runs)
    return [f"{statistics.mean(accuracies):.2f}", f"{spread:.2f}", f"{seconds:.0f}"]


if __name__ == "__main__":
    main()
