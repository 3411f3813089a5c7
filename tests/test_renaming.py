"""Other names for classes: `data.rename`."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tiny_data import error_line, refusal, rows, run, train, write_csv

import textcnn
from textcnn.config.quoting import names_by_name
from textcnn.data.labels.renaming import Renaming
from textcnn.data.splits import Division
from textcnn.inference import load

pytest_plugins = ("tiny_run",)


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("{a: b}", {"a": "b"}),
        ("{a:b,c:b}", {"a": "b", "c": "b"}),
        ("{HUM:ind: person, 'a, b': \"c: d\"}", {"HUM:ind": "person", "a, b": "c: d"}),
        ("{old name: new name}", {"old name": "new name"}),
        ("{1: yes}", {"1": "yes"}),
        ("{a}", None),
        ("{a: b, a: c}", None),
        ("a: b", None),
        ("{}", None),
    ],
)
def test_names_are_typed_by_name(typed: str, names: dict[str, str] | None) -> None:
    assert names_by_name(typed) == names


def table(labels: list[Any], kind: Any = None) -> pa.Table:
    kind = kind or pa.string()
    texts = [f"text {number}" for number in range(len(labels))]
    return pa.table({"text": texts, "label": pa.array(labels, kind)})


def test_names_change_at_once_so_that_two_can_be_swapped() -> None:
    changed = Renaming({"a": "b", "b": "a"}).unify(table(["a", "b", "c"]))
    assert changed["label"].to_pylist() == ["b", "a", "c"]


def test_an_old_name_is_found_however_it_is_spelled() -> None:
    changed = Renaming({"1": "one", " b": "two"}).unify(table(["1.0", "b", "c"]))
    assert changed["label"].to_pylist() == ["one", "two", "c"]


def test_label_sets_are_renamed_in_their_lists() -> None:
    sets = table([["a", "b"], ["b"], []], pa.list_(pa.string()))
    division = Division(None, None, rename={"a": "x", "b": "x"}, duplicates="keep")
    splits = division.divide({"data.train": sets})
    assert splits.labels == ("x",)
    assert splits.train.labels[:, 0].tolist() == [True, True, False]


def test_splits_merge_classes_and_say_so() -> None:
    division = Division(None, None, rename={"a": "ab", "b": "ab"})
    splits = division.divide({"data.train": table(["a", "b", "c"] * 4)})
    assert splits.labels == ("ab", "c")
    assert splits.notes[0] == "data.rename: 'a' and 'b' count as 'ab'"


def test_an_unknown_old_name_is_refused_with_the_nearest() -> None:
    division = Division(None, None, rename={"Sprot": "x"})
    assert refusal(lambda: division.divide({"data.train": table(["sport", "film"] * 4)})) == (
        "data.rename: the rows have no class 'Sprot' (did you mean 'sport'?); the classes are "
        "film, sport"
    )


def test_train_and_evaluate_with_other_names(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = write_csv(tmp_path / "train.csv", rows(90))
    rename = "data.rename={film: fun, sport: fun}"
    keys = ("training.epochs=2", "text.subwords=false")
    assert train(file, tmp_path / "run", rename, *keys) == 0
    assert load(tmp_path / "run").labels == ("fun", "tech")
    assert run("evaluate", f"checkpoint={tmp_path / 'run'}", f"run_dir={tmp_path / 'own'}") == 0
    other = write_csv(tmp_path / "other.csv", rows(30, seed=3))
    data = ("data=files", f"data.test={other}", f"run_dir={tmp_path / 'other'}")
    capfd.readouterr()
    assert run("evaluate", f"checkpoint={tmp_path / 'run'}", *data) == 2
    assert "the label 'film' is not in training" in error_line(capfd)
    assert run("evaluate", f"checkpoint={tmp_path / 'run'}", *data, rename) == 0
    assert "data.rename: 'film' and 'sport' count as 'fun'" in capfd.readouterr().out


def test_from_python() -> None:
    texts, labels = zip(*rows(60), strict=True)
    rename = {"film": "fun, all", "sport": "fun, all"}
    classifier = textcnn.fit(texts, labels, model="ngrams", data={"rename": rename})
    assert classifier.labels == ("fun, all", "tech")
    with pytest.raises(textcnn.InputError, match=r"try 'data\.rename=\{old: new\}'"):
        textcnn.fit(texts, labels, model="ngrams", data={"rename": {"film": 3.5, "a": ["b"]}})


def test_audit_data_refuses_it(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = write_csv(tmp_path / "train.csv", rows(30))
    assert run("audit_data", "data=files", f"data.train={file}", "data.rename={film: fun}") == 2
    assert "data.rename={film:fun}; leave it out" in error_line(capfd)
