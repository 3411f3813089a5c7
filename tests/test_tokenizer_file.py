"""Tokenizers from a file of the library `tokenizers`."""

import json
import pickle
import shutil
from pathlib import Path

import pytest
from tiny_data import error_line, forge, read_json, refusal, run, train
from tiny_tokenizer import PIECES, definition

import textcnn
from textcnn.data.encoding import tokenize_texts
from textcnn.text import tokenizer_file
from textcnn.text.encoder import build_vocabulary
from textcnn.text.tokenizers import build_tokenizer
from textcnn.text.vocabulary import UNKNOWN

pytest_plugins = ("tiny_run",)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "own" / "tokenizer.json"
    path.parent.mkdir()
    path.write_text(definition(), encoding="utf-8")
    return path


def test_the_tokens_are_those_of_the_file(file: Path) -> None:
    tokenizer = build_tokenizer("word", tokenizer=str(file))
    tokens = ["fill", "##er", "##1", "actor", "[UNK]"]  # all of them: the file cuts after two
    assert tokenizer("Filler1 actor zzz") == tokens
    assert tokenizer.join(tokens[:4]) == "filler1 actor"
    assert tokenizer("\ud800") == ["[UNK]"]
    assert tokenizer("") == []


def test_what_the_file_does_not_know_is_unknown() -> None:
    tokenizer = build_tokenizer("word", tokenizer="x.json", definition=definition())
    vocabulary = build_vocabulary(tokenizer, lambda: {"[UNK]": 9, "goal": 2})
    assert vocabulary.known_tokens == ("goal",)
    assert vocabulary.encode(tokenizer("goal zzz")) == [2, UNKNOWN]


def test_a_tokenizer_travels_to_other_processes_without_its_file(file: Path) -> None:
    tokenizer = build_tokenizer("word", tokenizer=str(file))
    file.unlink()
    sent = pickle.loads(pickle.dumps(tokenizer))  # noqa: S301
    tokenized = tokenize_texts(sent, ["goal match", "", "plot"])
    assert [tokenized.table[place] for place in tokenized.places] == ["goal", "match", "plot"]
    assert sent.fingerprint == tokenizer.fingerprint


def test_a_run_keeps_the_file_and_is_resumed_and_loaded_without_it(
    file: Path, tiny_csv: Path, tmp_path: Path
) -> None:
    keys = (f"text.tokenizer={file}", "training.epochs=1")
    assert train(tiny_csv, tmp_path / "run", *keys) == 0
    file.unlink()
    best = tmp_path / "run" / "best"
    assert (best / "tokenizer.json").read_text("utf-8") == definition()
    assert "tokenizer.json" in read_json(best / "manifest.json")["sha256"]
    assert run("train", f"resume={tmp_path / 'run'}", "training.epochs=2") == 0
    assert len(read_json(tmp_path / "run" / "metrics.json")["history"]) == 2
    classifier = textcnn.load(tmp_path / "run")
    assert set(classifier.encoder.vocabulary.known_tokens) <= set(PIECES)
    assert classifier.encoder.decode(classifier.encoder("Filler7 goal")) == "filler7 goal"
    assert train(tiny_csv, tmp_path / "new", *keys) == 2  # a new run needs the file


def test_an_ensemble_keeps_the_file(file: Path, tiny_csv: Path, tmp_path: Path) -> None:
    keys = (f"text.tokenizer={file}", "training.epochs=1", "training.members=2")
    assert train(tiny_csv, tmp_path / "run", *keys) == 0
    file.unlink()
    assert textcnn.load(tmp_path / "run").encoder.tokenizer("Goal") == ["goal"]
    assert run("train", f"resume={tmp_path / 'run'}") == 0


def test_it_works_from_python(file: Path) -> None:
    texts = [f"{word} filler{number}" for number in range(10) for word in ("goal", "chip")]
    classifier = textcnn.fit(
        texts,
        ["sport", "tech"] * 10,
        model="multi_width",
        text={"tokenizer": str(file)},
        training={"epochs": 1},
    )
    assert classifier.encoder.tokenizer("Goal2") == ["goal", "##2"]


def test_a_checkpoint_without_its_copy_or_with_a_damaged_one_is_refused(
    file: Path, tiny_csv: Path, tmp_path: Path
) -> None:
    keys = (f"text.tokenizer={file}", "training.epochs=1")
    assert train(tiny_csv, tmp_path / "run", *keys) == 0
    best = tmp_path / "run" / "best"
    content = (best / "tokenizer.json").read_text("utf-8")
    (best / "tokenizer.json").write_text(content + " ", encoding="utf-8")
    assert "is damaged or was changed" in refusal(lambda: textcnn.load(best))
    forge(best, "tokenizer.json", "{}")
    assert "is not a file of the library tokenizers" in refusal(lambda: textcnn.load(best))
    (best / "tokenizer.json").unlink()
    assert "tokenizer.json is missing" in refusal(lambda: textcnn.load(best))
    shutil.copy(best / "labels.json", best / "tokenizer.json")
    manifest = read_json(best / "manifest.json")
    del manifest["sha256"]["tokenizer.json"]
    (best / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert refusal(lambda: textcnn.load(best)) == (
        "the checkpoint lacks a tokenizer.json, unlike its text.tokenizer; copy it again"
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "EOF"),
        (b"[" * 100_000, ""),
        (b'{"model": {}}', ""),
        (definition(model={"type": "Unigram", "unk_id": 9, "vocab": []}).encode(), ""),
        (definition(model={"type": "BPE", "vocab": {"a": 0}, "merges": ["a b"]}).encode(), ""),
        (
            definition(
                normalizer={"type": "Precompiled", "precompiled_charsmap": "AAAA////"}
            ).encode(),
            "",
        ),
        (definition(pre_tokenizer={"type": "Split", "pattern": {"Regex": "("}}).encode(), ""),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_what_is_no_tokenizer_is_refused_in_one_line(
    content: bytes, reason: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_bytes(content)
    said = refusal(lambda: build_tokenizer("word", tokenizer=str(path))("a b c"))
    assert "\n" not in said
    assert len(said) < 500
    assert reason in said


def test_a_missing_or_huge_file_is_refused(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("describe", f"text.tokenizer={tmp_path / 'no.json'}") == 2
    said = error_line(capfd)
    assert said.startswith(f"text.tokenizer={tmp_path / 'no.json'}: no such file (looked from ")
    monkeypatch.setattr(tokenizer_file, "LARGEST", 100)
    assert "bytes; a tokenizer file has at most 100" in refusal(
        lambda: build_tokenizer("word", tokenizer=str(file))
    )


def test_other_names_are_refused_with_those_that_work(capfd: pytest.CaptureFixture[str]) -> None:
    assert run("describe", "text.tokenizer=unicod") == 2
    assert "text.tokenizer takes basic, english, unicode, icu," in (said := error_line(capfd))
    assert "subword or a file *.json, got unicod" in said


def test_a_directory_is_called_one(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    path.mkdir()
    assert refusal(lambda: tokenizer_file.read_definition(path)) == (
        f"text.tokenizer={path} is a directory; give the file tokenizer.json in it"
    )
