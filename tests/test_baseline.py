"""The linear model as a yardstick beside any model."""

from pathlib import Path

import pytest
import torch
from ngram_programs import SETS, train_linear
from tiny_data import (
    read_json,
    train,
    weights,
)

pytest_plugins = ("tiny_run", "tiny_ngrams")


def test_a_baseline_is_reported_beside_the_model(
    tiny_csv: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    keys = ("training.epochs=1", "baseline=true")
    assert train(tiny_csv, tmp_path / "run", *keys) == 0
    told = " ".join(capfd.readouterr().out.split())
    assert "baseline, a linear model over word n-grams: test accuracy" in told
    baseline = read_json(tmp_path / "run" / "metrics.json")["baseline"]
    assert (baseline["model"], baseline["ngrams"]) == ("ngrams", 2)
    # the same texts, vocabulary and splits give the same numbers as a run of its own
    assert train_linear(tiny_csv, tmp_path / "own", "model.ngrams=2", "text.subwords=false") == 0
    own = read_json(tmp_path / "own" / "metrics.json")
    for split in ("validation", "test"):
        for name in ("accuracy", "macro_f1", "examples"):
            assert baseline[split][name] == own[split][name]
        assert baseline[split]["loss"] == pytest.approx(own[split]["loss"])


def test_null_trains_a_baseline_where_it_is_cheap(
    tiny_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = ("training.epochs=1", "baseline=null")
    assert train(tiny_csv, tmp_path / "cheap", *keys) == 0
    assert "baseline" in read_json(tmp_path / "cheap" / "metrics.json")
    monkeypatch.setattr("textcnn.training.ngrams.baseline.CHEAP", 10)
    assert train(tiny_csv, tmp_path / "dear", *keys) == 0
    assert "baseline" not in read_json(tmp_path / "dear" / "metrics.json")
    assert train(tiny_csv, tmp_path / "none", "training.epochs=1", "baseline=false") == 0
    ours, theirs = (weights(tmp_path / name / "best") for name in ("cheap", "none"))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)  # it changes nothing


def test_members_and_label_sets_have_one_baseline(sets_csv: Path, tmp_path: Path) -> None:
    keys = (*SETS, "training.epochs=1", "training.members=2", "baseline=true")
    assert train(sets_csv, tmp_path / "run", *keys) == 0
    assert "baseline" in read_json(tmp_path / "run" / "metrics.json")
    assert "baseline" not in read_json(tmp_path / "run" / "member-1" / "metrics.json")


def test_folds_have_the_mean_of_their_baselines(
    tiny_csv: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    keys = ("data.folds=2", "training.epochs=1")
    assert train(tiny_csv, tmp_path / "run", *keys, "baseline=true") == 0
    assert "│  baseline │" in capfd.readouterr().out
    mean = read_json(tmp_path / "run" / "metrics.json")["baseline"]["test"]
    folds = [read_json(tmp_path / "run" / f"fold-{n}" / "metrics.json") for n in (1, 2)]
    accuracies = [fold["baseline"]["test"]["accuracy"] for fold in folds]
    assert mean["accuracy"] == pytest.approx(sum(accuracies) / 2)
    assert mean["examples"] == 200
    assert train(tiny_csv, tmp_path / "without", *keys) == 0
    assert "baseline" not in read_json(tmp_path / "without" / "metrics.json")
