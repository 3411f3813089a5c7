"""Optimizers by name, each held against its first step, worked out by hand."""

import math
import subprocess
import sys
from copy import deepcopy
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_models import build
from torch import Tensor, nn, optim

from textcnn.training.optimization.optimizers import build_optimizer, takes_rows
from textcnn.training.optimization.parameter_groups import parameter_groups
from textcnn.training.optimization.rows import seen_rows


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
    "adam": {"betas": [0.8, 0.99], "eps": 1e-6, "weight_decay": 0.1, "fused": True},
    "adadelta": {"rho": 0.9, "eps": 1e-6, "weight_decay": 0.1},
}


@pytest.mark.parametrize(("name", "kind"), [("adam", optim.Adam), ("adadelta", optim.Adadelta)])
def test_steps_are_those_of_pytorch_s_optimizers(name: str, kind: type[optim.Optimizer]) -> None:
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


ADAM: dict[str, Any] = {"betas": [0.9, 0.99], "eps": 1e-8, "weight_decay": 0.0}


def rows_of(gradients: dict[int, list[float]], count: int) -> Tensor:
    """A sparse gradient of a table of so many rows, by row."""
    rows = torch.tensor([[*gradients]])
    values = torch.tensor([*gradients.values()], dtype=torch.float64)
    size = (count, values.shape[1])
    return torch.sparse_coo_tensor(rows, values, size, check_invariants=False)


def test_rows_seen_step_by_their_own_mean_of_squares_and_the_others_stay() -> None:
    table = nn.Parameter(torch.ones(3, 1, dtype=torch.float64))
    optimizer = build_optimizer("adam", [table], learning_rate=0.1, **ADAM)
    table.grad = rows_of({1: [0.5]}, 3)
    optimizer.step()
    # (1 - β2) g² corrected by 1 - β2 is g²: a step of the learning rate
    assert table.flatten().tolist() == pytest.approx([1, 0.9, 1])
    table.grad = rows_of({1: [1.0], 2: [-3.0]}, 3)
    optimizer.step()
    # row 1 was seen twice; row 2 once, its mean corrected as if it had been twice
    correction = 1 - 0.99**2
    twice = 0.1 / math.sqrt(0.01 * (0.99 * 0.25 + 1) / correction)
    once = 0.1 / math.sqrt(0.01 / correction)
    assert table.flatten().tolist() == pytest.approx([1, 0.9 - twice, 1 + once])


def test_rows_step_as_adam_does_without_a_running_mean_where_all_are_seen() -> None:
    torch.manual_seed(0)
    ours, theirs = (nn.Parameter(torch.ones(4, 3)) for _ in range(2))
    settings: dict[str, Any] = ADAM | {"betas": [0.0, 0.9]}
    optimizers = (
        build_optimizer("adam", [ours], learning_rate=0.1, **settings),
        optim.Adam([theirs], lr=0.1, betas=(0.0, 0.9), eps=1e-8),
    )
    for _ in range(4):
        theirs.grad = torch.randn(4, 3)
        ours.grad = theirs.grad.to_sparse(1)
        for optimizer in optimizers:
            optimizer.step()
    torch.testing.assert_close(ours, theirs)


def test_a_gradient_moves_a_row_as_far_as_adam_does_by_and_by() -> None:
    """Adam goes on with it for many steps, in which nothing else happens."""
    ours, theirs = (nn.Parameter(torch.ones(1, 1, dtype=torch.float64)) for _ in range(2))
    settings: dict[str, Any] = ADAM | {"betas": [0.9, 1 - 1e-9]}  # squares don't fade meanwhile
    mine = build_optimizer("adam", [ours], learning_rate=0.1, **settings)
    adams = optim.Adam([theirs], lr=0.1, betas=(0.9, 1 - 1e-9), eps=1e-8)
    for optimizer, weight in ((mine, ours), (adams, theirs)):
        weight.grad = torch.zeros_like(weight)
        if weight is ours:
            weight.grad = rows_of({0: [0.0]}, 1)
        for _ in range(1000):  # so that the corrections of the start are the same
            optimizer.step()
    ours.grad, theirs.grad = rows_of({0: [0.5]}, 1), torch.full_like(theirs, 0.5)
    mine.step()
    adams.step()
    theirs.grad = torch.zeros_like(theirs)
    for _ in range(200):
        adams.step()
    assert 1 - ours.item() == pytest.approx(1 - theirs.item(), rel=0.1)


@given(
    seen=st.lists(st.sets(st.integers(0, 4), min_size=1), min_size=1, max_size=12),
    dense=st.integers(0, 12),
    rho=st.sampled_from([0.0, 0.5, 0.95]),
)
def test_rows_of_adadelta_step_as_pytorch_s_does_with_all_rows(
    seen: list[set[int]], dense: int, rho: float
) -> None:
    ours, theirs = (nn.Parameter(torch.ones(5, 2, dtype=torch.float64)) for _ in range(2))
    mine = build_optimizer("adadelta", [ours], learning_rate=0.5, rho=rho, eps=1e-6)
    reference = optim.Adadelta([theirs], lr=0.5, rho=rho, eps=1e-6)
    values = torch.Generator().manual_seed(0)
    for step, rows in enumerate(seen):
        theirs.grad = torch.zeros(5, 2, dtype=torch.float64)
        theirs.grad[sorted(rows)] = torch.randn(len(rows), 2, dtype=torch.float64, generator=values)
        # one step has a dense gradient, as in a run that goes on with several processes
        ours.grad = theirs.grad if step == dense else theirs.grad.to_sparse(1)
        mine.step()
        reference.step()
        mine.load_state_dict(mine.state_dict())
        torch.testing.assert_close(ours, theirs)
    assert ours.grad is not None


def test_a_row_that_stands_several_times_in_a_gradient_has_the_sum() -> None:
    rows = torch.tensor([[2, 0, 2]])
    values = torch.tensor([[1.0], [2.0], [3.0]])
    gradient = torch.sparse_coo_tensor(rows, values, (3, 1), check_invariants=False)
    rows, sums = seen_rows(gradient)
    assert (rows.tolist(), sums.tolist()) == ([0, 2], [[2.0], [4.0]])


def test_a_step_of_rows_leaves_their_gradient_and_steps_the_other_weights() -> None:
    table, weight = nn.Parameter(torch.ones(3, 1)), nn.Parameter(torch.ones(2))
    optimizer = build_optimizer("adam", [table, weight], learning_rate=0.1, **ADAM)
    table.grad, weight.grad = rows_of({1: [0.5]}, 3).float(), torch.tensor([0.5, -0.5])
    optimizer.step()
    assert table.grad is not None
    assert table.grad.is_sparse
    assert weight.tolist() == pytest.approx([0.9, 1.1])
    assert table.flatten().tolist() == pytest.approx([1.0, 0.9, 1.0])


def test_steps_of_rows_go_on_from_a_state_that_was_stored_and_with_dense_gradients_too() -> None:
    tables = [nn.Parameter(torch.ones(3, 1)) for _ in range(2)]
    first, second = (
        build_optimizer("adam", [table], learning_rate=0.1, **ADAM) for table in tables
    )
    tables[0].grad = rows_of({1: [0.5]}, 3).float()
    first.step()
    second.load_state_dict(deepcopy(first.state_dict()))
    with torch.no_grad():
        tables[1].copy_(tables[0])
    for table, optimizer in zip(tables, (first, second), strict=True):
        table.grad = rows_of({1: [0.2], 2: [0.1]}, 3).float()
        optimizer.step()
    assert torch.equal(*tables)
    tables[0].grad = torch.ones(3, 1)
    first.step()
    assert (tables[0] < tables[1]).all()


def test_a_state_that_lies_otherwise_in_memory_goes_with_its_own_weights() -> None:
    weight = nn.Parameter(torch.rand(2, 3))
    turned = nn.Parameter(weight.detach().t().contiguous().t())
    plain, other = (
        build_optimizer("adam", [each], learning_rate=0.1, **ADAM) for each in (weight, turned)
    )
    gradients = torch.rand(2, 2, 3)
    weight.grad = gradients[0]
    plain.step()
    other.load_state_dict(deepcopy(plain.state_dict()))
    with torch.no_grad():
        turned.copy_(weight)
    for each, optimizer in ((weight, plain), (turned, other)):
        each.grad = torch.empty_like(each).copy_(gradients[1])
        optimizer.step()
    assert torch.equal(weight, turned)


@pytest.mark.parametrize(
    ("name", "settings", "rows", "expected"),
    [
        ("adam", {}, 100, True),
        ("adam", {}, 99, False),
        ("adam", {"weight_decay": 0.1}, 100, False),
        ("adadelta", {}, 100, True),
        ("adadelta", {}, 99, False),
        ("adadelta", {"weight_decay": 0.1}, 100, False),
    ],
)
def test_large_tables_have_gradients_of_rows(
    name: str,
    settings: dict[str, float],
    rows: int,
    expected: bool,
) -> None:
    table = nn.Embedding(rows, 2)
    optimizer = build_optimizer(name, table.parameters(), learning_rate=0.1, **settings)
    assert takes_rows(optimizer, table, sparse_from=100) is expected


@pytest.mark.parametrize("name", ["adam", "adamw", "adadelta", "sgd"])
def test_a_step_does_not_import_the_compiler(name: str) -> None:
    program = f"""
import sys, torch
from textcnn.training.optimization.optimizers import build_optimizer
weight = torch.nn.Parameter(torch.ones(1))
weight.grad = torch.ones(1)
optimizer = build_optimizer({name!r}, [weight], learning_rate=0.1)
optimizer.step()
optimizer.zero_grad()
optimizer.load_state_dict(optimizer.state_dict())
assert "torch._dynamo" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize(
    ("name", "kind", "settings"),
    [
        ("adamw", optim.AdamW, {"betas": [0.8, 0.99], "eps": 1e-6, "weight_decay": 0.3}),
        ("sgd", optim.SGD, {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    ],
)
def test_adamw_and_sgd_step_as_those_of_pytorch(
    name: str, kind: type[optim.Optimizer], settings: dict[str, Any]
) -> None:
    torch.manual_seed(0)
    ours, theirs = nn.Linear(3, 2), nn.Linear(3, 2)
    theirs.load_state_dict(ours.state_dict())
    inputs = torch.randn(4, 3)
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
    torch.testing.assert_close(ours.weight, theirs.weight, rtol=1e-6, atol=1e-7)


def test_sgd_without_momentum_changes_the_rows_seen_as_it_would_all() -> None:
    torch.manual_seed(0)
    rows, dense = (nn.Parameter(torch.ones(4, 3)) for _ in range(2))
    optimizers = [
        build_optimizer("sgd", [each], learning_rate=0.1, momentum=0.0) for each in (rows, dense)
    ]
    dense.grad = torch.zeros(4, 3)
    dense.grad[1] = torch.randn(3)
    rows.grad = dense.grad.to_sparse(1)
    for optimizer in optimizers:
        optimizer.step()
    assert torch.equal(rows, dense)


def groups_of(embedding: str = "random", **settings: Any) -> dict[str, tuple[float, float, int]]:
    """Of each group of a small network: its learning rate, its decay, and how many weights."""
    network = build("multi_width", position="learned", embedding=embedding)
    groups = parameter_groups(network, **{"learning_rate": 0.1, "weight_decay": 0.0} | settings)
    trained = [weight for weight in network.parameters() if weight.requires_grad]
    assert sum(len(group["params"]) for group in groups) == len(trained)
    return {
        f"{group['name']} {group['weight_decay']}": (
            group["lr"],
            group["weight_decay"],
            len(group["params"]),
        )
        for group in groups
    }


def test_all_weights_are_one_group_by_default() -> None:
    # table, positions, three convolutions and the head with their biases
    assert groups_of() == {"rest 0.0": (0.1, 0.0, 10)}


def test_the_decay_of_adamw_leaves_out_lookups_and_biases() -> None:
    found = groups_of(weight_decay=0.5, matrices_only=True)
    assert found == {"rest 0.0": (0.1, 0.0, 6), "rest 0.5": (0.1, 0.5, 4)}


def test_the_table_has_the_rate_that_is_asked_for() -> None:
    found = groups_of(table_rate=0.2, table_name="vectors")
    assert found["vectors 0.0"] == pytest.approx((0.02, 0.0, 1))
    assert found["rest 0.0"] == (0.1, 0.0, 9)
    # of two channels only one learns
    assert groups_of("multichannel", table_rate=0.2)["embedding 0.0"][2] == 1
    assert [*groups_of("static", table_rate=0.2)] == ["rest 0.0"]


def test_normalizations_do_not_decay() -> None:
    network = build("vdcnn, kmax")
    for group in parameter_groups(network, learning_rate=0.1, weight_decay=0.5, matrices_only=True):
        decays = [weight.ndim > 1 and weight.shape[0] != 12 for weight in group["params"]]
        assert decays == [bool(group["weight_decay"])] * len(decays)


def test_the_table_of_a_onehot_network_decays_as_a_convolution_does() -> None:
    network = build("onehot_cnn")
    groups = parameter_groups(network, learning_rate=0.1, weight_decay=0.5, matrices_only=True)
    decaying = next(group["params"] for group in groups if group["weight_decay"])
    assert any(weight is network.tables[0].weight for weight in decaying)


def test_sparse_rows_decay_in_the_steps_that_update_them() -> None:
    start = torch.arange(1.0, 13.0).view(6, 2)
    rows = torch.tensor([[1, 4]])
    gradient = torch.sparse_coo_tensor(rows, torch.ones(2, 2), (6, 2), check_invariants=True)
    tables = [nn.Parameter(start.clone()) for _ in range(2)]
    optimizers = [
        build_optimizer("adamw", [table], learning_rate=0.1, weight_decay=decay)
        for table, decay in zip(tables, (0.5, 0.0), strict=True)
    ]
    for table, optimizer in zip(tables, optimizers, strict=True):
        table.grad = gradient.clone()
        optimizer.step()
    moved = tables[1] - start  # by Adam
    decayed = start * torch.tensor([1, 0.95, 1, 1, 0.95, 1])[:, None]
    torch.testing.assert_close(tables[0], decayed + moved)


def test_a_table_with_a_penalty_or_momentum_needs_all_rows() -> None:
    table = nn.Embedding(100, 2)

    def rows(name: str, **settings: Any) -> bool:
        optimizer = build_optimizer(name, table.parameters(), learning_rate=0.1, **settings)
        return takes_rows(optimizer, table, sparse_from=100)

    assert rows("adamw", weight_decay=0.0)
    assert rows("adamw", weight_decay=0.1)
    assert not rows("adam", weight_decay=0.1)
    assert rows("sgd")
    assert not rows("sgd", momentum=0.9)
    other = nn.Parameter(torch.ones(2, 2))
    groups: list[dict[str, Any]] = [{"params": [table.weight], "weight_decay": 0.0}]
    groups.append({"params": [other]})
    optimizer = build_optimizer("adamw", groups, learning_rate=0.1, weight_decay=0.1)
    assert takes_rows(optimizer, table, sparse_from=100)
