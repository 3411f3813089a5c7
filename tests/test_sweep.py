"""Sweeps: every value is checked first, jobs that fail stop no others, and they can be resumed."""

from pathlib import Path

import pytest
from interrupted import interrupt_at
from tiny_data import assert_same_run, everything, read_json, run, train

from textcnn.config.sweep import jobs_of
from textcnn.training.progress import TrainingProgress
from textcnn.training.state import TrainingState

pytest_plugins = ("tiny_run",)


def finished(run_dir: Path) -> list[str]:
    return sorted(file.parent.name for file in run_dir.glob("*/metrics.json"))


def test_all_values_are_checked_before_the_first_job(
    tiny_csv: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    keys = ("training.epochs=1", "seed=0,-1,-2", "text.min_frequency=1,2")
    assert train(tiny_csv, tmp_path / "sweep", *keys, "-m") == 2
    problems = capfd.readouterr().err.splitlines()
    assert problems == [
        "seed takes a whole number, at least 0, at most 4294967295, got -1; try seed=0 "
        "(job 1: text.min_frequency=1 seed=-1)",
        "seed takes a whole number, at least 0, at most 4294967295, got -2; try seed=0 "
        "(job 2: text.min_frequency=1 seed=-2)",
    ]
    assert not (tmp_path / "sweep").exists()


def test_a_job_that_fails_is_reported_at_the_end_and_the_others_run(
    tiny_csv: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    rates = "optimizer.learning_rate=0.01,1e30,0.02"
    assert train(tiny_csv, tmp_path / "sweep", "training.epochs=2", rates, "-m") == 2
    assert finished(tmp_path / "sweep") == ["0", "2"]
    *_, count, line = capfd.readouterr().err.splitlines()
    assert count == "1 of 3 jobs failed:"
    assert line.startswith("job 1 (optimizer.learning_rate=1e+30): ")
    assert "training has diverged" in line


def test_a_bug_in_a_job_is_reported_too(
    tiny_csv: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(progress: TrainingProgress, state: TrainingState) -> None:
        raise KeyError("bug")

    monkeypatch.setattr(TrainingProgress, "step", broken)
    assert train(tiny_csv, tmp_path / "sweep", "seed=1,2", "-m") == 2
    said = capfd.readouterr().err
    assert said.count("Traceback") == 2
    assert "2 of 2 jobs failed:" in said


def test_a_sweep_that_is_started_again_does_what_is_missing(
    tiny_csv: Path, tiny_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    keys = ("training.epochs=6", "seed=1,0", "-m")
    with pytest.MonkeyPatch.context() as patch:
        interrupt_at(patch, 25, passed=1)  # in the second job
        assert train(tiny_csv, tmp_path / "sweep", *keys) == 130
    assert finished(tmp_path / "sweep") == ["0"]
    before = everything(tmp_path / "sweep" / "0")
    assert train(tiny_csv, tmp_path / "sweep", *keys) == 0
    assert finished(tmp_path / "sweep") == ["0", "1"]
    assert everything(tmp_path / "sweep" / "0") == before
    assert "resuming after epoch 2, step 25" in capfd.readouterr().out
    assert_same_run(tmp_path / "sweep" / "1", tiny_run)


def test_a_job_of_another_sweep_is_not_taken_for_this_one(
    tiny_csv: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    keys = ("training.epochs=1", "-m")
    assert train(tiny_csv, tmp_path / "sweep", *keys, "seed=1,2") == 0
    capfd.readouterr()
    assert train(tiny_csv, tmp_path / "sweep", *keys, "seed=2,1") == 2
    said = capfd.readouterr().err
    assert "2 of 2 jobs failed:" in said
    assert "holds a job of another sweep" in said
    assert train(tiny_csv, tmp_path / "sweep", *keys, "seed=2,1", "overwrite=true") == 0
    assert read_json(tmp_path / "sweep" / "0" / "metrics.json")["history"][0]["epoch"] == 1


def test_a_sweep_over_more_than_a_machine_can_count_is_refused(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert run("train", "-m", "seed=range(1000000000)") == 2
    assert capfd.readouterr().err == (
        "a sweep has at most 10,000 jobs; got more, with seed=range(1000000000)\n"
    )
    assert jobs_of(["seed=1,2", "text=word"]) == [
        ["seed=1", "text=word"],
        ["seed=2", "text=word"],
    ]
