"""Averages of weights: exact, whether rows are caught up late or not, and resumed bit for bit."""

import signal
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from interrupted import interrupt_at
from tiny_data import assert_same_run, error_line, read_json, resume, run, train, weights
from tiny_models import batch, build, text_of
from torch import Tensor

from textcnn.checkpoint import load_training_state
from textcnn.models.classifier import TextCNN
from textcnn.training.optimization.averaging import WeightAverage, exponential, mean
from textcnn.training.optimization.optimizers import build_optimizer, takes_rows

pytest_plugins = ("tiny_run",)

KINDS = {"mean": mean, "ema": exponential(0.8)}


def by_definition(kind: str, values: list[Tensor]) -> Tensor:
    """The average of the weights after each step, in double precision."""
    count = len(values)
    shares = torch.tensor(
        [0.8 ** (count - number) if kind == "ema" else 1.0 for number in range(1, count + 1)],
        dtype=torch.float64,
    )
    stacked = torch.stack([value.double() for value in values])
    return torch.tensordot(shares / shares.sum(), stacked, dims=1).float()


def step(network: TextCNN, optimizer: torch.optim.Optimizer, seed: int) -> None:
    optimizer.zero_grad()
    texts = [text_of(3, seed=seed)]  # three tokens of twelve
    network(*batch(texts))[0, seed % 3].backward()
    optimizer.step()


def network_of(sparse: bool, name: str = "multi_width") -> tuple[TextCNN, torch.optim.Optimizer]:
    network = build(name)
    assert network.embedding.table is not None
    network.embedding.table.sparse = sparse
    return network, build_optimizer("adam", network.parameters(), learning_rate=0.1)


def copies(network: TextCNN) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=6, deadline=None)
@given(st.integers(0, 3), st.lists(st.booleans(), min_size=1, max_size=9))
def test_it_is_the_average_of_all_steps_however_often_it_is_looked_at(
    kind: str, sparse: bool, skip: int, looks: list[bool]
) -> None:
    network, optimizer = network_of(sparse)
    average = WeightAverage(network, optimizer, KINDS[kind], skip)
    seen: list[dict[str, Tensor]] = []
    for number, look in enumerate(looks):
        step(network, optimizer, seed=number)
        seen.append(copies(network))
        if look or number == len(looks) - 1:
            with average.applied():
                for name, tensor in network.state_dict().items():
                    expected = seen[-1][name]
                    if number >= skip:
                        expected = by_definition(kind, [each[name] for each in seen[skip:]])
                    torch.testing.assert_close(tensor, expected, rtol=1e-5, atol=1e-6)
        for name, tensor in network.state_dict().items():
            assert torch.equal(tensor, seen[-1][name])


def test_statistics_of_batch_normalization_are_averaged_with_the_weights() -> None:
    network, optimizer = network_of(False, "dilated, batch norm")
    average = WeightAverage(network, optimizer, mean)
    seen = []
    for number in range(3):
        step(network, optimizer, seed=number)
        seen.append(copies(network))
    name = next(name for name in seen[0] if name.endswith("running_mean"))
    assert not torch.equal(seen[0][name], seen[2][name])
    with average.applied():
        got = network.state_dict()[name]
        torch.testing.assert_close(got, by_definition("mean", [each[name] for each in seen]))


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("after", [False, True])
def test_a_state_is_loaded_with_sparse_and_with_dense_gradients(before: bool, after: bool) -> None:
    first, optimizer = network_of(before)
    average = WeightAverage(first, optimizer, mean)
    for number in range(3):
        step(first, optimizer, seed=number)
    second, again = network_of(after)
    restored = WeightAverage(second, again, mean)
    restored.load_state(average.state())
    again.load_state_dict(deepcopy(optimizer.state_dict()))
    for network, each in ((first, optimizer), (second, again)):
        assert network.embedding.table is not None
        network.embedding.table.sparse = after
        step(network, each, seed=3)
    for name, tensor in first.state_dict().items():
        torch.testing.assert_close(second.state_dict()[name], tensor)
    with average.applied(), restored.applied():
        for name, tensor in first.state_dict().items():
            torch.testing.assert_close(second.state_dict()[name], tensor)


@pytest.mark.parametrize("rows", [True, False])
@pytest.mark.parametrize(
    "average", [("ema", "training.average_decay=0.9"), ("tail", "training.average_from=0.4")]
)
@pytest.mark.parametrize("stop", [5, 25])
def test_an_interrupted_run_ends_as_an_uninterrupted_one(
    tiny_csv: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rows: bool,
    average: tuple[str, str],
    stop: int,
) -> None:
    if rows:
        monkeypatch.setattr(takes_rows, "__kwdefaults__", {"sparse_from": 0})
    keys: tuple[Any, ...] = ("training.epochs=3", f"training.average={average[0]}", average[1])
    assert train(tiny_csv, tmp_path / "whole", *keys) == 0
    with monkeypatch.context() as patch:
        interrupt_at(patch, stop, signal.SIGTERM)
        assert train(tiny_csv, tmp_path / "run", *keys) == 130
    assert resume(tmp_path / "run") == 0
    assert_same_run(tmp_path / "run", tmp_path / "whole")


def test_last_has_the_average_and_the_weights_of_the_last_step(
    tiny_csv: Path, tmp_path: Path
) -> None:
    keys = ("training.epochs=2", "training.average=tail", "training.average_from=0.9")
    assert train(tiny_csv, tmp_path / "run", *keys) == 0
    assert train(tiny_csv, tmp_path / "plain", "training.epochs=2") == 0
    state = load_training_state(tmp_path / "run" / "last")["average"]
    plain, averaged = (weights(tmp_path / name / "last") for name in ("plain", "run"))
    for name, weight in plain.items():
        assert torch.equal(state["raw"][name], weight)  # averaging doesn't change training
        assert torch.equal(state["values"][name], averaged[name])
    assert not torch.equal(plain["head.weight"], averaged["head.weight"])
    # the first epoch was validated before the mean began
    first, second = (
        read_json(tmp_path / name / "metrics.json")["history"] for name in ("plain", "run")
    )
    assert first[0] == second[0]
    assert first[1] != second[1]
    assert run("evaluate", f"checkpoint={tmp_path / 'run'}", f"run_dir={tmp_path}") == 0
    assert read_json(tmp_path / "evaluation.json")["reproduced"] is True


def test_the_tail_of_a_stream_of_unknown_length_is_refused(
    tiny_csv: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert train(tiny_csv, tmp_path / "run", "data.streaming=true", "training.average=tail") == 2
    assert error_line(capfd) == (
        "training.average=tail needs the number of steps, which a stream doesn't have; try "
        "training.max_steps=10000, or training.average=ema"
    )
