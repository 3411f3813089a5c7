"""Training on a stream: steps in place of epochs, going on, the same as ever."""

from pathlib import Path

import pytest
from interrupted import interrupt_at
from tiny_data import (
    assert_same_run,
    curves,
    error_line,
    read_json,
    resume,
    rows,
    run,
    train,
    write_csv,
)

pytest_plugins = ("tiny_run",)

STREAM = (
    "data.streaming=true",
    "text.vocabulary_examples=100",
    "data.shuffle_buffer=50",
    "training.validate_every=8",
)


@pytest.fixture(scope="module")
def long_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """600 texts, none like another."""
    texts = [(f"number{n} {text}", label) for n, (text, label) in enumerate(rows(600))]
    return write_csv(tmp_path_factory.mktemp("long") / "train.csv", texts)


@pytest.fixture(scope="module")
def streamed(long_csv: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run_dir = tmp_path_factory.mktemp("streamed") / "run"
    assert train(long_csv, run_dir, *STREAM, "training.max_steps=60") == 0
    return run_dir


def test_a_stream_trains_by_steps_and_is_validated_every_so_many(streamed: Path) -> None:
    metrics = read_json(streamed / "metrics.json")
    assert metrics["train"]["steps"] == 60
    assert [entry["step"] for entry in metrics["history"]] == [8, 16, 24, 32, 40, 48, 56, 60]
    assert metrics["test"]["accuracy"] > 0.6
    assert metrics["data"]["splits"]["train"]["texts"] == 80
    assert [p.step for p in curves(streamed).Scalars("train/loss")] == list(range(1, 61))


def test_its_checkpoint_reproduces_its_scores(
    streamed: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("evaluate", f"checkpoint={streamed}", f"run_dir={tmp_path}") == 0
    assert "reproduced: training reported the same accuracy" in capfd.readouterr().out


@pytest.mark.parametrize("step", [3, 8, 45, 60])
def test_interrupted_anywhere_it_goes_on_to_the_same_end(
    long_csv: Path, streamed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    with monkeypatch.context() as patch:
        interrupt_at(patch, step)
        assert train(long_csv, tmp_path / "run", *STREAM, "training.max_steps=60") == 130
    assert resume(tmp_path / "run") == 0
    assert_same_run(tmp_path / "run", streamed)


def test_without_max_steps_it_is_one_pass(long_csv: Path, tmp_path: Path) -> None:
    assert train(long_csv, tmp_path / "run", *STREAM) == 0
    train_part = read_json(tmp_path / "run" / "metrics.json")["train"]
    # 580 texts in windows of 50, less the 20 drawn from the first two, 16 at a time
    assert train_part["steps"] == 10 * 4 + 2 * 3


def test_max_steps_ends_training_on_texts_in_memory_too(tiny_csv: Path, tmp_path: Path) -> None:
    assert train(tiny_csv, tmp_path / "run", "training.max_steps=13") == 0
    metrics = read_json(tmp_path / "run" / "metrics.json")
    assert metrics["train"]["steps"] == 13
    assert [entry["step"] for entry in metrics["history"]] == [10, 13]


def test_a_stream_without_rows_or_with_bad_ones_is_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    empty = write_csv(tmp_path / "empty.csv", [])
    assert train(empty, tmp_path / "run", *STREAM) == 2
    assert error_line(capfd) == f"{empty} holds no rows"
    late = write_csv(tmp_path / "late.csv", [*rows(150), ("a text", "")])
    assert train(late, tmp_path / "run", *STREAM) == 2
    assert error_line(capfd) == (
        f"{late}, row 151: column 'label' is empty; fill it, or drop the row with "
        "data.missing_label=drop"
    )
