"""Cross-validation: a run for each fold, their mean, one fold alone, going on."""

from pathlib import Path
from statistics import mean, stdev

import pytest
from interrupted import interrupt_at
from tiny_data import curves, error_line, everything, read_json, run, train, without_times

pytest_plugins = ("tiny_run",)

FOLDS = ("data.folds=3", "training.epochs=2")


@pytest.fixture(scope="module")
def folds(tiny_csv: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run_dir = tmp_path_factory.mktemp("folds") / "run"
    assert train(tiny_csv, run_dir, *FOLDS) == 0
    return run_dir


def test_every_fold_is_trained_and_the_last_word_is_mean_and_deviation(folds: Path) -> None:
    result = read_json(folds / "metrics.json")
    each = [read_json(folds / f"fold-{fold}" / "metrics.json") for fold in (1, 2, 3)]
    accuracies = [metrics["test"]["accuracy"] for metrics in each]
    assert result["test"]["accuracy"] == pytest.approx(mean(accuracies))
    assert result["test"]["accuracy_std"] == pytest.approx(stdev(accuracies))
    assert result["test"]["examples"] == sum(metrics["test"]["examples"] for metrics in each)
    assert [fold["test"]["accuracy"] for fold in result["folds"]] == accuracies
    assert [fold["run_dir"] for fold in result["folds"]] == ["fold-1", "fold-2", "fold-3"]
    points = curves(folds).Scalars("folds/test_accuracy")
    assert [point.step for point in points] == [1, 2, 3]


def test_each_row_is_tested_once(folds: Path) -> None:
    sizes = [
        read_json(folds / f"fold-{fold}" / "metrics.json")["test"]["examples"] for fold in (1, 2, 3)
    ]
    assert sizes == [67, 67, 66]  # of 200 rows


def test_one_fold_alone_is_the_same_fold(folds: Path, tiny_csv: Path, tmp_path: Path) -> None:
    assert train(tiny_csv, tmp_path / "run", *FOLDS, "data.fold=2") == 0
    alone = read_json(tmp_path / "run" / "metrics.json")
    assert without_times(alone) == without_times(read_json(folds / "fold-2" / "metrics.json"))


def test_a_fold_s_checkpoint_reproduces_its_scores(
    folds: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    keys = (f"checkpoint={folds / 'fold-3'}", f"run_dir={tmp_path}")
    assert run("evaluate", *keys) == 0
    assert "reproduced: training reported the same accuracy" in capfd.readouterr().out


def test_of_all_folds_together_there_is_no_checkpoint(
    folds: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("predict", f"checkpoint={folds}") == 2
    assert error_line(capfd) == (
        f"{folds} is a cross-validation; give one fold, such as {folds / 'fold-1'}"
    )


def test_interrupted_in_a_fold_it_goes_on_there(
    folds: Path,
    tiny_csv: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    run_dir = tmp_path / "run"
    with monkeypatch.context() as patch:
        interrupt_at(patch, 3, passed=1)
        assert train(tiny_csv, run_dir, *FOLDS) == 130
    assert capfd.readouterr().out.endswith(f"  python -m textcnn.train resume={run_dir}\n")
    assert (run_dir / "fold-1" / "metrics.json").exists()
    assert not (run_dir / "metrics.json").exists()
    before = everything(run_dir / "fold-1")
    assert run("train", f"resume={run_dir}") == 0
    assert everything(run_dir / "fold-1") == before
    for fold in (1, 2, 3):
        got, expected = (read_json(d / f"fold-{fold}" / "metrics.json") for d in (run_dir, folds))
        assert without_times(got) == without_times(expected)
    scores = [read_json(directory / "metrics.json")["test"] for directory in (run_dir, folds)]
    assert scores[0] == scores[1]


def test_overwriting_leaves_no_fold_of_the_run_before(tiny_csv: Path, tmp_path: Path) -> None:
    assert train(tiny_csv, tmp_path / "run", "data.folds=3", "training.epochs=1") == 0
    keys = ("data.folds=2", "training.epochs=1", "overwrite=true")
    assert train(tiny_csv, tmp_path / "run", *keys) == 0
    left = sorted(path.name for path in (tmp_path / "run").glob("fold-*"))
    assert left == ["fold-1", "fold-2"]


def test_refused_data_leave_no_directory(
    tiny_csv: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert train(tiny_csv, tmp_path / "run", "data.folds=500") == 2
    assert error_line(capfd) == "data.folds=500 is too many for 200 rows; give at most 200"
    assert train(tiny_csv, tmp_path / "run", "data.folds=3", f"data.test={tiny_csv}") == 2
    assert error_line(capfd).startswith(
        "data.folds tests on the folds of data.train, but data.test="
    )
    assert not (tmp_path / "run").exists()
