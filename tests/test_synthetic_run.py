"""Training on a synthetic task, and everything that is done with what it leaves behind."""

from pathlib import Path
from typing import Any

import pytest
from tiny_data import assert_same_run, error_line, read_json, resume, run

from textcnn.config.stored import parse_train_config
from textcnn.config.synthetic import SyntheticConfig
from textcnn.inference import Classifier, load

pytest_plugins = ("tiny_run",)  # one thread

SMALL = (
    "data=synthetic",
    "data.examples=200",
    "model.kernel_sizes=[3]",
    "model.embedding_dim=16",
    "model.num_filters=16",
    "model.dropout=0",
    "optimizer.learning_rate=0.03",
    "training.batch_size=10",
    "training.epochs=4",
    "training.patience=null",
)


def train(run_dir: Path, *overrides: str) -> int:
    return run("train", *SMALL, f"run_dir={run_dir}", *overrides)


def evaluate(run_dir: Path, *overrides: str) -> dict[str, Any]:
    given = ("overwrite=true", f"run_dir={run_dir}/scores", *overrides)
    assert run("evaluate", f"checkpoint={run_dir}", *given) == 0
    scores: dict[str, Any] = read_json(run_dir / "scores" / "evaluation.json")
    return scores


@pytest.fixture(scope="module")
def ordered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on markers two words apart, which windows of three see."""
    run_dir = tmp_path_factory.mktemp("synthetic") / "run"
    assert train(run_dir, "data.distance=2", "seed=7") == 0
    return run_dir


def test_the_configuration_of_a_run_holds_the_task(ordered: Path) -> None:
    for file in (ordered / "config.yaml", ordered / "best" / "config.yaml"):
        data = parse_train_config(file.read_text(encoding="utf-8")).data
        assert data == SyntheticConfig(examples=200)


def test_a_checkpoint_is_scored_on_its_own_task_drawn_anew(ordered: Path) -> None:
    scores = evaluate(ordered)
    assert scores["reproduced"] is True
    assert scores["examples"] == 200


def test_a_checkpoint_is_scored_on_its_task_with_other_sizes(ordered: Path) -> None:
    far = evaluate(ordered, "data=synthetic", "data.distance=3")
    assert far["accuracy"] == 0.5
    assert far["examples"] == 200  # as in training
    longer = evaluate(ordered, "data=synthetic", "data.length=50", "data.examples=30")
    assert (longer["accuracy"], longer["examples"]) == (1.0, 30)


def test_sizes_that_do_not_go_with_those_of_training_are_refused(
    ordered: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    given = ("data=synthetic", "data.window=9", f"run_dir={ordered}/refused")
    assert run("evaluate", f"checkpoint={ordered}", *given) == 2
    assert error_line(capfd).startswith("data.window=9 needs data.distance of at least 9")


def test_new_texts_are_labelled(ordered: Path) -> None:
    classifier = load(ordered)
    assert isinstance(classifier, Classifier)
    said = classifier.predict(["o o a o b o", "o o o b o a o o"])
    assert [prediction.label for prediction in said] == ["ab", "ba"]


def test_a_resumed_run_equals_one_that_was_not_stopped(tmp_path: Path) -> None:
    assert train(tmp_path / "whole", "training.epochs=2") == 0
    assert train(tmp_path / "parts", "training.epochs=1") == 0
    assert resume(tmp_path / "parts", "training.epochs=2") == 0
    assert_same_run(tmp_path / "parts", tmp_path / "whole")


def test_a_look_at_the_data_says_what_pairs_share(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("describe", "data=synthetic", "data.task=brackets", "data.filler=random") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "data.task=brackets: the texts of a pair have the same words, with equal counts" in said


@pytest.mark.parametrize("filler", ["constant", "random"])
def test_windows_of_three_see_two_words_far_and_not_three(filler: str, tmp_path: Path) -> None:
    given = ("data.task=order", f"data.filler={filler}", "data.examples=400")
    assert train(tmp_path / "near", *given, "data.distance=2") == 0
    assert read_json(tmp_path / "near" / "metrics.json")["test"]["accuracy"] > 0.98
    # in random filler contexts as long as a window must lie between the markers
    far = "data.distance=3" if filler == "constant" else "data.distance=5"
    assert train(tmp_path / "far", *given, far) == 0
    assert read_json(tmp_path / "far" / "metrics.json")["test"]["accuracy"] == 0.5
    logits = load(tmp_path / "far").logits
    assert logits(["o o o a o o b o o o"]).allclose(logits(["o o o b o o a o o o"]), atol=1e-5)
