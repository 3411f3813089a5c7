"""Optimisers by name, each held against its first step, worked out by hand."""

import math

import pytest
import torch
from torch import nn

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
