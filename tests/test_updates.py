"""Steps of several batches and clipped gradients, against plain PyTorch."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from hypothesis import given
from hypothesis import strategies as st
from interrupted import interrupt_at
from tiny_data import TINY, assert_same_run, curves, read_json, resume, train, weights
from tiny_models import build, text_of
from torch import nn

from textcnn.data.batching import Batch, EncodedTexts
from textcnn.training.learner import Learner
from textcnn.training.objectives.losses import build_loss
from textcnn.training.optimization.gradients import clip_gradients, gradient_norm
from textcnn.training.optimization.optimizers import build_optimizer, takes_rows
from textcnn.training.optimization.updates import UpdateRule
from textcnn.training.precision import Precision

pytest_plugins = ("tiny_run",)

CLASS_WEIGHTS = torch.tensor([1.0, 3.0, 0.5])


def drawn(kind: str, count: int = 10) -> Batch:
    """Texts of 0 to 9 tokens with labels, and with weights if the kind says so."""
    texts = [text_of(number, seed=number) for number in range(count)]
    generator = np.random.default_rng(0)
    labels: Any = generator.integers(0, 3, count)
    if kind.startswith("sets"):
        labels = generator.random((count, 3)) < 0.5
    weighed = generator.random(count).astype(np.float32) if kind.endswith("weighed") else None
    offsets = np.cumsum([0, *map(len, texts)])
    ids = np.concatenate([np.array(text, np.int32) for text in texts])
    return EncodedTexts(ids, offsets, np.diff(offsets), labels, weighed).batch(np.arange(count))


def learner_of(kind: str, *, size: int | None = None, sparse: bool = False) -> Learner:
    """A small network, and its batches in pieces of `size` texts."""
    network = build("multi_width")
    assert network.embedding.table is not None
    network.embedding.table.sparse = sparse
    sets = kind.startswith("sets")

    def mass(
        labels: torch.Tensor, weights: torch.Tensor | None, _: torch.Tensor | None = None
    ) -> torch.Tensor:
        texts = torch.ones(len(labels)) if weights is None else weights
        return (texts if sets else texts * CLASS_WEIGHTS[labels]).sum()

    rule = UpdateRule() if size is None else UpdateRule(mass, size)
    return Learner(
        network,
        build_optimizer("adam", network.parameters(), learning_rate=0.1),
        build_loss(multi_label=sets, class_weights=CLASS_WEIGHTS, label_smoothing=0.1),
        Precision("fp32", torch.device("cpu")),
        Accelerator(cpu=True),
        update=rule,
    )


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("kind", ["classes", "classes weighed", "sets", "sets weighed"])
def test_pieces_have_the_gradients_and_the_loss_of_the_whole(kind: str, sparse: bool) -> None:
    batch = drawn(kind)
    whole, pieces = (learner_of(kind, size=size, sparse=sparse) for size in (None, 3))
    expected, correct = whole.step(batch)
    got, right = pieces.step(batch)
    assert got == pytest.approx(expected, abs=1e-6)
    assert right == correct
    for mine, theirs in zip(pieces.model.parameters(), whole.model.parameters(), strict=True):
        assert mine.grad is not None
        assert theirs.grad is not None
        torch.testing.assert_close(mine.grad.to_dense(), theirs.grad.to_dense(), rtol=0, atol=1e-6)


def test_texts_without_weight_give_no_gradient() -> None:
    learner = learner_of("classes weighed", size=3)
    batch = drawn("classes weighed")
    assert batch.weights is not None
    batch.weights.zero_()
    assert learner.step(batch)[0] == 0.0
    assert learner.gradient_norm() == 0.0


@given(st.lists(st.integers(0, 9), min_size=1, max_size=12), st.integers(1, 5), st.integers(1, 20))
def test_pieces_hold_each_text_once_and_no_more_than_allowed(
    lengths: list[int], size: int, tokens: int
) -> None:
    ids = torch.zeros(len(lengths), max(lengths), dtype=torch.int64)
    numbers = torch.arange(len(lengths))
    batch = Batch(ids, torch.tensor(lengths), numbers)
    for pieces in (batch.pieces(size, None), batch.pieces(None, tokens)):
        labels = torch.cat([piece.labels for piece in pieces if piece.labels is not None])
        assert sorted(labels.tolist()) == numbers.tolist()
    assert all(len(piece.ids) <= size for piece in batch.pieces(size, None))
    for piece in batch.pieces(None, tokens):
        assert piece.ids.numel() <= tokens or len(piece.ids) == 1


def test_two_batches_of_8_a_step_train_as_one_of_16(tiny_csv: Path, tmp_path: Path) -> None:
    same = ("training.epochs=2", "model.dropout=0")
    assert train(tiny_csv, tmp_path / "one", *same) == 0
    assert (
        train(tiny_csv, tmp_path / "two", *same, "training.batch_size=8", "training.accumulate=2")
        == 0
    )
    one, two = (weights(tmp_path / name / "last") for name in ("one", "two"))
    for name in one:
        torch.testing.assert_close(two[name], one[name], rtol=0, atol=1e-4)  # 20 steps of Adam
    metrics = [read_json(tmp_path / name / "metrics.json") for name in ("one", "two")]
    assert metrics[0]["train"]["steps"] == metrics[1]["train"]["steps"] == 20
    for first, second in zip(*(each["history"] for each in metrics), strict=True):
        assert second["train"]["loss"] == pytest.approx(first["train"]["loss"], abs=1e-5)


def gradients_of(values: list[float], sparse: bool) -> list[nn.Parameter]:
    """Two weights: a table of 4 rows with a gradient in rows 2 and 0, of (3, 0) each, and one."""
    table = nn.Parameter(torch.zeros(4, 2))
    table.grad = torch.zeros(4, 2)
    table.grad[[0, 2], 0] = 3.0
    if sparse:
        # row 0 twice
        rows = torch.tensor([[2, 0, 0]])
        halves = torch.tensor([[3.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
        table.grad = torch.sparse_coo_tensor(rows, halves, (4, 2), check_invariants=False)
    weight = nn.Parameter(torch.zeros(len(values)))
    weight.grad = torch.tensor(values)
    return [table, weight, nn.Parameter(torch.zeros(1))]


@pytest.mark.parametrize("sparse", [False, True])
def test_gradients_are_clipped_together_to_the_norm(sparse: bool) -> None:
    values = [math_root := 7.0**0.5]  # 9 + 9 + 7 = 5²
    found = gradients_of(values, sparse)
    assert clip_gradients(found, 2.5).item() == pytest.approx(5.0)
    assert gradient_norm(found).item() == pytest.approx(2.5, abs=1e-5)
    table, weight, none = found
    assert table.grad is not None
    assert weight.grad is not None
    assert none.grad is None
    assert weight.grad.item() == pytest.approx(math_root / 2, abs=1e-5)
    assert table.grad.to_dense()[:, 0].tolist() == pytest.approx([1.5, 0, 1.5, 0], abs=1e-5)


def test_a_small_gradient_is_left_as_it_is() -> None:
    found = gradients_of([0.0], sparse=False)
    assert clip_gradients(found, 100.0).item() == pytest.approx(18**0.5)
    assert found[0].grad is not None
    assert found[0].grad[0, 0] == 3.0


@pytest.mark.parametrize("rows", [True, False])
def test_an_interrupted_run_ends_as_an_uninterrupted_one(
    tiny_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: bool
) -> None:
    if rows:
        monkeypatch.setattr(takes_rows, "__kwdefaults__", {"sparse_from": 0})
    keys: tuple[Any, ...] = ("training.epochs=2", "training.accumulate=2")
    keys += ("training.batch_size=8", "training.max_gradient_norm=0.5")
    assert train(tiny_csv, tmp_path / "whole", *keys) == 0
    with monkeypatch.context() as patch:
        interrupt_at(patch, 15, signal.SIGTERM)
        assert train(tiny_csv, tmp_path / "run", *keys) == 130
    assert resume(tmp_path / "run") == 0
    assert_same_run(tmp_path / "run", tmp_path / "whole")
    # of the gradient before it was clipped
    norms = [point.value for point in curves(tmp_path / "run").Scalars("train/gradient_norm")]
    assert max(norms) > 0.5


@pytest.mark.slow
def test_two_processes_accumulate_as_one_large_batch_each(tiny_csv: Path, tmp_path: Path) -> None:
    for name, size, count in (("one", 16, 1), ("two", 8, 2)):
        keys = [*TINY, f"data.train={tiny_csv}", f"run_dir={tmp_path / name}", "training.epochs=2"]
        keys += ["model.dropout=0", "training.final=all", "training.average=ema"]
        keys += [f"training.batch_size={size}", f"training.accumulate={count}"]
        launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
        done = subprocess.run(
            [sys.executable, *launcher, "-m", "textcnn.train", *keys],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    one, two = (weights(tmp_path / name / "best") for name in ("one", "two"))
    for name in one:
        torch.testing.assert_close(two[name], one[name], rtol=0, atol=1e-4)
