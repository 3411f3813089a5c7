"""Several sources of vectors side by side, vectors of extras, and names of the Hub."""

import sys
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import huggingface_hub
import numpy as np
import pytest
import torch
from safetensors.numpy import save_file
from tiny_data import assert_same_run, error_line, read_json, refusal, resume, run, train, weights

import textcnn
from textcnn.config.model_keys import MAX_WIDTH
from textcnn.models.layers.embedding import Embedding
from textcnn.text.vectors import TokenVectors, load_vectors
from textcnn.text.vectors.hub import is_hub_name
from textcnn.text.vectors.token_vectors import MOST_DIMENSIONS

pytest_plugins = ("tiny_run",)

WIDE = "actor 1 2 3\ngoal 4 5 6\n"
NARROW = "goal 10 20\nchip 30 40\n"


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    (tmp_path / "wide.txt").write_text(WIDE)
    (tmp_path / "narrow.vec").write_text("2 2\n" + NARROW)
    return [str(tmp_path / "wide.txt"), str(tmp_path / "narrow.vec")]


def test_sources_lie_side_by_side(files: list[str]) -> None:
    tokens = ["chip", "goal", "actor", "new"]
    both = load_vectors(files, tokens, seed=0)
    wide, narrow = (load_vectors(file, tokens, seed=0) for file in files)
    assert both.sizes == (3, 2)
    assert both.values[1].tolist() == [4, 5, 6, 10, 20]
    assert both.values[0, 3:].tolist() == [30, 40]
    assert both.values[2, :3].tolist() == [1, 2, 3]
    assert np.array_equal(both.values[:, :3], wide.values)  # the first source as if it were alone
    assert both.found.tolist() == [True, True, True, False]
    assert both.coverage == 0.75
    # missing parts are random with the variance of their source
    assert np.abs(both.values[[2, 3], 3:]).max() <= np.sqrt(3) * narrow.sources[0].values.std()


def test_each_source_is_scaled_to_a_standard_deviation(files: list[str]) -> None:
    tokens = ["chip", "goal", "actor", "new"]
    plain, scaled = load_vectors(files, tokens, 0), load_vectors(files, tokens, 0, std=0.15)
    for start, end, known in ((0, 3, [1, 2]), (3, 5, [0, 1])):  # the dimensions of each source
        part = scaled.values[:, start:end]
        assert part[known].std() == pytest.approx(0.15)
        ratio = plain.values[:, start:end] / part
        assert ratio == pytest.approx(np.full_like(ratio, ratio[0, 0]))  # the random ones too
    assert scaled.summary == plain.summary


def test_every_source_reports_its_coverage(files: list[str]) -> None:
    assert load_vectors(files, ["chip", "goal", "actor", "new"], seed=0).summary == (
        f"{files[0]}: 3-dimensional vectors for 50.0 % of 4 tokens",
        f"{files[1]}: 2-dimensional vectors for 50.0 % of 4 tokens",
        "side by side: 5-dimensional vectors; 75.0 % of 4 tokens are in at least one source",
    )


def test_a_list_of_one_source_is_that_source(files: list[str]) -> None:
    alone, listed = (load_vectors(name, ["goal", "new"], 3) for name in (files[0], files[:1]))
    assert np.array_equal(alone.values, listed.values)
    assert alone.summary == listed.summary


def test_a_source_without_our_tokens_is_named(files: list[str]) -> None:
    assert refusal(lambda: load_vectors(files, ["actor"], seed=0)).startswith(
        f"text.vectors={files[1]} has no vector for any of the 1 training tokens"
    )


def test_too_many_dimensions_are_refused_before_they_take_memory(tmp_path: Path) -> None:
    names = [str(tmp_path / name) for name in ("a.txt", "b.txt")]
    for name in names:
        Path(name).write_text("goal" + " 1 2" * 20_000 + "\n")
    assert load_vectors(names[0], ["goal"], seed=0).sizes == (40_000,)
    assert refusal(lambda: load_vectors(names, ["goal"], seed=0)) == (
        f"text.vectors={','.join(names)}: 80,000 dimensions, expected at most 65,536; give other "
        "vectors, or fewer sources"
    )
    assert MOST_DIMENSIONS == MAX_WIDTH


def test_an_unknown_word_has_the_variance_of_each_part() -> None:
    torch.manual_seed(0)
    embedding = Embedding(402, 200, "nonstatic")
    generator = torch.Generator().manual_seed(0)
    scale = torch.tensor([1.0, 9.0]).repeat_interleave(100)
    vectors = torch.randn(400, 200, generator=generator) * scale
    embedding.set_vectors(vectors, (100, 100))
    assert embedding.table is not None
    small, large = embedding.table.weight[1].detach().split(100)
    assert small.std() == pytest.approx(1, rel=0.2)
    assert large.std() == pytest.approx(9, rel=0.2)
    assert small.abs().max() <= 3**0.5 * vectors[:, :100].std() * (1 + 1e-3)


@pytest.mark.parametrize("kind", ["static", "nonstatic", "multichannel"])
def test_a_run_learns_from_two_sources_and_resumes(
    files: list[str], kind: str, tiny_csv: Path, tmp_path: Path
) -> None:
    keys = [f"text.vectors=[{','.join(files)}]", f"model.embedding={kind}"]
    assert train(tiny_csv, tmp_path / "whole", *keys, "training.epochs=2") == 0
    assert train(tiny_csv, tmp_path / "parts", *keys, "training.epochs=1") == 0
    for file in files:
        Path(file).unlink()  # the checkpoint has the vectors
    assert resume(tmp_path / "parts", "training.epochs=2") == 0
    assert_same_run(tmp_path / "parts", tmp_path / "whole")
    classifier = textcnn.load(tmp_path / "whole")
    assert isinstance(classifier, textcnn.Classifier)
    goal, chip = classifier.encoder.vocabulary.encode(["goal", "chip"])
    stored = weights(tmp_path / "whole" / "best")
    assert stored["embedding.table.weight"].shape[1] == 5
    frozen = {"static": "embedding.table.weight", "multichannel": "embedding.fixed.weight"}
    if kind in frozen:
        table = stored[frozen[kind]]
        assert table[goal].tolist() == [4, 5, 6, 10, 20]
        assert table[chip, 3:].tolist() == [30, 40]
    coverage = read_json(tmp_path / "whole" / "metrics.json")["data"]["vectors_coverage"]
    known = classifier.encoder.vocabulary.known_tokens
    assert coverage == pytest.approx(3 / len(known))


def test_from_python_a_list_works_too(files: list[str], tmp_path: Path) -> None:
    texts = ["goal actor", "chip chip", "actor goal", "chip goal chip"] * 10
    classifier = textcnn.fit(
        texts,
        ["a", "b", "a", "b"] * 10,
        text={"vectors": files, "min_frequency": 1},
        model={"name": "multi_width", "embedding": "static", "num_filters": 2},
        training={"epochs": 1, "batch_size": 8},
    )
    assert classifier.predict(["goal"])[0].label in ("a", "b")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("0.15", "text.vectors_std=0.15 needs text.vectors, got null; try text.vectors=glove"),
        ("0.15 model=ngrams", "text.vectors_std=0.15 needs a network, got model=ngrams; leave it"),
        # a network can't be initialized from such numbers, or they vanish in float32
        ("1e38", "text.vectors_std takes a number, at least 1e-06, at most 1000.0, or null, got"),
        ("1e-300", "text.vectors_std takes a number, at least 1e-06, at most 1000.0, or null, got"),
    ],
)
def test_a_scale_that_makes_no_sense_is_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], keys: str, message: str
) -> None:
    assert run("train", f"run_dir={tmp_path}/run", *f"text.vectors_std={keys}".split()) == 2
    assert error_line(capfd).startswith(message)
    assert run("describe", *f"text.vectors_std={keys}".split()) == 2
    assert error_line(capfd).startswith(message)


def test_a_source_is_named_once(
    tiny_csv: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    keys = ("text.vectors=[glove,glove]", "model=multi_width")
    assert train(tiny_csv, tmp_path / "run", *keys) == 2
    assert error_line(capfd) == (
        "text.vectors=[glove,glove] names glove twice; name each source once, or try "
        "model.embedding=multichannel"
    )
    assert train(tiny_csv, tmp_path / "run", "text.vectors=[]") == 2
    assert "text.vectors" in error_line(capfd)


def test_describe_reports_each_source(
    files: list[str], tiny_csv: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    keys = ("data=files", f"data.train={tiny_csv}", f"text.vectors=[{','.join(files)}]")
    assert run("describe", *keys) == 0
    shown = " ".join(capfd.readouterr().out.split())
    assert "3-dimensional vectors for" in shown
    assert "side by side: 5-dimensional vectors;" in shown


def test_wordllama_is_read_without_its_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    package = tmp_path / "wordllama"
    for folder in ("weights", "tokenizers"):
        (package / folder).mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit('the package ran')")
    built = tokenizers.Tokenizer(tokenizers.models.WordLevel({"a": 0, "the": 1}, unk_token="a"))
    built.save(str(package / "tokenizers" / "l2_supercat_tokenizer_config.json"))
    table = np.array([[1, 2], [3, 5]], np.float16)
    save_file({"embedding.weight": table}, package / "weights" / "l2_supercat_256.safetensors")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "wordllama", raising=False)
    vectors = load_vectors("wordllama", ["cat", "the"], seed=0)
    assert vectors.values[1].tolist() == [3, 5]
    assert vectors.found.tolist() == [False, True]
    assert "wordllama" not in sys.modules


@pytest.mark.skipif(find_spec("wordllama") is None, reason="needs the extra wordllama")
def test_related_words_have_similar_vectors_of_wordllama() -> None:
    pytest.importorskip("tokenizers")
    words = ["good", "great", "excellent", "table", "unbelievably"]
    vectors = load_vectors("wordllama", words, seed=0)
    assert vectors.values.shape == (5, 256)
    assert vectors.found.all()
    assert cosine(vectors, 0, 1) > cosine(vectors, 0, 3)
    assert cosine(vectors, 1, 2) > cosine(vectors, 2, 3)


def cosine(vectors: TokenVectors, one: int, other: int) -> float:
    a, b = vectors.values[one], vectors.values[other]
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def test_the_extra_is_named_when_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wordllama", None)
    assert refusal(lambda: load_vectors("wordllama", ["cat"], seed=0)) == (
        "text.vectors=wordllama needs the extra wordllama: pip install 'textcnn[wordllama]'"
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("minishlab/potion-base-8M", True),
        ("glove.txt", False),
        ("vectors/glove.txt", False),
        ("here/model", False),  # a folder of this name exists, so the path is misspelt
        ("./minishlab/potion", False),
        ("../minishlab/potion", False),
        ("/minishlab/potion", False),
        ("a/b/c", False),
        ("~/vectors", False),
    ],
)
def test_only_owner_and_name_are_looked_for_on_the_hub(
    name: str, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").mkdir()
    assert is_hub_name(name) is expected


def test_no_network_is_asked_for_other_values(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fail)
    for name in ("glov", "vectors/glove.txt", "./a/b"):
        assert "no such file or directory" in refusal(partial(load_vectors, name, ["a"], 0))


def test_a_model_of_the_hub_is_downloaded(
    files: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def snapshot_download(name: str, allow_patterns: list[str]) -> str:
        asked.append((name, allow_patterns))
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    message = refusal(lambda: load_vectors("minishlab/potion-base-8M", ["film"], seed=0))
    assert message.startswith("text.vectors=minishlab/potion-base-8M has no file model.safetensors")
    three = ["model.safetensors", "tokenizer.json", "config.json"]  # and no code
    assert asked == [("minishlab/potion-base-8M", three)]


def test_a_hub_that_does_not_answer_is_reported_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def snapshot_download(name: str, allow_patterns: list[str]) -> str:
        raise ConnectionError("no route\nto host")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    assert refusal(lambda: load_vectors("minishlab/potion", ["film"], seed=0)) == (
        "text.vectors=minishlab/potion: no such file or directory here, and the Hub gives no model "
        "of that name (no route to host); check the name and the network, or give a directory"
    )
