"""Scoring a checkpoint: what training reported comes out again, and other data can be scored."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tiny_data import (
    error_line,
    everything,
    forge_config,
    forge_manifest,
    read_json,
    rows,
    run,
    train,
    write_csv,
)

import textcnn
from textcnn.errors import InputError
from textcnn.evaluation.manifest import read_reported
from textcnn.inference.environment import environment

pytest_plugins = ("tiny_run",)

NOW = environment()


@pytest.fixture
def best(tiny_run: Path, tmp_path: Path) -> Path:
    """A copy of a trained checkpoint, to spoil."""
    return shutil.copytree(tiny_run / "best", tmp_path / "checkpoint")


@pytest.fixture
def other_csv(tmp_path: Path) -> Path:
    """Four texts, of which one has a label that its words speak against."""
    cells = [
        ("goal goal match", "sport"),
        ("chip", "tech"),
        ("actor plot", "tech"),
        ("plot", "film"),
    ]
    return write_csv(tmp_path / "other.csv", cells, header=("body", "topic"))


def evaluate(checkpoint: Path, out: Path, *overrides: str) -> int:
    """Without a report, which takes longer than the scores."""
    given = (f"checkpoint={checkpoint}", f"run_dir={out}", "report=false")
    return run("evaluate", *given, *overrides)


def last_lines(capfd: pytest.CaptureFixture[str]) -> list[str]:
    """Without that of the report, which names a file."""
    lines = capfd.readouterr().out.splitlines()
    return [line for line in lines if not line.startswith("report: ")]


def test_exactly_the_reported_scores_are_reproduced(
    tiny_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = everything(tiny_run)
    assert evaluate(tiny_run, tmp_path / "out", "report=true") == 0
    result = read_json(tmp_path / "out" / "evaluation.json")
    reported = read_json(tiny_run / "metrics.json")["test"]
    assert {name: result[name] for name in reported} == reported
    assert result["examples"] == 20
    assert result["reproduced"] is True
    assert result["golden_difference"] <= 1e-5
    assert everything(tiny_run) == before  # the checkpoint is only read
    *_, summary, measures, always, _trust, verdict, saved = last_lines(capfd)
    percent = f"{100 * reported['accuracy']:.2f} %"
    low, high = (f"{100 * end:.1f}" for end in result["intervals"]["accuracy"])
    assert summary.startswith(f"accuracy {percent} (95 %: {low} to {high}), macro-F1 ")
    assert measures.startswith(f"balanced accuracy {100 * result['balanced_accuracy']:.2f} %, ")
    assert always == "always answering 'film': 35.0 %"
    assert verdict == f"reproduced: training reported the same accuracy, {percent}"
    assert saved == (
        f"saved in {tmp_path / 'out' / 'evaluation.json'}, each text in predictions.jsonl "
        "beside it, and a page to read in report/index.html"
    )


def test_table_has_a_row_for_each_class(
    tiny_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(tiny_run, tmp_path / "out") == 0
    out = capfd.readouterr().out
    for row in read_json(tmp_path / "out" / "evaluation.json")["classes"]:
        (line,) = (line for line in out.splitlines() if f" {row['label']} " in line)
        cells = [cell.strip() for cell in line.split("│")[1:-1]]
        percents = [f"{100 * row[name]:.1f}" for name in ("precision", "recall", "f1")]
        assert cells == [row["label"], *percents, str(row["examples"])]


def test_batch_size_changes_no_score(tiny_run: Path, tmp_path: Path) -> None:
    assert evaluate(tiny_run, tmp_path, "batch_size=3") == 0
    result = read_json(tmp_path / "evaluation.json")
    assert result["reproduced"] is True
    assert result["loss"] == pytest.approx(
        read_json(tiny_run / "metrics.json")["test"]["loss"], abs=1e-6
    )


@pytest.mark.parametrize("keys", [("table_memory=0",), ("half=true",)])
def test_tables_change_no_verdict(tiny_run: Path, tmp_path: Path, keys: tuple[str, ...]) -> None:
    assert evaluate(tiny_run, tmp_path, *keys) == 0
    result = read_json(tmp_path / "evaluation.json")
    assert result["reproduced"] is True
    assert result["golden_difference"] <= 1e-5
    assert result["loss"] == pytest.approx(
        read_json(tiny_run / "metrics.json")["test"]["loss"], abs=1e-2
    )


def test_other_data_are_scored_by_their_own_columns(
    tiny_run: Path, tmp_path: Path, other_csv: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    keys = ("data=files", f"data.test={other_csv}", "data.text=body", "data.label=topic")
    assert evaluate(tiny_run, tmp_path / "out", *keys) == 0
    result = read_json(tmp_path / "out" / "evaluation.json")
    assert (result["accuracy"], result["examples"]) == (0.75, 4)
    assert result["confusion"] == [[1, 0, 0], [0, 1, 0], [1, 0, 1]]  # film, sport, tech
    assert (result["reported"], result["reproduced"]) == (None, None)
    assert result["data"]["test"] == str(other_csv)
    assert last_lines(capfd)[-2] == (
        "nothing to compare with: these are not the test texts of the training run"
    )


def test_a_single_key_changes_the_checkpoints_own_data(tiny_run: Path, tmp_path: Path) -> None:
    test = write_csv(tmp_path / "test.csv", [("goal", "sport"), ("chip", "tech")])
    assert evaluate(tiny_run, tmp_path / "out", f"data.test={test}") == 0
    result = read_json(tmp_path / "out" / "evaluation.json")
    assert (result["accuracy"], result["examples"]) == (1.0, 2)
    assert result["data"]["source"] == "files"
    assert result["data"]["train"] is not None


def test_a_label_that_training_did_not_have_is_refused(
    tiny_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    test = write_csv(tmp_path / "test.csv", [("goal", "sport"), ("a song", "music")])
    assert evaluate(tiny_run, tmp_path / "out", "data=files", f"data.test={test}") == 2
    line = error_line(capfd)
    assert "row 2" in line
    assert "'music'" in line
    assert "is not in training: film, sport, tech; correct it" in line
    assert not (tmp_path / "out").exists()


def test_data_with_other_classes_are_refused(
    tiny_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    train = write_csv(tmp_path / "train.csv", [row for row in rows(60) if row[1] != "film"])
    assert evaluate(tiny_run, tmp_path / "out", "data=files", f"data.train={train}") == 2
    assert error_line(capfd) == (
        "the data have the classes sport, tech, the checkpoint has film, sport, tech; give data "
        "with the classes of the checkpoint"
    )


def test_files_without_a_test_file_are_refused(
    tiny_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(tiny_run, tmp_path / "out", "data=files") == 2
    assert error_line(capfd) == "data=files needs data.test=<file> to score, got null"


def test_an_evaluation_that_is_there_is_replaced_only_with_overwrite(
    tiny_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "evaluation.json"
    file.write_text("{}", encoding="utf-8")
    assert evaluate(tiny_run, tmp_path) == 2
    assert error_line(capfd) == (f"{file} already exists; try another run_dir, or overwrite=true")
    assert file.read_text(encoding="utf-8") == "{}"
    assert evaluate(tiny_run, tmp_path, "overwrite=true", "report=true") == 0
    assert read_json(file)["reproduced"] is True
    wanted = {"evaluation.json", "predictions.jsonl", "report"}
    assert {path.name for path in tmp_path.iterdir()} == wanted


def test_a_file_is_no_run_directory(
    tiny_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert evaluate(tiny_run, tmp_path / "file") == 2
    assert error_line(capfd) == f"run_dir={tmp_path / 'file'} is a file; give a directory instead"


def test_a_run_directory_that_cannot_be_made_is_refused(
    tiny_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert evaluate(tiny_run, tmp_path / "file" / "out") == 2
    assert "can't be written: Not a directory" in error_line(capfd)


def test_checkpoint_must_be_given(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("evaluate", f"run_dir={tmp_path / 'out'}") == 2
    assert error_line(capfd) == (
        "checkpoint is missing; try checkpoint=<run or checkpoint directory>"
    )


def test_a_missing_checkpoint_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert evaluate(tmp_path / "nowhere", tmp_path / "out") == 2
    assert error_line(capfd).startswith(f"checkpoint {tmp_path / 'nowhere'} does not exist")
    assert not (tmp_path / "out").exists()


def verdict_of(checkpoint: Path, out: Path, capfd: pytest.CaptureFixture[str]) -> str:
    capfd.readouterr()
    assert evaluate(checkpoint, out) == 0
    verdicts = ("reproduced: ", "differs: ", "nothing to compare with: ")
    (verdict,) = (line for line in last_lines(capfd) if line.startswith(verdicts))
    return verdict


def test_another_accuracy_than_the_reported_is_told(
    best: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    forge_manifest(best, metrics={"test": {"accuracy": 0.125}})
    assert verdict_of(best, tmp_path / "out", capfd) == (
        "differs: training reported an accuracy of 12.50 %"
    )
    result = read_json(tmp_path / "out" / "evaluation.json")
    assert (result["reported"], result["reproduced"]) == ({"accuracy": 0.125}, False)


@pytest.mark.parametrize(
    ("then", "said"),
    [
        (None, ["the checkpoint doesn't say with which versions it was trained"]),
        ({"torch": "1.0\n", "hardware": 3}, ["torch: 1.0 in training, "]),
        (NOW, ["neither versions nor hardware"]),
        (NOW | {"hardware": "abacus"}, ["hardware: abacus in training, "]),
    ],
)
def test_what_differs_from_training_is_named(
    best: Path,
    tmp_path: Path,
    then: Any,
    said: list[str],
    capfd: pytest.CaptureFixture[str],
) -> None:
    reported = read_json(best / "manifest.json")["metrics"]["test"]
    wrong = {"test": reported | {"accuracy": 0.125, "loss": 2.0}}
    forge_manifest(best, metrics=wrong, environment=then)
    assert evaluate(best, tmp_path / "out") == 0
    lines = [line for line in last_lines(capfd) if line.startswith("what differs: ")]
    numbers = ["accuracy: 12.50 % in training, ", "loss: 2.000000 in training, "]
    assert len(lines) == len([*numbers, *said])
    for line, start in zip(lines, [*numbers, *said], strict=True):
        assert line.startswith(f"what differs: {start}")
    assert len(read_json(tmp_path / "out" / "evaluation.json")["differences"]) == len(lines)


@pytest.mark.parametrize("shift", [0.5, float("nan")])
def test_other_logits_of_the_golden_texts_are_told(
    best: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], shift: float
) -> None:
    golden = read_json(best / "manifest.json")["golden"]
    golden[1]["logits"][2] += shift
    forge_manifest(best, golden=golden)
    assert verdict_of(best, tmp_path / "out", capfd).startswith(
        f"differs: logits of the checkpoint's golden texts are off by up to {shift}"
    )


def test_a_checkpoint_that_was_never_tested_has_nothing_to_compare_with(
    tiny_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert verdict_of(tiny_run / "last", tmp_path / "out", capfd) == (
        "nothing to compare with: training reported no test scores of this checkpoint"
    )


def test_data_that_changed_since_training_are_told(
    best: Path, tmp_path: Path, tiny_csv: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    changed = write_csv(tmp_path / "changed.csv", rows(200, seed=1))
    forge_config(best, str(tiny_csv), str(changed))
    assert verdict_of(best, tmp_path / "out", capfd) == (
        "nothing to compare with: the test data have changed"
    )


HOSTILE: list[tuple[str, Any]] = [
    ("data", None), ("data", []), ("data", "x"), ("data", {}), ("data", {"test": 1}),
    ("metrics", None), ("metrics", []), ("metrics", "x"), ("metrics", {"test": []}),
    ("metrics", {"test": "x"}), ("metrics", {"test": {}}), ("metrics", {"test": {"accuracy": "1"}}),
    ("metrics", {"test": {"accuracy": None}}), ("metrics", {"test": {"accuracy": [1.0]}}),
    ("golden", None), ("golden", []), ("golden", {}), ("golden", "x"), ("golden", [1]),
    ("golden", [{}]), ("golden", [{"text": "a"}]), ("golden", [{"text": 1, "logits": [0, 0, 0]}]),
    ("golden", [{"text": "a", "logits": None}]), ("golden", [{"text": "a", "logits": [0, 0]}]),
    ("golden", [{"text": "a", "logits": ["0", "0", "0"]}]),
    ("golden", [{"text": "a", "logits": [10**400, 0, 0]}]),
    ("golden", [{"text": "a", "logits": [[0], [0], [0]]}]),
    ("golden", [{"text": "a", "logits": [0, 0, 0]}, {"text": "b", "logits": [0, 0]}]),
]  # fmt: skip


@pytest.mark.parametrize(("entry", "value"), HOSTILE, ids=lambda value: str(value)[:40])
def test_manifest_with_an_entry_of_another_type_is_refused(entry: str, value: Any) -> None:
    good = {
        "data": {"test": "fingerprint"},
        "metrics": {"test": {"accuracy": 1.0}},
        "golden": [{"text": "a", "logits": [0, 0.5, 1]}],
    }
    assert read_reported(good, Path("m.json"), classes=3).golden[1].tolist() == [[0, 0.5, 1]]
    with pytest.raises(InputError) as refused:
        read_reported(good | {entry: value}, Path("m.json"), classes=3)
    assert str(refused.value) == (
        f"m.json: the entry {entry!r} is not what training writes; copy the checkpoint again"
    )


@pytest.mark.parametrize("entry", ["data", "metrics", "golden"])
def test_evaluation_against_a_hostile_manifest_ends_in_a_line(
    best: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], entry: str
) -> None:
    forge_manifest(best, **{entry: 1})
    assert evaluate(best, tmp_path / "out") == 2
    assert error_line(capfd) == (
        f"{best / 'manifest.json'}: the entry {entry!r} is not what training writes; "
        "copy the checkpoint again"
    )
    assert not (tmp_path / "out").exists()
    classifier = textcnn.load(best)  # needs none of these
    assert isinstance(classifier, textcnn.Classifier)
    assert classifier.predict(["goal"])[0].label == "sport"


def test_other_files_have_the_columns_of_training(tmp_path: Path) -> None:
    names = ("body", "topic")
    trained = write_csv(tmp_path / "train.csv", rows(100), header=names)
    other = write_csv(tmp_path / "other.csv", rows(20, seed=1), header=names)
    columns = ("data.text=body", "data.label=topic", "training.epochs=1")
    assert train(trained, tmp_path / "run", *columns) == 0
    keys = (f"checkpoint={tmp_path / 'run'}", "data=files", f"data.test={other}")
    assert run("evaluate", *keys, f"run_dir={tmp_path / 'evaluation'}") == 0
    assert read_json(tmp_path / "evaluation" / "evaluation.json")["examples"] == 20


def test_other_files_have_as_many_labels_a_text_as_training(
    tiny_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    sets = [(text, f"{label}|new" if "filler1" in text else label) for text, label in rows(100)]
    trained = write_csv(tmp_path / "train.csv", sets)
    several = ("data.multi_label=true", "data.label_separator=|", "training.epochs=1")
    assert train(trained, tmp_path / "run", *several) == 0
    other = write_csv(tmp_path / "other.csv", [("goal", "sport|new"), ("chip", ""), ("x", "film")])
    keys = ("data=files", f"data.test={other}")
    assert evaluate(tmp_path / "run", tmp_path / "out", *keys) == 0
    assert read_json(tmp_path / "out" / "evaluation.json")["examples"] == 3
    capfd.readouterr()
    assert evaluate(tmp_path / "run", tmp_path / "no", *keys, "data.multi_label=false") == 2
    assert error_line(capfd) == (
        "the checkpoint was trained with data.multi_label=true, got false; add "
        "data.multi_label=true"
    )
    assert evaluate(tiny_run, tmp_path / "no", *keys, *several[:2]) == 2
    assert error_line(capfd) == (
        "the checkpoint was trained with data.multi_label=false, got true; add "
        "data.multi_label=false"
    )


def test_a_streamed_run_is_scored_on_the_rows_that_it_kept_for_the_test(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    csv_file = write_csv(tmp_path / "train.csv", rows(200))
    keys = ("data.streaming=true", "text.vocabulary_examples=100", "training.validate_every=6")
    assert train(csv_file, tmp_path / "run", *keys) == 0
    assert evaluate(tmp_path / "run", tmp_path / "out") == 0
    result = read_json(tmp_path / "out" / "evaluation.json")
    assert (result["examples"], result["reproduced"]) == (10, True)
    assert last_lines(capfd)[-2].startswith("reproduced: ")


def test_texts_are_written_and_parts_scored_by_the_columns_of_the_data(
    tiny_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    test = tmp_path / "test.csv"
    cells = ["goal goal,sport,web", "chip,tech,print", "actor plot,tech,web", "plot,film,web"]
    test.write_text("text,label,source\n" + "\n".join(cells), encoding="utf-8")
    keys = ("data=files", f"data.test={test}", "data.slices=source", "errors=2")
    assert evaluate(tiny_run, tmp_path / "out", *keys) == 0
    groups = {group["by"]: group for group in read_json(tmp_path / "out/evaluation.json")["slices"]}
    assert groups["source"]["column"] is True
    assert [(each["value"], each["accuracy"]) for each in groups["source"]["slices"]] == [
        ("web", 2 / 3),
        ("print", 1),
    ]
    lines = (tmp_path / "out" / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    third = json.loads(lines[2])
    assert {name: third[name] for name in ("row", "label", "prediction", "correct", "source")} == {
        "row": 3, "label": "tech", "prediction": "film", "correct": False, "source": "web"
    }  # fmt: skip
    out = capfd.readouterr().out
    assert "row 3, tech predicted as film" in out
    assert "│ source " in out
    assert "warning: the classifier is no better than always answering 'tech'" in out


def test_a_column_that_is_not_there_is_refused(
    tiny_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    keys = ("data.slices=[source]", f"run_dir={tmp_path / 'out'}")
    assert run("evaluate", f"checkpoint={tiny_run}", *keys) == 2
    assert error_line(capfd) == (
        "data.slices=[source]: the texts have no column 'source' beside text and label; they have "
        "none"
    )


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("new.csv", "text,stars\ngoal,3\n", "has no column 'label'; it has text, stars; set"),
        ("new.csv", "text,label\ngoal,\nplot,\n", "column 'label' is empty in 2 of 2 rows"),
        ("new.jsonl", '{"text": "goal"}\n', "no column 'label'; it has text"),
        ("new.txt", "goal goal\n", "row 1: no label; a .txt file is read in fastText's format"),
    ],
)
def test_texts_without_labels_are_told_which_program_is_for_them(
    tiny_run: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    name: str,
    content: str,
    reason: str,
) -> None:
    file = tmp_path / name
    file.write_text(content, encoding="utf-8")
    assert evaluate(tiny_run, tmp_path / "out", "data=files", f"data.test={file}") == 2
    line = error_line(capfd)
    assert reason in line
    *_, command = line.split("; ")
    assert command == (
        "if these texts have no labels, let the checkpoint label them: python -m textcnn.predict "
        f"checkpoint={tiny_run} input={file}"
    )


def test_a_text_column_of_its_own_is_in_the_command(
    tiny_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = write_csv(tmp_path / "new.csv", [("goal", "3")], header=("body", "stars"))
    keys = ("data=files", f"data.test={file}", "data.text=body")
    assert evaluate(tiny_run, tmp_path / "out", *keys) == 2
    assert error_line(capfd).endswith(f"input={file} data.text=body")


def test_a_column_with_one_value_makes_no_slices_and_that_is_said(
    tiny_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    test = tmp_path / "test.csv"
    test.write_text("text,label,source\na goal,sport,web\na chip,tech,web\n", encoding="utf-8")
    keys = ("data=files", f"data.test={test}", "data.slices=source")
    assert evaluate(tiny_run, tmp_path / "out", *keys) == 0
    assert "data.slices: all texts have the same value in column 'source'" in last_lines(capfd)
