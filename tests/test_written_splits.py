"""`data.write_splits`: files that give the same splits, and the same result, again."""

import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tiny_data import assert_same_run, error_line, rows, train, write_csv

from textcnn.builders.data import build_division, build_source, store_splits
from textcnn.config.data import DataConfig
from textcnn.data.splits import Splits, load_splits

pytest_plugins = ("tiny_run",)


def splits_of(data: DataConfig) -> Splits:
    return load_splits(build_source(data, 0), build_division(data, 0))


def again(line: str) -> DataConfig:
    """The data that a printed line of keys chooses."""
    pairs = (key.removeprefix("data.").partition("=") for key in shlex.split(line))
    keys: dict[str, Any] = {name: value for name, _, value in pairs}
    several = keys.pop("multi_label", None) == "true"
    return DataConfig(source=keys.pop("data"), multi_label=several, **keys)


def test_a_run_on_the_written_splits_is_the_same_run(tiny_csv: Path, tmp_path: Path) -> None:
    directory = tmp_path / "splits"
    keys = ("training.epochs=2", f"data.write_splits={directory}")
    assert train(tiny_csv, tmp_path / "first", *keys) == 0
    files = [f"data.{name}={directory}/{name}.jsonl" for name in ("validation", "test")]
    written = directory / "train.jsonl"
    assert train(written, tmp_path / "second", "training.epochs=2", *files) == 0
    assert_same_run(tmp_path / "second", tmp_path / "first")


@pytest.mark.parametrize("kind", ["names", "sets", "probabilities", "weights"])
def test_every_kind_of_label_comes_back(kind: str, tmp_path: Path) -> None:
    kinds: dict[str, list[Any]] = {
        "names": ["a", "b"],
        "sets": [["a", "b"], []],
        "probabilities": [{"a": 0.7, "b": 0.3}, {"b": 1.0}],
        "weights": ["b", "a"],
    }
    labels = kinds[kind]
    file = tmp_path / "rows.jsonl"
    lines = [
        {"text": f'a "text"\n{n} é', "label": labels[n % 2], "importance": n / 3} for n in range(40)
    ]
    file.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    data = DataConfig(
        source="files",
        train=str(file),
        multi_label=kind == "sets",
        weight="importance" if kind == "weights" else None,
        write_splits=str(tmp_path / "splits"),
    )
    (line,) = store_splits(data, 0, overwrite=False)
    first, second = splits_of(data).by_name(), splits_of(again(line)).by_name()
    for name, split in first.items():
        if kind == "weights" and name != "train":  # weights are read of training rows alone
            split = replace(split, weights=None)
        assert second[name].fingerprint == split.fingerprint


def test_each_fold_has_a_directory(tiny_csv: Path, tmp_path: Path) -> None:
    data = DataConfig(
        source="files", train=str(tiny_csv), folds=3, write_splits=str(tmp_path / "splits")
    )
    lines = store_splits(data, 0, overwrite=False)
    for fold, line in enumerate(lines, start=1):
        assert f"fold-{fold}" in line
        data.fold = fold
        assert splits_of(again(line)).fingerprints() == splits_of(data).fingerprints()
    assert len(lines) == 3


def test_files_that_exist_are_not_replaced(
    tiny_csv: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "test.jsonl").write_text("")
    keys = ("training.epochs=1", f"data.write_splits={tmp_path}")
    assert train(tiny_csv, tmp_path / "run", *keys) == 2
    assert error_line(capfd).startswith(f"data.write_splits={tmp_path}: test.jsonl exists; ")
    assert not (tmp_path / "run").exists()


def test_streams_are_not_written(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    data = write_csv(tmp_path / "data.csv", rows(20))
    keys = (f"data.write_splits={tmp_path / 'splits'}", "data.streaming=true")
    assert train(data, tmp_path / "run", *keys) == 2
    assert "data.write_splits needs all rows in memory" in error_line(capfd)
