"""What only resuming reads: it comes back, and nothing else is taken in its place."""

import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_data import forge, refusal, run

from textcnn.checkpoint import load_checkpoint, load_training_state
from textcnn.config.programs import TrainConfig
from textcnn.config.stored import read_config
from textcnn.system.terminal import build_console
from textcnn.training import resuming
from textcnn.training.optimization.averaging import WeightAverage, mean
from textcnn.training.optimization.optimizers import build_optimizer
from textcnn.training.optimization.stored import fitting_optimizer_state
from textcnn.training.recipe import TrainingRun
from textcnn.training.state import TrainingState

pytest_plugins = ("tiny_run",)


class TouchWhenUnpickled:
    """What a hostile pickle does: it calls a function when it is loaded."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., None], tuple[Path]]:
        return Path.touch, (self.path,)


def assert_cannot_go_on(run_dir: Path, capfd: pytest.CaptureFixture[str], reason: str) -> None:
    """Neither from Python nor from the command line."""
    assert reason in refusal(lambda: load_training_state(run_dir / "last"))
    capfd.readouterr()
    assert run("train", f"resume={run_dir}") == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert reason in line


@pytest.mark.parametrize("zipped", [True, False])
def test_training_state_that_would_run_code_is_refused_and_runs_none(
    copied_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], zipped: bool
) -> None:
    touched = tmp_path / "touched"
    hostile = {"state": TouchWhenUnpickled(touched)}
    file = tmp_path / "hostile.pt"
    if zipped:
        torch.save(hostile, file)
    else:
        file.write_bytes(pickle.dumps(hostile, protocol=2))
    forge(copied_run / "last", "training_state.pt", file.read_bytes())
    assert_cannot_go_on(copied_run, capfd, "training_state.pt can't be read: ")
    assert not touched.exists()


def test_training_state_that_is_truncated_is_refused_even_with_its_hash(
    copied_run: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    content = (copied_run / "last" / "training_state.pt").read_bytes()
    forge(copied_run / "last", "training_state.pt", content[: len(content) // 2])
    assert_cannot_go_on(copied_run, capfd, "training_state.pt can't be read: ")


def test_training_state_that_was_changed_is_refused(
    copied_run: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with (copied_run / "last" / "training_state.pt").open("ab") as file:
        file.write(b"\n")
    assert_cannot_go_on(copied_run, capfd, "training_state.pt is damaged or was changed")


def test_training_state_that_is_missing_is_refused(
    copied_run: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (copied_run / "last" / "training_state.pt").unlink()
    assert_cannot_go_on(copied_run, capfd, "training_state.pt is missing: training can't")


@pytest.mark.parametrize(
    "state",
    [
        {},
        [],
        {"state": {"epochs": 1}},
        {"state": {}},
        {"state": {}, "batches": {"epoch": 1}},
        {"state": {}, "batches": {"epoch": 1, "batch": -1}},
        {"state": {}, "batches": ["batch", "epoch"]},
        {"state": {}, "batches": {"epoch": 0, "batch": 0}, "optimizer": {}, "random": 1},
    ],
    ids=repr,
)
def test_training_state_of_something_else_is_refused(
    copied_run: Path, capfd: pytest.CaptureFixture[str], tmp_path: Path, state: Any
) -> None:
    torch.save(state, tmp_path / "state.pt")
    forge(copied_run / "last", "training_state.pt", (tmp_path / "state.pt").read_bytes())
    capfd.readouterr()
    assert run("train", f"resume={copied_run}") == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert "training can't be resumed" in line


def change(state: dict[Any, Any], path: str, value: Any) -> None:
    """Set what lies at a path of keys, such as optimizer.state.0.step."""
    *keys, last = (int(key) if key.isdecimal() else key for key in path.split("."))
    for key in keys:
        state = state[key]
    if callable(value):
        value = value(state[last])
    state[last] = value


@pytest.fixture(scope="module")
def resumable(tiny_run: Path) -> TrainingRun:
    """A run that reads its last checkpoint, but hasn't continued from it."""
    config = read_config(tiny_run / "config.yaml", TrainConfig)
    return TrainingRun(config, tiny_run, resume=True, console=build_console(quiet=True))


def nan_at_once(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.index_fill(0, torch.tensor([0]), float("nan"))


@pytest.mark.parametrize(
    ("row_step", "reason"),
    [
        (torch.ones(3, 2), "row_step of weight 0 is (3, 2)"),
        (torch.tensor([0.0, 1.0, 2.0]), "row_step of weight 0 has numbers above its step"),
        (torch.tensor([0.0, 1.0, -1.0]), "row_step of weight 0 has numbers below 0"),
        (torch.tensor([0.0, 1.0, 0.5]), "row_step of weight 0 has numbers that are not whole"),
    ],
)
def test_steps_of_rows_that_cannot_be_are_refused(row_step: torch.Tensor, reason: str) -> None:
    table = torch.nn.Parameter(torch.ones(3, 2))
    optimizer = build_optimizer("adadelta", [table], learning_rate=1.0)
    table.grad = torch.ones(3, 2).to_sparse(1)
    optimizer.step()
    stored = optimizer.state_dict()
    assert fitting_optimizer_state(stored, optimizer)
    stored["state"][0]["row_step"] = row_step
    with pytest.raises(ValueError, match=re.escape(reason)):
        fitting_optimizer_state(stored, optimizer)


@pytest.mark.parametrize("shape", [(3,), (3, 2, 2), ()])
def test_only_tables_have_steps_of_rows(shape: tuple[int, ...]) -> None:
    weight = torch.nn.Parameter(torch.ones(shape))
    optimizer = build_optimizer("adadelta", [weight], learning_rate=1.0)
    weight.grad = torch.ones(shape)
    optimizer.step()
    stored = optimizer.state_dict()
    stored["state"][0]["row_step"] = torch.zeros(shape[:1])
    with pytest.raises(ValueError, match="row_step of weight 0, which has no rows"):
        fitting_optimizer_state(stored, optimizer)


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        # a shape that is too small makes the fused step write beyond the end
        ("optimizer.state.0.exp_avg_sq", torch.zeros(1), "exp_avg_sq of weight 0 is (1,)"),
        ("optimizer.state.1.exp_avg", lambda old: old.ravel(), "exp_avg of weight 1 is (32,)"),
        ("optimizer.state.0.exp_avg_sq", lambda old: old.double(), "torch.float64, expected"),
        ("optimizer.state.0.exp_avg_sq", lambda old: old.to("meta"), "is not a dense tensor"),
        ("optimizer.state.0.exp_avg_sq", lambda old: old.to_sparse(), "is not a dense tensor"),
        ("optimizer.state.0.exp_avg_sq", nan_at_once, "numbers that are infinite or nan"),
        ("optimizer.state.0.exp_avg_sq", lambda old: old - 1, "has numbers below 0"),
        ("optimizer.state.0.exp_avg_sq", "a string", "is 'a string', expected a tensor"),
        ("optimizer.state.0.step", "5", "step of weight 0 is '5', expected a tensor"),
        ("optimizer.state.0.step", torch.zeros(3), "step of weight 0 is (3,)"),
        ("optimizer.state.0", {"exp_avg": torch.zeros(1)}, "is of another optimizer"),
        ("optimizer.state", {"0": {}}, "names no weight: '0'"),
        ("optimizer.state", {99: {}}, "names no weight: 99"),
        ("optimizer.param_groups", "all", "is of other groups of weights"),
        ("optimizer.param_groups.0.params", [0], "is of other groups of weights"),
        ("random", torch.zeros(3, dtype=torch.uint8), "RNG state"),
        ("random", "seed", "expected a torch.ByteTensor"),
        ("scaler", {"scale": "large"}, "the scale of the gradients is"),
        ("state", {}, "it lacks best_epoch"),
        ("state.step", "60", "step is '60'"),
        ("state.step", -1, "step is -1"),
        ("state.step", True, "step is True"),
        ("state.epoch_texts", 10**400, "epoch_texts is 1000"),
        ("state.epoch_loss", float("nan"), "epoch_loss is nan"),
        ("state.best_value", float("inf"), "best_value is inf"),
        ("state.best_epoch", 99, "best_epoch 99, but the history has 6 entries"),
        ("state.history", [{}] * 6, "history is [{}"),
        ("state.history.0.validation.loss", float("nan"), "history is [{"),
        ("state.history.0.train", "good", "history is [{"),
    ],
)
def test_a_state_that_does_not_fit_the_weights_is_refused_before_any_step(
    resumable: TrainingRun, monkeypatch: pytest.MonkeyPatch, path: str, value: Any, reason: str
) -> None:
    checkpoint = load_checkpoint(resumable.run_dir / "last")
    state = load_training_state(resumable.run_dir / "last")
    change(state, path, value)
    monkeypatch.setattr(resuming, "load_training_state", lambda directory: state)
    line = refusal(lambda: resuming.restore(resumable, checkpoint))
    assert "training can't be resumed" in line
    assert reason in line
    assert len(line) <= 500


def test_settings_of_the_optimizer_come_from_the_configuration() -> None:
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = build_optimizer("adam", [weight], learning_rate=0.1, betas=(0.9, 0.99))
    weight.grad = torch.ones(2)
    optimizer.step()
    stored = optimizer.state_dict()
    stored["param_groups"][0] |= {"lr": "fast", "betas": None, "eps": float("nan")}
    (group,) = fitting_optimizer_state(stored, optimizer)["param_groups"]
    assert (group["lr"], group["betas"]) == (0.1, (0.9, 0.99))


@pytest.mark.parametrize(
    ("name", "settings"), [("sgd", {"momentum": 0.9}), ("sgd", {}), ("adadelta", {}), ("adamw", {})]
)
def test_every_optimizer_takes_its_own_state_back(name: str, settings: dict[str, Any]) -> None:
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = build_optimizer(name, [weight], learning_rate=0.1, **settings)
    weight.grad = torch.ones(2)
    optimizer.step()
    state = optimizer.state_dict()
    assert fitting_optimizer_state(state, optimizer) == state


class Averaged(torch.nn.Module):
    """A network of four weights, as `WeightAverage` takes it."""

    tables: tuple[torch.nn.Embedding, ...] = ()

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(4))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("raw.weight", torch.ones(1)),  # which copy_ would repeat
        ("values.weight", torch.ones(1)),
        ("values.weight", torch.full((4,), float("nan"))),
        ("values", {}),
        ("updates", "1"),
        ("updates", -1),
        ("rows_at", torch.zeros(4, dtype=torch.int64)),
    ],
)
def test_an_average_of_another_network_is_refused(path: str, value: Any) -> None:
    network = Averaged()
    optimizer = build_optimizer("sgd", network.parameters(), learning_rate=0.1)
    average = WeightAverage(network, optimizer, mean)
    network.weight.grad = torch.ones(4)
    optimizer.step()
    state = average.state()
    average.load_state(state)
    change(state, path, value)
    with pytest.raises(ValueError, match=r"."):
        average.load_state(state)


def test_a_state_comes_back_as_it_was() -> None:
    state = TrainingState()
    state.add_batch(loss=0.5, correct=3, texts=4, seconds=0.1)
    state.end_epoch(None, "loss")
    assert TrainingState.restore(vars(state)) == state
