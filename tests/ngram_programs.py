"""What tests of runs with n-grams share."""

from pathlib import Path

import pytest
from tiny_data import rows, run

BESIDE = ("model.ngrams=2", "training.epochs=2")
TEXTS = [text for text, _ in rows(40, seed=5)] + ["", "unheard", "goal"]
SETS = ("data.multi_label=true", 'data.label_separator="|"')


def train_linear(csv_file: Path, run_dir: Path, *overrides: str) -> int:
    keys = ("data=files", f"data.train={csv_file}", f"run_dir={run_dir}", "model=ngrams")
    return run("train", *keys, *overrides)


def assert_reproduced(
    run_dir: Path, folder: Path, capfd: pytest.CaptureFixture[str], *keys: str
) -> None:
    capfd.readouterr()
    assert run("evaluate", f"checkpoint={run_dir}", f"run_dir={folder / 'evaluation'}", *keys) == 0
    assert "reproduced: training reported the same accuracy" in capfd.readouterr().out
