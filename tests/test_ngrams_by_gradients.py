"""N-grams that the training loop learns: alone, beside a network, and from a stream."""

from pathlib import Path

import pytest
import torch
from interrupted import interrupt_at
from ngram_programs import assert_reproduced
from tiny_data import assert_same_run, read_json, refusal, resume, run, train
from torch import Tensor

from textcnn.config.compose import config_from_keys
from textcnn.data.batching import Batch
from textcnn.training.objectives.losses import build_loss
from textcnn.training.objectives.with_ngrams import with_ngrams

pytest_plugins = ("tiny_run",)

GRADIENT = ("model.ngram_solver=gradient", "model.ngrams=2", "training.epochs=2")


def test_the_loss_is_that_of_the_sum_and_of_each_branch() -> None:
    branches = torch.randn(2, 4, 3)
    labels = torch.tensor([0, 1, 2, 0])
    batch = Batch(torch.ones(4, 1, dtype=torch.int64), torch.ones(4, dtype=torch.int64), labels)
    cross_entropy = build_loss(multi_label=False, class_weights=None, label_smoothing=0.0)

    def loss_of(logits: Tensor, batch: Batch) -> Tensor:
        assert batch.labels is not None
        return cross_entropy(logits, batch.labels)

    loss, logits = with_ngrams(lambda *_: branches, loss_of, batch, weights=(0.5, 2.0, 0.0))
    expected = 0.5 * loss_of(branches.sum(dim=0), batch) + 2 * loss_of(branches[0], batch)
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(logits, branches.sum(dim=0))


@pytest.mark.parametrize("model", ["ngrams", "multi_width"])
def test_interrupted_it_resumes_to_the_same_end(
    model: str,
    tiny_csv: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    alone = ("text.min_frequency=1", "baseline=false", f"model={model}")
    keys = [*alone, *GRADIENT, "training.average=tail", f"data.train={tiny_csv}", "data=files"]
    assert run("train", *keys, f"run_dir={tmp_path / 'whole'}") == 0
    with monkeypatch.context() as patch:
        interrupt_at(patch, 5)
        assert run("train", *keys, f"run_dir={tmp_path / 'run'}") == 130
    assert resume(tmp_path / "run") == 0
    assert_same_run(tmp_path / "run", tmp_path / "whole")
    assert_reproduced(tmp_path / "run", tmp_path, capfd)


def test_a_stream_chooses_the_solver(tiny_csv: Path, tmp_path: Path) -> None:
    stream = ("data.streaming=true", "text.vocabulary_examples=100", "data.shuffle_buffer=50")
    keys = (*stream, "model.ngrams=2", "training.max_steps=20", "training.validate_every=10")
    assert train(tiny_csv, tmp_path / "run", *keys) == 0
    assert read_json(tmp_path / "run" / "metrics.json")["train"]["steps"] == 20


@pytest.mark.parametrize("key", ["r_drop", "mixup", "adversarial"])
def test_regularizers_of_the_network_alone_are_refused(key: str) -> None:
    keys = {"model": {"ngrams": 2, "ngram_solver": "gradient"}, "training": {key: 1.0}}
    message = refusal(lambda: config_from_keys(keys))
    assert message.startswith(f"training.{key}=1.0 regularizes a network alone")
