"""Learning rates over the steps: numbers worked out by hand, refusals, and resumed runs."""

import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from interrupted import interrupt_at
from tiny_data import (
    STEPS_PER_EPOCH,
    assert_same_run,
    curves,
    error_line,
    read_json,
    refusal,
    resume,
    train,
)

from textcnn.config.compose import config_from_keys
from textcnn.training.optimization.schedules import Schedule, build_schedule, set_rates

pytest_plugins = ("tiny_run",)

WARMUP: dict[str, Any] = {"warmup": 0.0, "warmup_steps": None, "final": 0.0}


def schedule(name: str, steps: int | None = 10, metric: str = "loss", **settings: Any) -> Schedule:
    return build_schedule(name, steps=steps, metric=metric, **settings)


def factors(made: Schedule, count: int, history: Sequence[dict[str, Any]] = ()) -> list[float]:
    return [made(step, history) for step in range(count)]


def validations(*values: float, metric: str = "loss", every: int = 2) -> list[dict[str, Any]]:
    return [
        {"step": every * number, "validation": {metric: value}}
        for number, value in enumerate(values, start=1)
    ]


def test_constant_is_one_even_for_unknown_steps() -> None:
    assert factors(schedule("constant", None), 3) == [1, 1, 1]


def test_warm_up_rises_to_the_rate_and_the_line_falls_to_zero() -> None:
    made = schedule("warmup_linear", 6, **WARMUP | {"warmup_steps": 2})
    assert factors(made, 6) == pytest.approx([1 / 2, 1, 1, 3 / 4, 2 / 4, 1 / 4])


def test_a_fraction_of_the_steps_warms_up_too_and_final_is_the_rate_at_the_end() -> None:
    made = schedule("warmup_linear", 10, **WARMUP | {"warmup": 0.2, "final": 0.5})
    assert factors(made, 3) == pytest.approx([1 / 2, 1, 1])
    assert made(10, []) == 0.5


def test_cosine_is_half_in_the_middle() -> None:
    made = schedule("cosine", 8, **WARMUP)
    assert made(0, []) == 1
    assert made(4, []) == pytest.approx(0.5)
    assert made(2, []) == pytest.approx((1 + 2**-0.5) / 2)


def test_halving_counts_validations() -> None:
    made = schedule("halving", every=2, factor=0.5)
    history = validations(*[1.0] * 5)  # after steps 2, 4, 6, 8, 10
    assert factors(made, 12, history) == [1] * 4 + [0.5] * 4 + [0.25] * 4


@pytest.mark.parametrize(("metric", "sign"), [("loss", 1), ("accuracy", -1)])
def test_plateau_falls_after_validations_without_a_better_metric(metric: str, sign: int) -> None:
    made = schedule("plateau", metric=metric, patience=2, factor=0.5, final=0.3)
    values = [5, 4, 4, 4, 3, 3, 3, 3, 3]  # a tie is not better
    history = validations(*(sign * value for value in values), metric=metric, every=1)
    rates = [made(step, history[:step]) for step in range(10)]
    assert rates == [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.3, 0.3, 0.3]
    # the same from the whole history, as when the steps are done again
    assert [made(step, history) for step in range(10)] == rates


@given(
    st.sampled_from(["warmup_linear", "cosine"]),
    st.integers(1, 50),
    st.integers(0, 100),
    st.floats(0, 0.99),
    st.floats(0, 1),
)
def test_the_rate_is_never_negative_nor_above_the_base(
    name: str, steps: int, step: int, warmup: float, final: float
) -> None:
    rate = schedule(name, steps, warmup=warmup, warmup_steps=None, final=final)(step, [])
    assert 0 <= rate <= 1


def test_every_group_keeps_its_part_of_the_rate() -> None:
    weights = [torch.nn.Parameter(torch.ones(1)) for _ in range(2)]
    groups = [
        {"params": [weight], "lr": rate} for weight, rate in zip(weights, (1, 4), strict=True)
    ]
    optimizer = torch.optim.SGD(groups)
    for factor in (0.5, 0.25, 1.0):
        set_rates(optimizer, factor)
        assert [group["lr"] for group in optimizer.param_groups] == [factor, 4 * factor]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            {"schedule": {"name": "cosine", "warmup_steps": 50}, "training__max_steps": 50},
            "schedule.warmup_steps=50 must be below training.max_steps=50; try "
            "schedule.warmup_steps=5",
        ),
        (
            {"schedule": "halving", "training__epochs": 3},
            "schedule.every=3 never changes the rate within training.epochs=3; try "
            "schedule.every=1",
        ),
        (
            {"schedule": {"name": "plateau", "patience": 3}},
            "schedule.patience=3 never changes the rate, as training stops after "
            "training.patience=3; try training.patience=9",
        ),
        (
            {"optimizer__vectors_rate": 0.1},
            "optimizer.vectors_rate=0.1 needs text.vectors, got null; try "
            "optimizer.embedding_rate=0.1",
        ),
        (
            {"optimizer": "sgd", "optimizer__nesterov": True, "optimizer__momentum": 0},
            "optimizer.nesterov=true needs momentum, got optimizer.momentum=0; try "
            "optimizer.momentum=0.9",
        ),
    ],
)
def test_parts_that_do_not_fit_are_refused_in_one_line(keys: dict[str, Any], message: str) -> None:
    assert refusal(lambda: config_from_keys(keys)) == message


def test_a_stream_needs_max_steps_for_a_schedule_over_all_steps(
    tiny_csv: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert train(tiny_csv, tmp_path / "run", "data.streaming=true", "schedule=cosine") == 2
    assert error_line(capfd) == (
        "schedule=cosine needs the number of steps, which a stream doesn't have; try "
        "training.max_steps=10000, or schedule=constant"
    )


def test_a_warm_up_longer_than_the_epochs_is_refused_before_anything_is_written(
    tiny_csv: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    keys = ("schedule=warmup_linear", "schedule.warmup_steps=20", "training.epochs=2")
    assert train(tiny_csv, tmp_path / "run", *keys) == 2
    assert error_line(capfd).startswith("schedule.warmup_steps=20 must be below the number of all")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "keys",
    [
        ("schedule=warmup_linear", "optimizer=adamw", "optimizer.embedding_rate=0.5"),
        (
            "schedule=plateau",
            "optimizer=sgd",
            "optimizer.learning_rate=1e-4",
            "training.metric=accuracy",
        ),
        ("schedule=halving", "schedule.every=1", "optimizer.weight_decay=0.01"),
    ],
)
def test_an_interrupted_run_ends_as_an_uninterrupted_one(
    tiny_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: tuple[str, ...]
) -> None:
    keys = ("training.epochs=3", *keys)
    assert train(tiny_csv, tmp_path / "whole", *keys) == 0
    with monkeypatch.context() as patch:
        interrupt_at(patch, 15, signal.SIGTERM)
        assert train(tiny_csv, tmp_path / "run", *keys) == 130
    assert resume(tmp_path / "run") == 0
    assert_same_run(tmp_path / "run", tmp_path / "whole")
    for name in ["learning_rate", *(["learning_rate_embedding"] if "adamw" in keys[2] else [])]:
        rates = [
            [(point.step, point.value) for point in curves(place).Scalars(f"train/{name}")]
            for place in (tmp_path / "run", tmp_path / "whole")
        ]
        assert rates[0] == rates[1]
        assert len({value for _, value in rates[0]}) > 1


def test_tensorboard_shows_the_rate_of_every_step(tiny_csv: Path, tmp_path: Path) -> None:
    keys = ("training.epochs=1", "schedule=warmup_linear", "schedule.warmup_steps=2")
    assert train(tiny_csv, tmp_path / "run", *keys, "optimizer.embedding_rate=2") == 0
    expected = [0.015, 0.03, *(0.03 * (8 - done) / 8 for done in range(8))]
    for name, factor in (("learning_rate", 1), ("learning_rate_embedding", 2)):
        points = curves(tmp_path / "run").Scalars(f"train/{name}")
        assert [point.step for point in points] == list(range(1, STEPS_PER_EPOCH + 1))
        assert [point.value for point in points] == pytest.approx(
            [factor * rate for rate in expected], rel=1e-5
        )


def test_other_epochs_are_refused_where_the_schedule_depends_on_them(
    tiny_csv: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert train(tiny_csv, tmp_path / "run", "training.epochs=1", "schedule=cosine") == 0
    capfd.readouterr()
    assert resume(tmp_path / "run", "training.epochs=2") == 2
    assert error_line(capfd) == (
        "training.epochs=1 can't change in a run with schedule=cosine, which depends on it, got 2; "
        "leave it out, or start a new run"
    )
    assert resume(tmp_path / "run", "training.epochs=1") == 0
    assert read_json(tmp_path / "run" / "metrics.json")["train"]["epochs"] == 1
