"""A plugin: one trained run for all tests that only read one."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from tiny_data import EPOCHS, rows, train, write_csv


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """Threads that wait for each other on a busy machine slow a tiny model down fivefold.

    The programs that tests start get as many, so that their numbers are the same to the last bit.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def _one_thread_again(_one_thread: None) -> None:
    """A test may leave another number, and members of an ensemble train in as many processes."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiny_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_csv(tmp_path_factory.mktemp("tiny_data") / "train.csv", rows(200))


@pytest.fixture(scope="session")
def tiny_run(tiny_csv: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run. Tests must leave it as it is: `copytree` what they change."""
    run_dir = tmp_path_factory.mktemp("tiny_run") / "run"
    assert train(tiny_csv, run_dir, f"training.epochs={EPOCHS}") == 0
    return run_dir


@pytest.fixture
def copied_run(tiny_run: Path, tmp_path: Path) -> Path:
    """A copy of the tiny run, to change."""
    return shutil.copytree(tiny_run, tmp_path / "run")
