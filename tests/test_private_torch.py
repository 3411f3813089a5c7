"""PyTorch's private names against the public fallbacks that replace them if they are missing."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tiny_data import hyper_parameters
from torch import nn, optim
from torch.utils.tensorboard import SummaryWriter

from textcnn.system import private_torch
from textcnn.system.private_torch import (
    adam_step_,
    add_hyper_parameters,
    matmul_transposed,
    rows_and_values,
    supports_bf16,
    unobserved_modules,
    version,
    with_parts,
    without_compiler,
)

Remove = Callable[[str], None]


@pytest.fixture
def remove(monkeypatch: pytest.MonkeyPatch) -> Remove:
    """Makes a PyTorch that lacks a name."""
    missing: set[str] = set()

    def find(owner: object, name: str) -> object:
        return None if name in missing else getattr(owner, name, None)

    monkeypatch.setattr(private_torch, "find", find)
    return missing.add


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)), nn.ReLU(), nn.Linear(4, 2)
    )


@pytest.mark.parametrize("missing", [None, "_modules"])
def test_a_copy_with_other_parts_shares_the_tensors_of_the_rest(
    missing: str | None, remove: Remove
) -> None:
    if missing:
        remove(missing)
    model, part = network(), nn.Linear(4, 2)
    new = with_parts(model, {"0.1": nn.Identity(), "2": part})
    assert isinstance(new, nn.Sequential)
    assert new[2] is part
    linear = new.get_submodule("0.0")
    assert linear.weight is model.get_submodule("0.0").weight
    inputs = torch.randn(5, 3)
    expected = part(model.get_submodule("0.0")(inputs).relu())
    assert torch.equal(new(inputs), expected)
    # the model is as it was
    assert isinstance(model.get_submodule("0.1"), nn.BatchNorm1d)
    assert model[2] is not part
    assert [*model.state_dict()] == [*network().state_dict()]


@pytest.mark.parametrize("missing", [None, "_modules"])
def test_a_copy_without_other_parts_shares_buffers_too(missing: str | None, remove: Remove) -> None:
    if missing:
        remove(missing)
    model = network()
    with_parts(model, {}).train()(torch.randn(5, 3))
    assert model.state_dict()["0.1.num_batches_tracked"] == 1


def test_modules_are_found_unless_somebody_watches_one() -> None:
    model = network()
    assert unobserved_modules(model) is not None
    assert {*map(id, unobserved_modules(model) or [])} == {*map(id, model.modules())}
    for register in (
        model[2].register_forward_hook,
        model[2].register_forward_pre_hook,
        model[2].register_full_backward_hook,
        model[2].register_full_backward_pre_hook,
        nn.modules.module.register_module_forward_hook,
    ):
        handle = register(lambda *_: None)
        assert unobserved_modules(model) is None
        handle.remove()
        assert unobserved_modules(model) is not None


def test_without_a_list_of_hooks_modules_may_be_watched(remove: Remove) -> None:
    model = network()
    del model[1].__dict__["_forward_hooks"]
    assert unobserved_modules(model) is None
    remove("_has_any_global_hook")
    assert unobserved_modules(network()) is None


def test_versions_differ_after_a_change_and_are_always_new_without_a_count(
    remove: Remove,
) -> None:
    tensor = torch.zeros(3)
    before = version(tensor)
    assert version(tensor) == before
    tensor += 1
    assert version(tensor) != before
    with torch.inference_mode():
        assert version(torch.zeros(3)) == 0
    remove("_version")
    assert len({version(tensor) for _ in range(3)}) == 3


@pytest.mark.parametrize("missing", ["_indices", "_values"])
def test_rows_of_a_coalesced_gradient_are_the_same(missing: str, remove: Remove) -> None:
    indices, values = torch.tensor([[1, 4, 7]]), torch.randn(3, 2)
    gradient = torch.sparse_coo_tensor(indices, values, (9, 2), check_invariants=False)
    private = rows_and_values(gradient)
    remove(missing)
    assert all(map(torch.equal, rows_and_values(gradient), private))


def test_products_are_the_same(remove: Remove) -> None:
    torch.manual_seed(0)
    left, right = torch.randn(40, 30), torch.randn(20, 30)
    private = matmul_transposed(left, right)
    remove("_linear_pointwise")
    torch.testing.assert_close(matmul_transposed(left, right), private, rtol=1e-5, atol=1e-5)


def test_steps_of_adam_are_the_same(remove: Remove) -> None:
    torch.manual_seed(0)
    gradients = torch.randn(5, 4, 3)
    ended = []
    for _ in range(2):
        values, squares, step = torch.ones(4, 3), torch.zeros(4, 3), torch.zeros(())
        for gradient in gradients:
            step += 1
            adam_step_(values, gradient, squares, step, learning_rate=0.1, beta2=0.9, eps=1e-8)
        ended.append((values, squares))
        remove("_fused_adam_")
    torch.testing.assert_close(*ended, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("name", "kind"), [("adam", optim.Adam), ("adadelta", optim.Adadelta)])
def test_steps_are_the_same_with_and_without_the_compiler(
    name: str, kind: type[optim.Optimizer], remove: Remove
) -> None:
    ended = []
    for _ in range(2):
        model = network()
        optimizer = without_compiler(name, kind)(model.parameters(), lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            model(torch.ones(2, 3)).square().sum().backward()
            optimizer.step()
        ended.append([*model.parameters()])
        remove(name)
    assert without_compiler(name, kind) is kind
    assert all(map(torch.equal, *ended))


@pytest.mark.parametrize("missing", [None, "_get_file_writer"])
def test_hyper_parameters_are_shown_for_the_run_itself(
    missing: str | None, remove: Remove, tmp_path: Path
) -> None:
    if missing:
        remove(missing)
    writer = SummaryWriter(str(tmp_path))
    add_hyper_parameters(writer, {"rate": 0.1, "name": "a"}, {"accuracy": 0.5})
    writer.close()
    assert hyper_parameters(tmp_path) == ({"rate": 0.1, "name": "a"}, ["accuracy"])
    assert [each.name for each in tmp_path.iterdir() if each.is_dir()] == []


def test_instructions_are_asked_for_by_whatever_name_there_is(
    remove: Remove, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": True}, raising=False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False, raising=False)
    assert supports_bf16(("avx512_bf16", "amx_bf16"))
    assert not supports_bf16(("avx512_bf16",))
    remove("get_capabilities")
    assert not supports_bf16(("amx_bf16",))
    remove("_is_avx512_bf16_supported")
    assert supports_bf16(("amx_bf16",))


def test_it_imports_neither_the_compiler_nor_tensorboard() -> None:
    program = (
        "import sys, textcnn.system.private_torch\n"
        "assert not {'tensorboard', 'torch._dynamo'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
