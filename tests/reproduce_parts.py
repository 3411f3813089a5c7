"""What the tests of `make reproduce` share: results, jobs and data sets."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from experiments import EXPERIMENTS, Experiment, Origin
from jobs import TRAIN, Job
from sources import DATA, Run
from tiny_data import TINY, rows, write_csv

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "scripts" / "reproduce"
HARDWARE = {"device": "CPU", "cpu": "a CPU", "cores": 2, "threads": 1, "torch": "2"}


def entry(name: str, data: str, *accuracies: float, **others: Any) -> dict[str, Any]:
    kind = "seed" if DATA[data].folds is None else "fold"
    return {
        "data": data,
        "name": name,
        "paper": None,
        "settings": [],
        "mean": float(np.mean(accuracies)),
        "sd": float(np.std(accuracies, ddof=1)) if len(accuracies) > 1 else None,
        "seconds": 21.4,
        "texts_per_second": 12345,
        "megabytes": 2.345,
        "runs": [{"run": f"{kind}-{n}", "accuracy": each} for n, each in enumerate(accuracies)],
        "hardware": HARDWARE,
        "date": "2026-11-26",
        **others,
    }


def tiny_job(tmp_path: Path, csv: Path, *more: str, seed: int = 0, program: str = TRAIN) -> Job:
    base = (*TINY, f"data.train={csv}", *more) if program == TRAIN else ("data=files",)
    if program != TRAIN:
        base += (f"data.train={csv}",)
    run = Run(f"seed-{seed}", (("seed", seed),))
    return Job(tmp_path / program / run.name, f"tiny, seed {seed}", program, base, run, keep=True)


def write_sets(folder: Path, *names: str) -> None:
    for name in names:
        for file in DATA[name].files.values():
            write_csv(folder / file, rows(60, seed=len(file)))


def origin_of_mr(monkeypatch: pytest.MonkeyPatch, *settings: str) -> None:
    origin = Origin("best_fast", "mr", settings)
    started = Experiment(dict.fromkeys(("trec", "sst2")), origin=origin)
    monkeypatch.setitem(EXPERIMENTS, "best_fast", started)
