"""A plugin: finished runs of n-grams alone and beside a network."""

from pathlib import Path

import pytest
from ngram_programs import BESIDE, train_linear
from test_multi_label_run import texts_with_labels
from tiny_data import train, write_csv


@pytest.fixture(scope="session")
def linear_dir(tiny_csv: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run_dir = tmp_path_factory.mktemp("linear") / "run"
    assert train_linear(tiny_csv, run_dir) == 0
    return run_dir


@pytest.fixture(scope="session")
def beside(tiny_csv: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run_dir = tmp_path_factory.mktemp("beside") / "run"
    assert train(tiny_csv, run_dir, *BESIDE) == 0
    return run_dir


@pytest.fixture(scope="session")
def sets_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cells = [(text, " | ".join(labels)) for text, labels in texts_with_labels(150)]
    return write_csv(tmp_path_factory.mktemp("sets") / "sets.csv", cells)
