"""Optimisers by name, each held against its first step, worked out by hand."""

import math
import subprocess
import sys
from typing import Any

import pytest
import torch
from torch import nn, optim

from textcnn.training.optimizers import build_optimizer


def stepped(name: str, gradient: float, **settings: float | list[float]) -> float:
    """Where a weight of 1 is after one step down `gradient`."""
    weight = nn.Parameter(torch.tensor([1.0], dtype=torch.float64))
    weight.grad = torch.tensor([gradient], dtype=torch.float64)
    build_optimizer(name, [weight], **settings).step()  # type: ignore[arg-type]
    return weight.item()


def test_adam_steps_by_the_learning_rate_first() -> None:
    # both running means are corrected for their start, so m / sqrt(v) is the gradient's sign
    got = stepped("adam", 0.5, learning_rate=0.1, betas=[0.9, 0.999], eps=1e-8, weight_decay=0.0)
    assert got == pytest.approx(0.9, abs=1e-7)


def test_adam_divides_by_eps_too() -> None:
    got = stepped("adam", 0.5, learning_rate=0.1, betas=[0.9, 0.999], eps=0.5, weight_decay=0.0)
    assert got == pytest.approx(1 - 0.1 * 0.5 / (0.5 + 0.5))


def test_adadelta_scales_the_gradient_by_its_running_means() -> None:
    # square mean (1 - rho) g^2 = 0.05 * 4 = 0.2; step sqrt(eps) / sqrt(0.2 + eps) * g
    got = stepped("adadelta", 2.0, learning_rate=1.0, rho=0.95, eps=1e-6, weight_decay=0.0)
    assert got == pytest.approx(1 - math.sqrt(1e-6) / math.sqrt(0.2 + 1e-6) * 2)


@pytest.mark.parametrize("name", ["adam", "adadelta"])
def test_weight_decay_pulls_a_weight_without_gradient_to_zero(name: str) -> None:
    assert stepped(name, 0.0, learning_rate=0.1, weight_decay=0.0) == 1.0
    assert stepped(name, 0.0, learning_rate=0.1, weight_decay=0.5) < 1.0


SETTINGS: dict[str, dict[str, Any]] = {
    "adam": {"betas": [0.8, 0.99], "eps": 1e-6, "weight_decay": 0.1},
    "adadelta": {"rho": 0.9, "eps": 1e-6, "weight_decay": 0.1},
}


@pytest.mark.parametrize(("name", "kind"), [("adam", optim.Adam), ("adadelta", optim.Adadelta)])
def test_steps_are_those_of_pytorch_s_optimisers(name: str, kind: type[optim.Optimizer]) -> None:
    torch.manual_seed(0)
    ours, theirs = nn.Linear(3, 2), nn.Linear(3, 2)
    theirs.load_state_dict(ours.state_dict())
    inputs = torch.randn(4, 3)
    settings = SETTINGS[name]
    optimizers = (
        build_optimizer(name, ours.parameters(), learning_rate=0.1, **settings),
        kind(theirs.parameters(), lr=0.1, **settings),  # type: ignore[call-arg]
    )
    for _ in range(5):
        for model, optimizer in zip((ours, theirs), optimizers, strict=True):
            optimizer.zero_grad()
            model(inputs).pow(2).sum().backward()
            optimizer.step()
            optimizer.load_state_dict(optimizer.state_dict())
    # Adam's is fused, which rounds in another order
    torch.testing.assert_close(ours.weight, theirs.weight, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", ["adam", "adadelta"])
def test_a_step_does_not_import_the_compiler(name: str) -> None:
    program = f"""
import sys, torch
from textcnn.training.optimizers import build_optimizer
weight = torch.nn.Parameter(torch.ones(1))
weight.grad = torch.ones(1)
optimizer = build_optimizer({name!r}, [weight], learning_rate=0.1)
optimizer.step()
optimizer.zero_grad()
optimizer.load_state_dict(optimizer.state_dict())
assert "torch._dynamo" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)
