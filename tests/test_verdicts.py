"""What scores can't say, and splits that lack classes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import Write

from textcnn.config.data import DataConfig
from textcnn.data.labels.class_counts import few_texts
from textcnn.data.labels.unseen import UNSEEN
from textcnn.data.row_stream import load_stream
from textcnn.data.sources.source import Source
from textcnn.data.splits import Division, load_splits
from textcnn.errors import InputError
from textcnn.evaluation.chosen_data import found_data
from textcnn.evaluation.counts import ClassScores
from textcnn.evaluation.metrics import Scores
from textcnn.evaluation.verdicts import only_answer, score_warnings
from textcnn.system.paths import check_stored, find_stored


def scores(*rows: tuple[str, float, float, int], several: bool = False) -> Scores:
    """Of classes (name, precision, recall, texts)."""
    classes = tuple(ClassScores(name, p, r, 0.0, texts) for name, p, r, texts in rows)
    examples = sum(row.examples for row in classes)
    return Scores(0.0, 0.0, 0.0, 0.0, examples, classes, None if several else ((0,),), several)


def test_classes_with_few_texts_are_named() -> None:
    assert few_texts(["a", "b", "c", "d", UNSEEN], [0, 4, 5, 0, 0]) == (
        "no text of 'a', 'd' and fewer than 5 texts of 'b' (4)"
    )
    assert few_texts(["a"], [5]) is None
    assert few_texts([str(n) for n in range(9)], [0] * 9) == (
        "no text of '0', '1', '2', '3', '4' and 4 more classes"
    )


def test_scores_say_which_classes_they_leave_out() -> None:
    assert list(score_warnings(scores(("a", 1, 1, 9), ("rare", 0, 0, 0)), "test")) == [
        "test holds no text of 'rare'; macro-F1 leaves out a class without texts that is never "
        "predicted"
    ]
    assert list(score_warnings(scores(("a", 1, 1, 9), ("b", 1, 1, 9)), "test")) == []


def test_a_classifier_that_always_answers_the_same_is_called_so() -> None:
    constant = scores(("a", 0.9, 1, 9), ("b", 0, 0, 1))
    assert only_answer(constant) == "'a'"
    assert any("the same answer, 'a'" in line for line in score_warnings(constant, "test"))
    assert only_answer(scores(("a", 8 / 9, 8 / 9, 9), ("b", 0, 0, 1))) is None
    assert only_answer(scores(("a", 1, 1, 9), ("b", 1, 1, 1))) is None
    assert only_answer(scores(("a", 1, 1, 9), ("b", 0, 0, 0))) is None  # it is right
    assert only_answer(scores(("a", 0, 0, 9), ("b", 0, 0, 1))) is None  # unknown
    assert only_answer(replace(constant, examples=10)) == "'a'"


def rows(*counts: tuple[str, int], letter: str = "t") -> str:
    lines = [f"{letter}{name}{n},{name}" for name, count in counts for n in range(count)]
    return "\n".join(["text,label", *lines, ""])


def test_a_split_that_lacks_a_class_is_warned_of(write: Write) -> None:
    train = write("train.csv", rows(("a", 40), ("b", 20), ("rare", 2)))
    test = write("test.csv", rows(("a", 9), ("b", 4), letter="u"))
    splits = load_splits(Source("files", train=train, test=test), Division(validation_fraction=0.5))
    validation, tested = splits.warnings
    assert validation.startswith("validation holds no text of 'rare', so scores say little")
    assert validation.endswith(
        "; give more rows, raise data.validation_fraction, or use data.folds"
    )
    assert tested == (
        "test holds no text of 'rare' and fewer than 5 texts of 'b' (4), so scores say little "
        "about such classes; give more rows"
    )


def test_validation_that_lies_in_test_is_refused(write: Write) -> None:
    train = write("train.csv", rows(("a", 40), ("b", 20)))
    test = write("test.csv", rows(("a", 9), ("b", 4), letter="u"))
    source = Source("files", train=train, validation=test, test=test)
    with pytest.raises(InputError, match=r"every text of data\.validation also occurs in data\.te"):
        load_splits(source, Division())
    assert len(load_splits(source, Division(duplicates="keep")).validation) == 13
    more = write("more.csv", rows(("a", 12), ("b", 4), letter="u"))
    splits = load_splits(replace(source, validation=more), Division())
    assert splits.notes == ("data.validation: 13 of 16 texts also occur in data.test: dropped",)
    assert splits.warnings[0].startswith(
        "validation holds no text of 'b' and fewer than 5 texts of 'a'"
    )


def test_a_sorted_stream_is_warned_of(write: Write) -> None:
    source = Source("files", train=write("train.csv", rows(("a", 60), ("b", 60))))

    def warned(window: int | None) -> list[str]:
        splits, _ = load_stream(source, Division(), 120, window)
        return [line for line in splits.warnings if "data.shuffle_buffer" in line]

    (warning,) = warned(20)
    assert "windows of data.shuffle_buffer=20 texts hold one class only" in warning
    assert warned(1000) == warned(None) == []


def test_stored_paths_are_found_above_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Write
) -> None:
    write("project/data/a.csv", "")
    run_dir, elsewhere = tmp_path / "project/outputs/run/best", tmp_path / "elsewhere"
    run_dir.mkdir(parents=True)
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    for path in ("data/a.csv", "data/*.csv"):
        assert find_stored("data.test", path, run_dir) == str(tmp_path / "project" / path)
        with pytest.raises(InputError, match=f"resume from there: cd {tmp_path}/project"):
            check_stored("data.train", path, run_dir)
    with pytest.raises(InputError, match=r"data.test=b.csv: no such file, neither .* set data.te"):
        find_stored("data.test", "b.csv", run_dir)
    monkeypatch.chdir(tmp_path / "project")
    assert find_stored("data.test", "data/a.csv", run_dir) == "data/a.csv"
    check_stored("data.train", "data/a.csv", run_dir)


def test_all_files_of_a_stored_configuration_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Write
) -> None:
    names = ("train", "test", "unlabelled", "exclude", "relabel")
    files = {name: write(f"project/{name}.csv", "") for name in names}
    run_dir = tmp_path / "project/outputs/run"
    monkeypatch.chdir(tmp_path)
    typed: dict[str, Any] = {name: f"{name}.csv" for name in names}
    stored = DataConfig("files", **typed)
    found = found_data(stored, ["data.test"], run_dir)
    assert {name: getattr(found, name) for name in names} == files | {"test": "test.csv"}
    monkeypatch.chdir("/")
    hub = found_data(DataConfig("hub", path="../project"), [], run_dir)
    assert Path(hub.path or "").resolve() == tmp_path / "project"
    elsewhere = DataConfig("hub", path="stanfordnlp/imdb")  # an id, or a directory that is gone
    assert found_data(elsewhere, [], run_dir) == elsewhere
    lost = replace(stored, exclude="lost.csv")
    with pytest.raises(InputError, match=r"data.exclude=lost.csv: no such file, neither from"):
        found_data(lost, [], run_dir)
