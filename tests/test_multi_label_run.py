"""Texts with several labels, from the file to the prediction."""

import json
import random
from pathlib import Path

import pytest
from tiny_data import CLASS_WORDS, FILLERS, curves, error_line, read_json, run, train, write_csv

import textcnn

pytest_plugins = ("tiny_run",)

SEVERAL = ("data.multi_label=true", "training.epochs=14")
SEPARATED = ('data.label_separator="|"',)


def texts_with_labels(count: int) -> list[tuple[str, list[str]]]:
    """Two words of each label that a text has, among fillers; one in eight has none."""
    draw = random.Random(3)
    drawn = []
    for _ in range(count):
        labels = [label for label in CLASS_WORDS if draw.random() < 0.5]
        words = [draw.choice(CLASS_WORDS[label]) for label in labels for _ in range(2)]
        words += draw.choices(FILLERS, k=3)
        draw.shuffle(words)
        drawn.append((" ".join(words), labels))
    return drawn


@pytest.fixture(scope="module")
def several_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cells = [(text, " | ".join(labels)) for text, labels in texts_with_labels(300)]
    return write_csv(tmp_path_factory.mktemp("several") / "train.csv", cells)


@pytest.fixture(scope="module")
def several_run(several_csv: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run_dir = tmp_path_factory.mktemp("several_run") / "run"
    assert train(several_csv, run_dir, *SEVERAL, *SEPARATED) == 0
    return run_dir


def test_scores_are_of_sets_and_of_each_label(several_run: Path) -> None:
    test = read_json(several_run / "metrics.json")["test"]
    assert test["micro_f1"] > 0.9
    assert test["macro_f1"] > 0.9
    assert test["confusion"] is None
    assert [row["label"] for row in test["classes"]] == ["film", "sport", "tech"]
    assert len(read_json(several_run / "best" / "thresholds.json")) == 3
    assert "validation/micro_f1" in curves(several_run).Tags()["scalars"]


def test_predictions_are_sets(
    several_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    classifier = textcnn.load(several_run)
    assert isinstance(classifier, textcnn.LabelSetClassifier)
    (both, none) = classifier.predict(["actor goal plot team", "filler1 filler2"])
    assert both.labels == frozenset({"film", "sport"})
    assert none.labels == frozenset()
    file = tmp_path / "texts.txt"
    file.write_text("actor goal plot team\n")
    assert run("predict", f"checkpoint={several_run}", f"input={file}") == 0
    line = json.loads(capfd.readouterr().out)
    assert line["labels"] == ["film", "sport"]
    assert set(line) == {"row", "text", "labels", "probabilities"}


def test_its_checkpoint_reproduces_its_scores(
    several_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("evaluate", f"checkpoint={several_run}", f"run_dir={tmp_path}") == 0
    assert "reproduced: training reported the same accuracy" in capfd.readouterr().out
    evaluation = read_json(tmp_path / "evaluation.json")
    assert evaluation["micro_f1"] == read_json(several_run / "metrics.json")["test"]["micro_f1"]


def test_lists_and_separated_strings_give_the_same_run(several_run: Path, tmp_path: Path) -> None:
    lines = [json.dumps({"text": text, "label": labels}) for text, labels in texts_with_labels(300)]
    (tmp_path / "train.jsonl").write_text("\n".join(lines))
    assert train(tmp_path / "train.jsonl", tmp_path / "run", *SEVERAL) == 0
    got, expected = (read_json(d / "metrics.json")["test"] for d in (tmp_path / "run", several_run))
    assert got == expected


def test_lists_that_are_read_as_one_label_are_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "train.jsonl"
    file.write_text('{"text": "x", "label": ["a", "b"]}\n')
    assert train(file, tmp_path / "run") == 2
    assert error_line(capfd) == (
        f"{file}, line 1: column 'label' holds lists; set data.multi_label=true if a text may have "
        "several labels"
    )


def test_strings_need_a_separator(
    several_csv: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert train(several_csv, tmp_path / "run", "data.multi_label=true") == 2
    said = error_line(capfd)
    assert (
        "not a list; set the separator between labels, for example 'data.label_separator=\"|\"'"
        in said
    )


@pytest.mark.parametrize(
    "overrides",
    [
        ("training.class_weights=balanced", "training.label_smoothing=0.1"),
        ("training.class_weights={film:2,tech:3}", "training.sampling=balanced"),
        ("data.folds=2",),
        ("data.streaming=true", "text.vocabulary_examples=150", "training.metric=micro_f1"),
    ],
)
def test_it_goes_together_with_everything_else(
    several_csv: Path, tmp_path: Path, overrides: tuple[str, ...]
) -> None:
    keys = (*SEVERAL, *SEPARATED, "training.epochs=3", *overrides)
    assert train(several_csv, tmp_path / "run", *keys) == 0
    assert 0 <= read_json(tmp_path / "run" / "metrics.json")["test"]["micro_f1"] <= 1


@pytest.mark.parametrize(
    "overrides",
    [
        ("training.class_weights=balanced",),
        ("training.class_weights=[1,2,3]", "training.label_smoothing=0.1"),
        ("training.sampling=balanced", "training.batch_tokens=64"),
    ],
)
def test_weights_and_sampling_for_one_label_per_text(
    tiny_csv: Path, tmp_path: Path, overrides: tuple[str, ...]
) -> None:
    assert train(tiny_csv, tmp_path / "run", "training.epochs=5", *overrides) == 0
    assert read_json(tmp_path / "run" / "metrics.json")["test"]["accuracy"] > 0.5


def test_weights_for_classes_that_there_are_not_are_refused(
    tiny_csv: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert train(tiny_csv, tmp_path / "run", "training.class_weights={arts:2}") == 2
    assert error_line(capfd) == (
        "training.class_weights names an unknown class arts; the classes are film, sport, tech"
    )
    assert not (tmp_path / "run").exists()
