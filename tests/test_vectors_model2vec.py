"""Vectors from a directory of model2vec: `embeddings` of pieces, and their tokenizer."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file
from tiny_data import refusal

from textcnn.text.vectors import load_vectors

tokenizers = pytest.importorskip("tokenizers")

PIECES = ["[UNK]", "[PAD]", "film", "##s", "un", "##like", "##ly", "good"]
EMBEDDINGS = np.arange(24, dtype=np.float32).reshape(8, 3) ** 2


def tokenizer(pieces: list[str] = PIECES) -> Any:
    vocabulary = {piece: id for id, piece in enumerate(pieces)}
    built = tokenizers.Tokenizer(tokenizers.models.WordPiece(vocabulary, unk_token="[UNK]"))
    built.normalizer = tokenizers.normalizers.Lowercase()
    return built


def write(
    directory: Path, tokenizer: Any, tensors: dict[str, np.ndarray], config: str = "{}"
) -> str:
    directory.mkdir(exist_ok=True)
    save_file(tensors, directory / "model.safetensors")
    tokenizer.save(str(directory / "tokenizer.json"))
    (directory / "config.json").write_text(config)
    return str(directory)


def test_a_word_is_the_mean_of_its_pieces(tmp_path: Path) -> None:
    name = write(tmp_path / "m", tokenizer(), {"embeddings": EMBEDDINGS})
    vectors = load_vectors(name, ["Films", "日本", "unlikely", "good"], seed=0)
    assert vectors.found.tolist() == [True, False, True, True]
    assert vectors.values[0].tolist() == ((EMBEDDINGS[2] + EMBEDDINGS[3]) / 2).tolist()
    expected = (EMBEDDINGS[4] + EMBEDDINGS[5] + EMBEDDINGS[6]) / 3
    assert vectors.values[2].tolist() == pytest.approx(expected.tolist())
    assert vectors.values[3].tolist() == EMBEDDINGS[7].tolist()
    assert vectors.summary == (
        f"{name}: 3-dimensional vectors for 75.0 % of 4 tokens (50.0 % from several pieces)",
    )


def test_pieces_have_weights_and_share_vectors(tmp_path: Path) -> None:
    weights = np.arange(8, dtype=np.float64)
    mapping = np.array([0, 0, 1, 1, 0, 0, 0, 1])
    tensors: dict[str, Any] = {"embeddings": EMBEDDINGS[:2], "weights": weights, "mapping": mapping}
    name = write(tmp_path / "m", tokenizer(), tensors)
    vectors = load_vectors(name, ["films", "good"], seed=0)
    assert vectors.values[0].tolist() == (EMBEDDINGS[1] * (2 + 3) / 2).tolist()
    assert vectors.values[1].tolist() == (EMBEDDINGS[1] * 7).tolist()


@pytest.mark.parametrize("kind", ["float16", "float64", "int8"])
def test_vectors_of_any_precision_keep_their_numbers(tmp_path: Path, kind: str) -> None:
    embeddings = (EMBEDDINGS % 100).astype(kind)
    name = write(tmp_path / "m", tokenizer(), {"embeddings": embeddings})
    vectors = load_vectors(name, ["films"], seed=0)
    expected = embeddings[[2, 3]].astype(np.float32).mean(axis=0)
    assert vectors.values.dtype == np.float32
    assert vectors.values[0].tolist() == expected.tolist()


def test_a_tokenizer_neither_pads_nor_cuts(tmp_path: Path) -> None:
    built = tokenizer()
    built.enable_truncation(1)
    built.enable_padding(length=9)
    name = write(tmp_path / "m", built, {"embeddings": EMBEDDINGS})
    vectors = load_vectors(name, ["films"], seed=0)
    assert vectors.values[0].tolist() == ((EMBEDDINGS[2] + EMBEDDINGS[3]) / 2).tolist()


def test_unknown_pieces_of_a_unigram_tokenizer_count_for_nothing(tmp_path: Path) -> None:
    pieces = [("<unk>", 0.0), ("▁", -1.0), ("▁film", -1.0), ("s", -2.0)]
    built = tokenizers.Tokenizer(tokenizers.models.Unigram(pieces, unk_id=0))
    built.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace()
    name = write(tmp_path / "m", built, {"embeddings": EMBEDDINGS[:4]})
    vectors = load_vectors(name, ["film☃"], seed=0)
    assert vectors.values[0].tolist() == EMBEDDINGS[2].tolist()


@pytest.mark.parametrize("file", ["model.safetensors", "tokenizer.json", "config.json"])
def test_a_missing_file_is_named(tmp_path: Path, file: str) -> None:
    name = write(tmp_path / "m", tokenizer(), {"embeddings": EMBEDDINGS})
    (tmp_path / "m" / file).unlink()
    assert refusal(lambda: load_vectors(name, ["film"], seed=0)) == (
        f"text.vectors={name} has no file {file}; a directory of model2vec holds "
        "model.safetensors, tokenizer.json, config.json"
    )


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        (
            {"embeddings": EMBEDDINGS[:7]},
            "embeddings has the shape [7, 3], but the tokenizer has 8 pieces; copy both files from "
            "the same model",
        ),
        (
            {"embeddings": EMBEDDINGS, "weights": np.ones(9)},
            "weights has the shape [9], but the tokenizer has 8 pieces; copy both files from the "
            "same model",
        ),
        (
            {"embeddings": EMBEDDINGS, "mapping": np.zeros((), np.int64)},
            "mapping has the shape [], but the tokenizer has 8 pieces; copy both files from the "
            "same model",
        ),
        (
            {"embeddings": EMBEDDINGS[:2], "mapping": np.arange(8)},
            "mapping must hold rows of embeddings, from 0 to 1; copy the file again",
        ),
        (
            {"embeddings": EMBEDDINGS.ravel()},
            "embeddings must hold a vector for each piece, got the shape [24]",
        ),
        (
            {"embeddings": EMBEDDINGS + np.float32(np.nan)},
            "the vector of 'film' holds nan, which is not a finite number; copy the file again or "
            "give another one",
        ),
    ],
)
def test_tensors_that_do_not_fit_are_refused(
    tmp_path: Path, tensors: dict[str, np.ndarray], message: str
) -> None:
    name = write(tmp_path / "m", tokenizer(), tensors)
    got = refusal(lambda: load_vectors(name, ["film"], seed=0))
    assert got == f"{name}/model.safetensors: {message}"


def test_a_tensor_of_another_name_is_refused_with_those_there(tmp_path: Path) -> None:
    name = write(tmp_path / "m", tokenizer(), {"bert.embeddings": EMBEDDINGS, "b": EMBEDDINGS})
    assert refusal(lambda: load_vectors(name, ["film"], seed=0)) == (
        f"{name}/model.safetensors has no tensor embeddings, got b, bert.embeddings; a transformer "
        "must first be distilled by model2vec"
    )


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("config.json", "{", "is not a JSON object; copy the directory again"),
        ("config.json", "[1]", "is not a JSON object; copy the directory again"),
        ("config.json", "[" * 100_000, "is not a JSON object; copy the directory again"),
        ("tokenizer.json", "{}", "is not a tokenizer file ("),
        ("tokenizer.json", "cos\nsystem\n", "is not a tokenizer file ("),
        ("model.safetensors", "\x80\x04", "can't be read ("),
        ("model.safetensors", "\xff" * 8 + "{}", "can't be read ("),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, file: str, content: str, message: str) -> None:
    name = write(tmp_path / "m", tokenizer(), {"embeddings": EMBEDDINGS})
    (tmp_path / "m" / file).write_text(content, encoding="latin-1")
    got = refusal(lambda: load_vectors(name, ["film"], seed=0))
    assert got.startswith(f"{name}/{file} {message}")
    assert "\n" not in got


def test_a_huge_tokenizer_is_not_read(tmp_path: Path) -> None:
    name = write(tmp_path / "m", tokenizer(), {"embeddings": EMBEDDINGS})
    with (tmp_path / "m" / "tokenizer.json").open("r+b") as file:
        file.truncate(5 << 30)  # a sparse file: it takes no room
    assert refusal(lambda: load_vectors(name, ["film"], seed=0)) == (
        f"{name}/tokenizer.json has 5,368,709,120 bytes, expected at most 268,435,456; is it the "
        "right file?"
    )


def test_no_other_file_of_the_directory_is_used(tmp_path: Path) -> None:
    config = json.dumps({"auto_map": {"AutoModel": "evil.Model"}, "normalize": True})
    name = write(tmp_path / "m", tokenizer(), {"embeddings": EMBEDDINGS}, config)
    (tmp_path / "m" / "evil.py").write_text("raise SystemExit('this ran')")
    (tmp_path / "m" / "pytorch_model.bin").write_bytes(b"cos\nsystem\n")
    # `normalize` is for texts; words keep their lengths
    assert load_vectors(name, ["good"], seed=0).values[0].tolist() == EMBEDDINGS[7].tolist()


def test_the_extra_is_named_when_it_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = write(tmp_path / "m", tokenizer(), {"embeddings": EMBEDDINGS})
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    assert refusal(lambda: load_vectors(name, ["film"], seed=0)) == (
        "text.vectors of a model2vec directory needs the extra vectors: "
        "pip install 'textcnn[vectors]'"
    )


def test_a_tokenizer_that_fails_is_refused(tmp_path: Path) -> None:
    pieces = ["film"]  # without the unknown piece, which WordPiece needs for other words
    name = write(tmp_path / "m", tokenizer(pieces), {"embeddings": EMBEDDINGS[:1]})
    got = refusal(lambda: load_vectors(name, ["film", "good"], seed=0))
    assert got.startswith(f"{name}: its tokenizer can't split 'good' (")
