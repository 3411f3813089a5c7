"""Runs that were stopped or killed, and gone on with: they equal an uninterrupted one."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from interrupted import interrupt_at
from tiny_data import (
    EPOCHS,
    TINY,
    assert_curves_have_every_step_once,
    assert_same_run,
    error_line,
    everything,
    read_json,
    resume,
    rows,
    run,
    train,
    write_csv,
)

from textcnn.checkpoint import load_training_state
from textcnn.training.loop import interruption
from textcnn.training.optimization.optimizers import takes_rows

pytest_plugins = ("tiny_run",)

# Trains until a step, and is gone: no handler runs, nothing is flushed.
KILLED = """
import os, signal, sys
import textcnn.train
from textcnn.training.progress import TrainingProgress

number = int(sys.argv[1])

class Killed(TrainingProgress):
    def step(self, state):
        if state.step == number:
            os.kill(os.getpid(), signal.SIGKILL)

import textcnn.training.recipe
textcnn.training.recipe.TrainingProgress = Killed
sys.argv = ["textcnn.train", *sys.argv[2:]]
textcnn.train.main()
"""


def test_ctrl_c_in_an_epoch_saves_and_the_resumed_run_equals_an_uninterrupted_one(
    tiny_csv: Path,
    tiny_run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    run_dir = tmp_path / "run"
    with monkeypatch.context() as patch:
        interrupt_at(patch, 25)
        assert train(tiny_csv, run_dir, f"training.epochs={EPOCHS}") == 130
    assert capfd.readouterr().out.endswith(
        f"interrupted in epoch 3 after step 25; progress is saved in {run_dir / 'last'}; "
        "to resume, run\n"
        f"  python -m textcnn.train resume={run_dir}\n"
    )
    assert not (run_dir / "metrics.json").exists()
    assert read_json(run_dir / "last" / "manifest.json")["step"] == 25
    assert resume(run_dir) == 0
    assert "resuming after epoch 2, step 25" in capfd.readouterr().out
    assert_same_run(run_dir, tiny_run)
    assert_curves_have_every_step_once(run_dir, EPOCHS)


@pytest.mark.parametrize("step", [5, 30])
def test_sigterm_at_any_step_is_a_clean_stop_too(
    tiny_csv: Path,
    tiny_run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: int,  # in the first epoch; at the end of the third, before it is validated
) -> None:
    with monkeypatch.context() as patch:
        interrupt_at(patch, step, signal.SIGTERM)
        assert train(tiny_csv, tmp_path / "run", f"training.epochs={EPOCHS}") == 130
    assert resume(tmp_path / "run") == 0
    assert_same_run(tmp_path / "run", tiny_run)
    assert_curves_have_every_step_once(tmp_path / "run", EPOCHS)


@pytest.mark.parametrize(
    ("optimizer", "names"),
    [
        ("adam", ["exp_avg_sq", "step"]),
        ("adadelta", ["acc_delta", "row_step", "square_avg", "step"]),
    ],
)
def test_so_it_is_where_steps_move_the_rows_seen_alone(
    tiny_csv: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    optimizer: str,
    names: list[str],
) -> None:
    settings = (f"optimizer={optimizer}", "training.epochs=3")
    # small tables get sparse gradients too
    monkeypatch.setattr(takes_rows, "__kwdefaults__", {"sparse_from": 0})
    assert train(tiny_csv, tmp_path / "whole", *settings) == 0
    with monkeypatch.context() as patch:
        interrupt_at(patch, 15, signal.SIGTERM)
        assert train(tiny_csv, tmp_path / "run", *settings) == 130
    table = load_training_state(tmp_path / "run" / "last")["optimizer"]["state"][0]
    assert sorted(table) == names
    assert table[names[-2]].shape[1] == 8  # model.embedding_dim
    assert resume(tmp_path / "run") == 0
    assert_same_run(tmp_path / "run", tmp_path / "whole")
    assert_curves_have_every_step_once(tmp_path / "run", 3)


def test_a_run_killed_in_its_third_epoch_goes_on_to_equal_an_uninterrupted_one(
    tiny_csv: Path, tiny_run: Path, tmp_path: Path
) -> None:
    run_dir = tmp_path / "run"
    keys = [*TINY, f"data.train={tiny_csv}", f"run_dir={run_dir}", f"training.epochs={EPOCHS}"]
    done = subprocess.run(
        [sys.executable, "-c", KILLED, "25", *keys], capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    manifest = read_json(run_dir / "last" / "manifest.json")
    assert (manifest["epoch"], manifest["step"]) == (2, 20)  # the end of the second
    assert resume(run_dir) == 0
    assert_same_run(run_dir, tiny_run)
    assert_curves_have_every_step_once(run_dir, EPOCHS)


def test_a_second_ctrl_c_stops_at_once() -> None:
    before = signal.getsignal(signal.SIGINT)
    with interruption() as asked:
        assert not asked()
        signal.raise_signal(signal.SIGINT)
        assert asked()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_more_epochs_for_a_finished_run_equal_a_run_of_as_many(
    tiny_csv: Path, tiny_run: Path, tmp_path: Path
) -> None:
    run_dir = tmp_path / "run"
    assert train(tiny_csv, run_dir, "training.epochs=2") == 0
    assert resume(run_dir, f"training.epochs={EPOCHS}") == 0
    assert_same_run(run_dir, tiny_run)
    # from now on the run is one of so many epochs
    for directory in (run_dir, run_dir / "last"):
        config = (directory / "config.yaml").read_text(encoding="utf-8")
        expected = (tiny_run / "config.yaml").read_text(encoding="utf-8")
        assert config == expected.replace(str(tiny_run), str(run_dir))


def test_a_finished_run_gone_on_with_stays_as_it_was(copied_run: Path, tiny_run: Path) -> None:
    assert resume(copied_run) == 0
    assert_same_run(copied_run, tiny_run)


def test_a_resumed_run_counts_the_seconds_of_all_its_parts(copied_run: Path) -> None:
    """Nobody trains for longer than the run took."""
    state = load_training_state(copied_run / "last")["state"]
    assert 0 < state["seconds"] < state["run_seconds"]
    before = read_json(copied_run / "metrics.json")
    assert resume(copied_run) == 0
    metrics = read_json(copied_run / "metrics.json")
    assert metrics["train"]["seconds"] == before["train"]["seconds"] < metrics["seconds"]
    assert metrics["seconds"] > state["run_seconds"]


def test_a_resumed_run_still_reports_the_coverage_of_its_vectors(
    tiny_csv: Path, tmp_path: Path
) -> None:
    vectors = tmp_path / "vectors.txt"
    vectors.write_text("goal 1 0\nchip 0 1\n", encoding="utf-8")
    run_dir = tmp_path / "run"
    assert train(tiny_csv, run_dir, "training.epochs=1", f"text.vectors={vectors}") == 0
    coverage = read_json(run_dir / "metrics.json")["data"]["vectors_coverage"]
    vectors.unlink()  # a resumed run takes them from the checkpoint
    assert 0 < coverage < 1
    assert resume(run_dir, "training.epochs=2") == 0
    assert read_json(run_dir / "metrics.json")["data"]["vectors_coverage"] == coverage


def test_other_data_are_refused_on_resuming(
    copied_run: Path, tiny_csv: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    changed = write_csv(tmp_path / "changed.csv", rows(200, seed=1))
    config = (copied_run / "config.yaml").read_text(encoding="utf-8")
    config = config.replace(str(tiny_csv), str(changed))
    (copied_run / "config.yaml").write_text(config, encoding="utf-8")
    before = everything(copied_run)
    assert run("train", f"resume={copied_run}") == 2
    assert error_line(capfd) == (
        f"resume={copied_run}: the data have changed since the run began; restore them, or start a "
        "new run"
    )
    assert everything(copied_run) == before


@pytest.mark.parametrize(
    "override", ["seed=1", "optimizer=adadelta", "overwrite=true", "run_dir=x"]
)
def test_other_overrides_are_refused_on_resuming(
    tiny_run: Path, capfd: pytest.CaptureFixture[str], override: str
) -> None:
    assert run("train", f"resume={tiny_run}", override) == 2
    assert error_line(capfd) == (
        "resume continues the run as it began; only training.epochs may change, "
        f"got {override.partition('=')[0]}; leave it out"
    )


@pytest.mark.parametrize("config", [b"\xff", b"seed: ${oc.env:HOME}", b"- a", b"seed: many"])
def test_a_run_whose_configuration_was_spoilt_is_refused_by_name(
    copied_run: Path, capfd: pytest.CaptureFixture[str], config: bytes
) -> None:
    (copied_run / "config.yaml").write_bytes(config)
    assert run("train", f"resume={copied_run}") == 2
    assert error_line(capfd).startswith(f"{copied_run / 'config.yaml'}: ")


def test_what_is_no_run_cannot_be_gone_on_with(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("train", f"resume={tmp_path}") == 2
    assert error_line(capfd) == (
        f"resume={tmp_path} holds no run (no config.yaml); give a run directory"
    )
