"""What only resuming reads: it comes back, and nothing else is taken in its place."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_data import forge, refusal, run

from textcnn.checkpoint import load_training_state

pytest_plugins = ("tiny_run",)


class TouchWhenUnpickled:
    """What a hostile pickle does: it calls a function when it is loaded."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., None], tuple[Path]]:
        return Path.touch, (self.path,)


def assert_cannot_go_on(run_dir: Path, capfd: pytest.CaptureFixture[str], reason: str) -> None:
    """Neither from Python nor from the command line."""
    assert reason in refusal(lambda: load_training_state(run_dir / "last"))
    capfd.readouterr()
    assert run("train", f"resume={run_dir}") == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert reason in line


@pytest.mark.parametrize("zipped", [True, False])
def test_training_state_that_would_run_code_is_refused_and_runs_none(
    copied_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], zipped: bool
) -> None:
    touched = tmp_path / "touched"
    hostile = {"state": TouchWhenUnpickled(touched)}
    file = tmp_path / "hostile.pt"
    if zipped:
        torch.save(hostile, file)
    else:
        file.write_bytes(pickle.dumps(hostile, protocol=2))
    forge(copied_run / "last", "training_state.pt", file.read_bytes())
    assert_cannot_go_on(copied_run, capfd, "training_state.pt can't be read: ")
    assert not touched.exists()


def test_training_state_that_is_truncated_is_refused_even_with_its_hash(
    copied_run: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    content = (copied_run / "last" / "training_state.pt").read_bytes()
    forge(copied_run / "last", "training_state.pt", content[: len(content) // 2])
    assert_cannot_go_on(copied_run, capfd, "training_state.pt can't be read: ")


def test_training_state_that_was_changed_is_refused(
    copied_run: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with (copied_run / "last" / "training_state.pt").open("ab") as file:
        file.write(b"\n")
    assert_cannot_go_on(copied_run, capfd, "training_state.pt is damaged or was changed")


def test_training_state_that_is_missing_is_refused(
    copied_run: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (copied_run / "last" / "training_state.pt").unlink()
    assert_cannot_go_on(copied_run, capfd, "training_state.pt is missing: training can't")


@pytest.mark.parametrize(
    "state",
    [
        {},
        [],
        {"state": {"epochs": 1}},
        {"state": {}},
        {"state": {}, "batches": {"epoch": 1}},
        {"state": {}, "batches": {"epoch": 1, "batch": -1}},
        {"state": {}, "batches": ["batch", "epoch"]},
        {"state": {}, "batches": {"epoch": 0, "batch": 0}, "optimizer": {}, "random": 1},
    ],
    ids=repr,
)
def test_training_state_of_something_else_is_refused(
    copied_run: Path, capfd: pytest.CaptureFixture[str], tmp_path: Path, state: Any
) -> None:
    torch.save(state, tmp_path / "state.pt")
    forge(copied_run / "last", "training_state.pt", (tmp_path / "state.pt").read_bytes())
    capfd.readouterr()
    assert run("train", f"resume={copied_run}") == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert "training can't be resumed" in line
