"""Training with other units and with pretrained vectors, end to end."""

from pathlib import Path

import pytest
from tiny_data import CLASS_WORDS, TINY, error_line, read_json, run, train, weights

import textcnn
from textcnn.checkpoint import load_checkpoint
from textcnn.config.model_keys import NetworkConfig
from textcnn.config.stored import parse_train_config

pytest_plugins = ("tiny_run",)


@pytest.mark.parametrize(
    ("overrides", "ids"),
    [
        (("text=char", "text.alphabet=zhang"), 2 + 69),
        (("text=char", "text.alphabet=learned", "text.max_vocabulary=20"), 2 + 20),
        (("text=byte", "text.truncate=both", "text.max_length=40"), 2 + 256),
        (("text.tokenizer=kim",), None),
    ],
)
def test_every_unit_trains_and_predicts_from_its_checkpoint(
    overrides: tuple[str, ...], ids: int | None, tiny_csv: Path, tmp_path: Path
) -> None:
    keys = [*overrides, "model.kernel_sizes=[3,5]", "training.epochs=1"]
    paths = [f"data.train={tiny_csv}", f"run_dir={tmp_path / 'run'}"]
    tiny = [key for key in TINY if "text=byte" not in keys or "min_frequency" not in key]
    assert run("train", *tiny, *paths, *keys) == 0
    classifier = textcnn.load(tmp_path / "run")
    assert isinstance(classifier, textcnn.Classifier)
    assert ids is None or len(classifier.encoder.vocabulary) == ids
    assert classifier.predict(["actor", ""])[0].label in CLASS_WORDS
    data = read_json(tmp_path / "run" / "metrics.json")["data"]
    assert data["splits"]["test"]["unknown_rate"] < 0.5


def test_vectors_start_the_embedding_and_are_not_needed_again(
    tiny_csv: Path, tmp_path: Path
) -> None:
    file = tmp_path / "vectors.txt"
    file.write_text("actor 1 2 3\ngoal 4 5 6\n")
    still = "optimizer.learning_rate=1e-30"  # so that the weights stay what they were
    keys = (f"text.vectors={file}", still, "training.epochs=1")
    assert train(tiny_csv, tmp_path / "run", *keys) == 0
    file.unlink()
    classifier = textcnn.load(tmp_path / "run")
    actor, goal = classifier.encoder.vocabulary.encode(["actor", "goal"])
    embedding = weights(tmp_path / "run" / "best")["embedding.table.weight"]
    assert embedding[[actor, goal]].tolist() == [[1, 2, 3], [4, 5, 6]]
    assert embedding[0].tolist() == [0, 0, 0]
    stored = parse_train_config(load_checkpoint(tmp_path / "run" / "best").config)
    assert isinstance(stored.model, NetworkConfig)
    assert stored.model.embedding_dim == 3
    coverage = read_json(tmp_path / "run" / "metrics.json")["data"]["vectors_coverage"]
    assert coverage == pytest.approx(2 / len(classifier.encoder.vocabulary.known_tokens))
    assert train(tiny_csv, tmp_path / "new", *keys) == 2  # a new run needs the file


def test_a_run_with_vectors_goes_on_without_the_file(tiny_csv: Path, tmp_path: Path) -> None:
    file = tmp_path / "vectors.txt"
    file.write_text("actor 1 2 3\ngoal 4 5 6\n")
    assert train(tiny_csv, tmp_path / "run", f"text.vectors={file}", "training.epochs=1") == 0
    file.unlink()
    assert run("train", f"resume={tmp_path / 'run'}", "training.epochs=2") == 0
    assert len(read_json(tmp_path / "run" / "metrics.json")["history"]) == 2


def test_a_given_embedding_dim_must_be_that_of_the_vectors(
    tiny_csv: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "v.txt"
    file.write_text("actor 1 2 3\ngoal 4 5 6\n")
    keys = ("data=files", f"data.train={tiny_csv}", f"text.vectors={file}")
    assert run("describe", *keys, "model.embedding_dim=33") == 2
    said = capfd.readouterr().err.rstrip()
    assert "model.embedding_dim=33, but text.vectors has 3 dimensions; leave" in said
    assert train(tiny_csv, tmp_path / "run", *keys[2:], "model.embedding_dim=33") == 2
    assert run("describe", *keys, "model.embedding_dim=3") == 0
    assert run("describe", *keys, "model=kim2014") == 0


def test_describe_shows_how_many_tokens_have_vectors_as_training_does(
    tiny_csv: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "v.txt"
    file.write_text("actor 1 2 3\ngoal 4 5 6\n")
    keys = ("data=files", f"data.train={tiny_csv}", f"text.vectors={file}")
    line = f"{file}: 3-dimensional vectors for "
    assert run("describe", *keys) == 0
    described = capfd.readouterr().out
    assert (
        train(tiny_csv, tmp_path / "run", *keys, "training.epochs=1", "text.min_frequency=2") == 0
    )
    trained = capfd.readouterr().out
    of_describe, of_training = (
        out.replace("\n", " ").partition(line)[2].partition("tokens")[0].split()
        for out in (described, trained)
    )
    assert of_describe == of_training != []
    file.write_text("actor 1 2 x\n")
    assert run("describe", *keys) == 2
    assert error_line(capfd).startswith(f"{file}, line 1: ")
