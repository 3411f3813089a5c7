"""Whole runs of a network with n-grams beside it."""

import copy
import signal
from pathlib import Path

import pytest
import torch
from interrupted import interrupt_at
from ngram_programs import BESIDE, SETS, TEXTS, assert_reproduced
from tiny_data import (
    assert_same_run,
    read_json,
    resume,
    run,
    train,
    weights,
)

from textcnn.builders.data import build_data
from textcnn.evaluation.scoring import score_classifier
from textcnn.inference import load, restore
from textcnn.models.ensemble import Ensemble
from textcnn.models.fast.tables import TablesWithNgrams
from textcnn.models.ngrams.beside import WithNgrams

pytest_plugins = ("tiny_run", "tiny_ngrams")

ACCURACY = ("training.metric=accuracy",)


def test_a_checkpoint_holds_network_and_ngrams(beside: Path, tmp_path: Path) -> None:
    model = load(beside).model
    assert isinstance(model, WithNgrams)
    names = weights(beside / "best").keys()
    assert {"weights", "ngrams.keys", "network.embedding.table.weight"} <= names
    assert (model.weights > 0).all()
    metrics = read_json(beside / "metrics.json")
    parameters = sum(p.numel() for p in model.parameters())
    assert metrics["model"]["parameters"] == parameters
    strongest = metrics["ngrams"]["sport"][0]  # weighed as in the sum
    assert strongest["ngram"] in {"goal", "match", "team"}
    added = model.weights[1] * model.ngrams.weights()[:, 1].max()
    assert strongest["weight"] == pytest.approx(added.item())


def test_its_scores_are_reproduced_with_tables_and_without(
    beside: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert_reproduced(beside, tmp_path, capfd)
    assert_reproduced(beside, tmp_path, capfd, "table_memory=0", "overwrite=true")
    fast, plain = load(beside), load(beside, table_memory=0)
    assert isinstance(fast.network, TablesWithNgrams)
    torch.testing.assert_close(fast.logits(TEXTS), plain.logits(TEXTS), atol=1e-5, rtol=0)
    batch = plain.encode(TEXTS)
    with torch.no_grad():
        network, ngrams = (
            part(batch.ids, batch.lengths) for part in (plain.model.network, plain.model.ngrams)
        )
    first, second = plain.model.weights
    torch.testing.assert_close(
        plain.logits(TEXTS), first * network + second * ngrams, atol=1e-5, rtol=0
    )


def test_hooks_and_replaced_parts_are_seen_in_prediction(beside: Path) -> None:
    classifier = load(beside)
    before = classifier.logits(TEXTS)
    calls: list[int] = []
    watched = (classifier.model, classifier.model.network, classifier.model.ngrams)
    for number, module in enumerate(watched):
        handle = module.register_forward_hook(lambda *_, number=number: calls.append(number))
        classifier.logits(["goal"])
        handle.remove()
    assert calls == [0, 1, 2]
    assert isinstance(classifier.network, TablesWithNgrams)
    with torch.no_grad():
        classifier.model.ngrams.bias[0] += 5
    assert not torch.equal(classifier.logits(TEXTS), before)
    other = copy.deepcopy(classifier.model.network)
    with torch.no_grad():
        other.head.bias[1] += 5
    changed = classifier.logits(TEXTS)
    classifier.model.network = other
    assert not torch.equal(classifier.logits(TEXTS), changed)


@pytest.mark.parametrize("step", [4, 20])
def test_interrupted_anywhere_it_resumes_to_the_same_end(
    tiny_csv: Path, beside: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    with monkeypatch.context() as patch:
        interrupt_at(patch, step)
        assert train(tiny_csv, tmp_path / "run", *BESIDE) == 130
    assert resume(tmp_path / "run") == 0
    assert_same_run(tmp_path / "run", beside)


def test_the_network_is_trained_as_it_is_alone(
    tiny_csv: Path, beside: Path, tmp_path: Path
) -> None:
    assert train(tiny_csv, tmp_path / "run", "training.epochs=2") == 0
    alone, together = weights(tmp_path / "run" / "last"), weights(beside / "last")
    assert all(torch.equal(alone[name], together[f"network.{name}"]) for name in alone)


def test_validation_chooses_weights_that_lower_its_loss(beside: Path) -> None:
    classifier, config, *_ = restore(beside, table_memory=0)
    texts = build_data(config.data, config.text, config.seed).texts.validation
    device = torch.device("cpu")
    chosen = classifier.model.weights.clone()
    best = score_classifier(classifier, texts, device).loss
    for other in ([0.6, 0.6], [2.0, 0.05], [0.05, 2.0]):
        classifier.model.weights.copy_(torch.tensor(other))
        # a few texts pull the weights to their start
        assert score_classifier(classifier, texts, device).loss > best - 0.05
    score_classifier(classifier, texts, device, tune=True)
    torch.testing.assert_close(classifier.model.weights, chosen)


def test_members_have_one_set_of_ngrams(
    tiny_csv: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    keys = (*BESIDE, "training.members=2", "model.ngram_scaling=tf_idf")
    assert train(tiny_csv, tmp_path / "run", *keys) == 0
    model = load(tmp_path / "run").model
    assert isinstance(model, WithNgrams)
    assert isinstance(model.network, Ensemble)
    assert "ngrams.keys" not in weights(tmp_path / "run" / "member-1" / "best")
    metrics = read_json(tmp_path / "run" / "metrics.json")
    assert "ngrams" in metrics
    assert metrics["model"]["parameters"] == sum(each.numel() for each in model.parameters())
    assert_reproduced(tmp_path / "run", tmp_path, capfd)
    fast, plain = load(tmp_path / "run"), load(tmp_path / "run", table_memory=0)
    torch.testing.assert_close(fast.logits(TEXTS), plain.logits(TEXTS), atol=1e-5, rtol=0)


def test_final_training_learns_both_again_and_keeps_their_weights(
    tiny_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = (*BESIDE, "training.final=all")
    assert train(tiny_csv, tmp_path / "whole", *keys) == 0
    assert train(tiny_csv, tmp_path / "plain", *BESIDE) == 0
    final, before = (weights(tmp_path / name / "best") for name in ("whole", "plain"))
    for name in ("weights", "ngrams.calibration"):
        assert torch.equal(final[name], before[name])
    assert final["ngrams.texts"] > before["ngrams.texts"]
    assert not torch.equal(final["network.head.weight"], before["network.head.weight"])
    with monkeypatch.context() as patch:
        interrupt_at(patch, 20, signal.SIGTERM)
        assert train(tiny_csv, tmp_path / "run", *keys) == 130
    with monkeypatch.context() as patch:
        interrupt_at(patch, 5, signal.SIGTERM)
        assert resume(tmp_path / "run") == 130
    assert resume(tmp_path / "run") == 0
    assert_same_run(tmp_path / "run", tmp_path / "whole")


def test_label_sets_beside_a_network(
    sets_csv: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert train(sets_csv, tmp_path / "run", *SETS, *BESIDE) == 0
    assert read_json(tmp_path / "run" / "metrics.json")["test"]["micro_f1"] > 0.6
    assert run("evaluate", f"checkpoint={tmp_path / 'run'}", f"run_dir={tmp_path}") == 0
    assert read_json(tmp_path / "evaluation.json")["reproduced"] is True


@pytest.mark.parametrize(
    "keys",
    [
        ("training.average=ema", "training.average_decay=0.8"),
        ("training.label_smoothing=0.1", "training.r_drop=0.5"),
        ("training.adversarial=1",),
        ("training.out_of_fold=true", "training.teacher_folds=2"),
        (
            "model=onehot_cnn",
            "model.num_filters=4",
            "training.loss=squared",
            "training.metric=accuracy",
        ),
        ("text=char", "model=char_cnn_tiny", "model.pooling=max"),
    ],
)
def test_beside_any_training_and_network(
    keys: tuple[str, ...], tiny_csv: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run_dir = tmp_path / "run"
    common = ("data=files", f"data.train={tiny_csv}", f"run_dir={run_dir}", *BESIDE)
    assert run("train", *common, *keys) == 0
    assert_reproduced(run_dir, tmp_path, capfd)


def test_a_linear_model_can_teach(linear_dir: Path, tiny_csv: Path, tmp_path: Path) -> None:
    keys = (f"teacher={linear_dir}", "training.epochs=1")
    assert train(tiny_csv, tmp_path / "run", *keys) == 0
