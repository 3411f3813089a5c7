"""training.final=all: a new network on train + validation, for the steps that validation chose."""

import signal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from interrupted import interrupt_at
from test_multi_label_run import texts_with_labels
from tiny_data import (
    assert_same_run,
    curves,
    error_line,
    read_json,
    refusal,
    resume,
    rows,
    run,
    train,
    weights,
    write_csv,
)

import textcnn
from textcnn.config.compose import config_from_keys
from textcnn.data.labelled import LabelledTexts, join
from textcnn.data.texts import Texts

pytest_plugins = ("tiny_run",)

FINAL = ("training.final=all", "training.epochs=3", "schedule=warmup_linear")


@pytest.fixture(scope="module")
def final_run(tiny_csv: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run_dir = tmp_path_factory.mktemp("final") / "run"
    assert train(tiny_csv, run_dir, *FINAL) == 0
    return run_dir


def test_it_takes_the_steps_that_validation_chose_and_claims_no_validation_score(
    tiny_csv: Path, final_run: Path, tmp_path: Path
) -> None:
    assert train(tiny_csv, tmp_path / "plain", *FINAL[1:]) == 0
    plain, metrics = (
        read_json(place / "metrics.json") for place in (tmp_path / "plain", final_run)
    )
    best = plain["history"][plain["train"]["best_epoch"] - 1]
    assert metrics["history"] == plain["history"]
    assert metrics["validation"] is None
    assert metrics["selection"] == best
    assert metrics["final"]["steps"] == best["step"]
    assert "validation" not in metrics["final"]["history"][-1]
    assert metrics["train"]["best_epoch"] == plain["train"]["best_epoch"]
    manifest = read_json(final_run / "best" / "manifest.json")
    assert manifest["step"] == best["step"]
    assert manifest["selection"] == best
    assert manifest["metrics"] == {"test": {**manifest["metrics"]["test"]}}
    assert manifest["data"] == read_json(tmp_path / "plain" / "best" / "manifest.json")["data"]


def test_the_vocabulary_is_that_of_both_splits(tmp_path: Path) -> None:
    cells = rows(60)
    held = [(f"onlyhere {text}", label) for text, label in rows(12, seed=1)]
    csv_file = write_csv(tmp_path / "train.csv", cells)
    validation = write_csv(tmp_path / "validation.csv", held)
    keys = (*FINAL, f"data.validation={validation}")
    assert train(csv_file, tmp_path / "run", *keys) == 0
    tokens = read_json(tmp_path / "run" / "best" / "vocabulary.json")["tokens"]
    assert "onlyhere" in tokens
    assert run("evaluate", f"checkpoint={tmp_path / 'run'}", f"run_dir={tmp_path}") == 0
    assert read_json(tmp_path / "evaluation.json")["reproduced"] is True


def test_curves_of_the_final_training_follow_those_of_the_first(final_run: Path) -> None:
    shown = curves(final_run)
    steps = read_json(final_run / "metrics.json")["final"]["steps"]
    assert [point.step for point in shown.Scalars("train/loss")] == list(range(1, 31))
    assert [p.step for p in shown.Scalars("final/loss")] == list(range(31, 31 + steps))
    # the same rates, step by step
    first, second = (
        [point.value for point in shown.Scalars(f"{name}/learning_rate")]
        for name in ("train", "final")
    )
    assert second == first[:steps]
    assert shown.Scalars("test/accuracy")[0].step == 30 + steps


@pytest.mark.parametrize("stop", [15, 30])
def test_interrupted_in_either_training_it_ends_as_an_uninterrupted_run(
    tiny_csv: Path, final_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: int
) -> None:
    # the final training has steps of these numbers too: interrupt both
    for _ in range(2):
        with monkeypatch.context() as patch:
            interrupt_at(patch, stop, signal.SIGTERM)
            if (tmp_path / "run").exists():
                assert resume(tmp_path / "run") in (0, 130)
            else:
                assert train(tiny_csv, tmp_path / "run", *FINAL) == 130
    assert resume(tmp_path / "run") == 0
    assert_same_run(tmp_path / "run", final_run)
    steps = read_json(final_run / "metrics.json")["final"]["steps"]
    shown = curves(tmp_path / "run")
    assert [point.step for point in shown.Scalars("train/loss")] == list(range(1, 31))
    assert [p.step for p in shown.Scalars("final/loss")] == list(range(31, 31 + steps))


def test_averages_and_label_sets_with_their_thresholds(tmp_path: Path) -> None:
    cells = [(text, " | ".join(labels)) for text, labels in texts_with_labels(100)]
    csv_file = write_csv(tmp_path / "sets.csv", cells)
    sets = ("data.multi_label=true", 'data.label_separator="|"')
    keys = (*sets, "training.average=ema", "training.average_decay=0.8")
    plain, final = tmp_path / "plain", tmp_path / "final"
    for place, more in ((plain, ()), (final, ("training.final=all",))):
        assert train(csv_file, place, *keys, "training.epochs=2", *more) == 0
    thresholds = [read_json(place / "best" / "thresholds.json") for place in (plain, final)]
    assert thresholds[0] == thresholds[1]
    first, second = (weights(place / "best")["head.weight"] for place in (plain, final))
    assert not np.array_equal(first.numpy(), second.numpy())


def test_folds_have_test_scores_alone(tmp_path: Path) -> None:
    csv_file = write_csv(tmp_path / "train.csv", rows(60))
    keys = ("data.folds=2", "training.final=all", "training.epochs=1")
    assert train(csv_file, tmp_path / "run", *keys) == 0
    metrics = read_json(tmp_path / "run" / "metrics.json")
    assert metrics["validation"] is None
    assert metrics["test"]["examples"] == 60


def test_from_python_without_test_texts() -> None:
    texts, labels = zip(*rows(60), strict=True)
    training = {"epochs": 1, "final": "all"}
    classifier = textcnn.fit(
        list(texts), list(labels), training=training, data={"validation_fraction": 0.2}
    )
    assert classifier.predict(["goal match"])[0].label in {"film", "sport", "tech"}


def test_a_stream_is_refused() -> None:
    config = config_from_keys({"training__final": "all"})
    config.data.streaming = True
    (message,) = config.conflicts()
    assert message == (
        "training.final=all needs all rows in memory, got data.streaming=true; try "
        "training.final=best"
    )
    assert refusal(lambda: config_from_keys({"training__final": "both"})).startswith(
        "training.final takes best or all, got both"
    )


def test_other_epochs_are_refused_on_resuming(
    final_run: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    capfd.readouterr()
    assert run("train", f"resume={final_run}", "training.epochs=9") == 2
    assert error_line(capfd).startswith("training.epochs=3 can't change in a run with schedule=")


def labelled(texts: list[str], weights: list[float] | None) -> LabelledTexts:
    return LabelledTexts(
        Texts(pa.chunked_array([texts], pa.string())),
        np.arange(len(texts))[::-1],
        np.arange(len(texts)) % 2,
        ("a", "b"),
        None if weights is None else np.array(weights, np.float32),
    )


def test_rows_of_two_sources_are_joined_in_order_with_their_weights() -> None:
    first, second = labelled(["x", "y"], None), labelled(["z"], [3.0])
    joined = join(first, second)
    assert joined.texts() == ["y", "x", "z"]
    assert joined.labels.tolist() == [0, 1, 0]
    assert joined.weights is not None
    assert joined.weights.tolist() == [1, 1, 3]
    halves = first.select(np.array([1])), first.select(np.array([0]))
    assert join(*halves).source is first.source
    assert join(*halves).weights is None
    assert join(*halves).texts() == ["x", "y"]
