"""Whole runs of the linear model alone."""

import pickle
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ngram_programs import SETS, TEXTS, assert_reproduced, train_linear
from test_streamed_run import STREAM
from tiny_data import (
    curves,
    read_json,
    resume,
    rows,
    run,
    train,
    weights,
    without_times,
)

import textcnn
from textcnn.config.compose import config_from_keys
from textcnn.config.text import WordConfig
from textcnn.evaluation.strongest import strongest_markdown
from textcnn.inference import load
from textcnn.models.ngrams.beside import WithNgrams
from textcnn.models.ngrams.ngrams import Ngrams
from textcnn.training.ngrams import run as linear_run

pytest_plugins = ("tiny_run", "tiny_ngrams")


def test_it_learns_reports_and_stores_one_checkpoint(linear_dir: Path) -> None:
    metrics = read_json(linear_dir / "metrics.json")
    assert metrics["test"]["accuracy"] > 0.8
    assert "baseline" not in metrics
    assert metrics["train"]["epochs"] == 1
    assert isinstance(load(linear_dir).model, Ngrams)
    shown = curves(linear_dir)
    assert shown.Scalars("test/accuracy")[0].value == pytest.approx(metrics["test"]["accuracy"])
    assert {"ngrams/text_summary", "examples/text_summary"} <= set(shown.Tags()["tensors"])


def test_evaluate_reproduces_it_and_predict_reads_it(
    linear_dir: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert_reproduced(linear_dir, tmp_path, capfd)
    texts = tmp_path / "texts.txt"
    texts.write_text("goal match\n\nchip code\n", encoding="utf-8")
    assert run("predict", f"checkpoint={linear_dir}", f"input={texts}") == 0
    told = capfd.readouterr().out
    assert '"label": "sport"' in told
    assert '"label": "tech"' in told
    assert told.count('"label"') == 3


def test_the_strongest_ngrams_are_the_words_of_the_classes(linear_dir: Path) -> None:
    strongest = read_json(linear_dir / "metrics.json")["ngrams"]
    assert list(strongest) == ["film", "sport", "tech"]
    classifier = load(linear_dir)
    model = classifier.model
    for number, (label, word) in enumerate(zip(strongest, ("actor", "goal", "chip"), strict=True)):
        found = {each["ngram"]: each["weight"] for each in strongest[label]}
        assert len(found) == 10
        assert word in found
        assert list(found.values()) == sorted(found.values(), reverse=True)
        id = classifier.encoder.vocabulary.encode([word])[0]
        assert found[word] == pytest.approx(model.weights()[id, number].item())
    assert any(
        each["ngram"].startswith("<s> ") or each["ngram"].endswith(" </s>")
        for found in strongest.values()
        for each in found
    )


def test_the_table_of_ngrams_shows_them_as_they_are() -> None:
    found = [{"ngram": "<s> *a*", "weight": 0.914}, {"ngram": "x\ny|", "weight": 0.5}]
    assert strongest_markdown({"film": found, "sport": []}).splitlines() == [
        "| class | n-grams that add most to its logit |",
        "| --- | --- |",
        "| film | `<s> *a*` (0.91), `x y&#124;` (0.50) |",
        "| sport |  |",
    ]


def test_every_word_of_whole_texts_is_read_unless_the_user_says_otherwise() -> None:
    text = config_from_keys({"model": "ngrams"}).text
    assert isinstance(text, WordConfig)
    assert (text.min_frequency, text.max_length) == (1, None)
    assert config_from_keys({"model": "ngrams", "text": "word"}).text.max_length is not None
    assert config_from_keys({"model": "ngrams", "text": "char"}).text.unit == "char"


def test_logits_are_the_same_in_batches_of_any_size_and_threads(linear_dir: Path) -> None:
    classifier = load(linear_dir)
    together = classifier.logits(TEXTS)
    one_by_one = torch.cat([classifier.logits([text]) for text in TEXTS])
    torch.testing.assert_close(together, one_by_one, atol=1e-6, rtol=1e-6)
    batch = classifier.encode(["goal goal"])
    torch.testing.assert_close(
        classifier.model(batch.ids, batch.lengths), classifier.logits(["goal goal"])
    )
    numbers, added = classifier.model.contributions(batch.ids, batch.lengths)
    assert added.shape == (*numbers.shape, 3)


def test_resumed_it_trains_again_to_the_same_end(
    tiny_csv: Path, linear_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*arguments: Any, **keys: Any) -> None:
        signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(linear_run, "train_ngrams", interrupt)
        assert train_linear(tiny_csv, tmp_path / "run") == 130
    assert not (tmp_path / "run" / "best").exists()
    for _ in range(2):  # the second time a finished run
        assert resume(tmp_path / "run") == 0
        ours, theirs = (weights(place / "best") for place in (tmp_path / "run", linear_dir))
        assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
        ours, theirs = (
            without_times(read_json(place / "metrics.json"))
            for place in (tmp_path / "run", linear_dir)
        )
        assert ours["test"] == theirs["test"]


@pytest.mark.parametrize("text", ["char", "byte"])
def test_characters_and_bytes(
    text: str, tiny_csv: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert train_linear(tiny_csv, tmp_path / "run", f"text={text}", "model.ngrams=4") == 0
    metrics = read_json(tmp_path / "run" / "metrics.json")
    assert metrics["test"]["accuracy"] > 0.8
    assert all(len(each["ngram"]) > 0 for found in metrics["ngrams"].values() for each in found)
    assert_reproduced(tmp_path / "run", tmp_path, capfd)


@pytest.mark.parametrize(("scaling", "loss"), [("tf_idf", "squared_hinge"), ("none", "logistic")])
def test_every_scaling_and_loss_with_weights_of_classes(
    scaling: str, loss: str, tiny_csv: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    keys = (f"model.ngram_scaling={scaling}", f"model.ngram_loss={loss}", "model.ngrams=2")
    more = ("training.class_weights={sport: 3}", "model.ngram_min_count=2")
    assert train_linear(tiny_csv, tmp_path / "run", *keys, *more) == 0
    assert read_json(tmp_path / "run" / "metrics.json")["test"]["accuracy"] > 0.8
    assert_reproduced(tmp_path / "run", tmp_path, capfd)


def test_label_sets(sets_csv: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert train_linear(sets_csv, tmp_path / "run", *SETS) == 0
    classifier = load(tmp_path / "run")
    assert isinstance(classifier, textcnn.LabelSetClassifier)
    assert read_json(tmp_path / "run" / "metrics.json")["test"]["micro_f1"] > 0.8
    capfd.readouterr()
    assert run("evaluate", f"checkpoint={tmp_path / 'run'}", f"run_dir={tmp_path}") == 0
    assert read_json(tmp_path / "evaluation.json")["reproduced"] is True


def test_folds_and_final_training(tiny_csv: Path, tmp_path: Path) -> None:
    keys = ("data.folds=2", "training.final=all", "model.ngrams=2")
    assert train_linear(tiny_csv, tmp_path / "run", *keys) == 0
    metrics = read_json(tmp_path / "run" / "metrics.json")
    assert metrics["validation"] is None
    assert metrics["test"]["examples"] == 200
    assert metrics["test"]["accuracy"] > 0.8
    for fold in (1, 2):
        plain = tmp_path / f"plain-{fold}"
        assert train_linear(tiny_csv, plain, "model.ngrams=2", *keys[:1], f"data.fold={fold}") == 0
        final, before = (
            weights(place / "best") for place in (tmp_path / "run" / f"fold-{fold}", plain)
        )
        # on more texts, scaled as validation chose before
        assert torch.equal(final["calibration"], before["calibration"])
        assert final["texts"] > before["texts"]


def test_a_stream_says_which_texts_ngrams_are_learned_from(
    tiny_csv: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    note = "n-grams are learned from the first 80 training texts only"
    assert train_linear(tiny_csv, tmp_path / "alone", *STREAM[:2]) == 0
    assert note in " ".join(capfd.readouterr().out.split())
    assert weights(tmp_path / "alone" / "best")["texts"].tolist() == [80]
    keys = (*STREAM, "training.max_steps=16", "model.ngrams=2")
    assert train(tiny_csv, tmp_path / "beside", *keys) == 0
    assert note in " ".join(capfd.readouterr().out.split())
    assert read_json(tmp_path / "beside" / "metrics.json")["test"]["accuracy"] > 0.6


def test_from_python_and_as_an_estimator(tmp_path: Path) -> None:
    texts, labels = map(list, zip(*rows(120), strict=True))
    classifier = textcnn.fit(texts, labels, model="ngrams")
    assert isinstance(classifier.model, Ngrams)
    assert classifier.predict(["goal match"])[0].label == "sport"
    estimator = textcnn.TextClassifier(model="ngrams", model__ngrams=2).fit(texts, labels)
    assert estimator.score(texts, labels) > 0.8
    assert estimator.classifier_.model.longest == 2
    copied = pickle.loads(pickle.dumps(estimator))  # noqa: S301
    np.testing.assert_array_equal(copied.predict_proba(TEXTS), estimator.predict_proba(TEXTS))
    both = textcnn.fit(texts, labels, model={"ngrams": 2}, training={"epochs": 1})
    assert isinstance(both.model, WithNgrams)


def test_describe_shows_the_layer(tiny_csv: Path, capfd: pytest.CaptureFixture[str]) -> None:
    keys = ("data=files", f"data.train={tiny_csv}")
    assert run("describe", *keys, "model=ngrams") == 0
    alone = capfd.readouterr().out
    assert "ngrams" in alone
    assert "receptive field 3 tokens" in alone
    assert run("describe", *keys, "model.ngrams=2") == 0
    assert "ngrams" in capfd.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize(
    "keys",
    [
        ("model=ngrams", "training.final=all"),
        ("model.ngrams=2", "training.final=all", "training.epochs=2", "baseline=true"),
    ],
)
def test_two_processes_write_one_run(
    keys: tuple[str, ...], tiny_csv: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run_dir = tmp_path / "run"
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    more = ("data=files", f"data.train={tiny_csv}", f"run_dir={run_dir}", *keys)
    done = subprocess.run(
        [sys.executable, *launcher, "-m", "textcnn.train", *more],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len([*tmp_path.rglob("events.out.tfevents.*")]) == 1
    assert read_json(run_dir / "metrics.json")["test"]["examples"] == 20  # not a half
    assert_reproduced(run_dir, tmp_path, capfd)
