"""The precision of training: what is of it, what stays fp32, and where it is refused."""

from pathlib import Path

import pytest
import torch
from interrupted import interrupt_at
from tiny_data import assert_same_run, error_line, read_json, refusal, resume, run, train, weights
from tiny_models import MODELS, allowed, batch, build, text_of
from torch import nn

from textcnn.training import precision
from textcnn.training.precision import Precision, has_bf16

pytest_plugins = ("tiny_run",)

CPU = torch.device("cpu")


def test_fp16_is_refused_on_a_cpu_with_what_to_take_instead() -> None:
    assert refusal(lambda: Precision("fp16", CPU)) == (
        "training.precision must be fp32 or bf16 on a CPU, where fp16 is slower than fp32, got "
        "fp16; try training.precision=bf16"
    )


def test_fp16_is_one_line_before_anything_is_written(
    tiny_csv: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert train(tiny_csv, tmp_path / "run", "training.precision=fp16") == 2
    assert error_line(capfd).startswith("training.precision must be fp32 or bf16 on a CPU")
    assert not (tmp_path / "run").exists()


def test_products_are_of_the_precision_and_nothing_is_with_fp32() -> None:
    layer, inputs = nn.Linear(4, 3), torch.randn(2, 4)
    with Precision("bf16", CPU).autocast():
        assert layer(inputs).dtype is torch.bfloat16
    with Precision("fp32", CPU).autocast():
        assert layer(inputs).dtype is torch.float32


@pytest.mark.parametrize("name", MODELS)
def test_every_model_trains_in_bf16_close_to_fp32(name: str) -> None:
    ids, lengths = batch([text_of(length, seed=length) for length in (0, 1, 2, 3, 17, 31, 40)])
    for pooling in dict.fromkeys(parts["pooling"] for parts in allowed(name)):
        model = build(name, pooling=pooling, hidden_sizes=(5,))
        with Precision("bf16", CPU).autocast():
            logits = model(ids, lengths).float()  # (batch, classes)
        expected = model(ids, lengths)
        scale = expected.abs().max()
        # k-max between layers takes other positions where two are nearly equal
        bound = 0.2 if "kmax" in name else 0.1
        assert ((logits - expected).abs().mean() / scale).item() < bound, pooling
        logits.pow(2).sum().backward()
        gradients = [p.grad for p in model.parameters() if p.grad is not None]
        assert gradients, pooling
        assert all(g.dtype is torch.float32 and g.isfinite().all() for g in gradients), pooling


@pytest.mark.parametrize("pooling", ["mean", "sum", "attention"])
def test_sums_and_softmax_stay_fp32(pooling: str) -> None:
    model = build("nin", pooling=pooling)
    with Precision("bf16", CPU).autocast():
        trace = model.activations(*batch([text_of(9)]))
    assert trace.features[0].dtype is torch.bfloat16
    if pooling != "attention":  # whose last step is a product
        assert trace.pooled.dtype is torch.float32


def test_scaled_gradients_step_as_others_and_infinite_ones_not_at_all() -> None:
    halves = Precision("fp32", CPU)
    halves.scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)  # that of fp16
    weight = nn.Parameter(torch.tensor([1.0]))
    optimizer = torch.optim.SGD([weight], lr=0.5)
    halves.scaled((3 * weight).sum()).backward()
    halves.step(optimizer)
    assert weight.item() == 1 - 0.5 * 3
    assert weight.grad is not None
    assert weight.grad.item() == 3  # as the curve of its norm shows it
    optimizer.zero_grad()
    halves.scaled((torch.inf * weight).sum()).backward()
    halves.step(optimizer)
    assert weight.item() == 1 - 0.5 * 3
    again = Precision("fp32", CPU)
    again.scaler = torch.amp.GradScaler("cpu")
    again.load_state(halves.state())
    assert again.state() == halves.state()
    assert again.scaler.get_scale() == 512


def test_a_cpu_without_bf16_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "has_bf16", lambda: False)
    assert Precision("bf16", CPU).warning() == (
        "training.precision=bf16 is slower than fp32 on this CPU, which has no bf16 instructions; "
        "try training.precision=fp32"
    )
    assert Precision("fp32", CPU).warning() is None
    assert Precision("bf16", torch.device("cuda")).warning() is None
    monkeypatch.setattr(precision, "has_bf16", lambda: True)
    assert Precision("bf16", CPU).warning() is None


def test_instructions_are_those_that_pytorch_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    for found, expected in (
        ({"avx512_bf16": True}, True),
        ({"bf16": True}, True),
        ({"avx512_bf16": False, "avx2": True}, False),
    ):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda f=found: f, raising=False)
        assert has_bf16() is expected
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False, raising=False)
    assert has_bf16() is False
    monkeypatch.delattr(torch.cpu, "_is_avx512_bf16_supported")
    assert has_bf16() is True


def test_a_run_in_bf16_is_reproduced_in_fp32_and_goes_on_bit_for_bit(
    tiny_csv: Path, tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = ("training.precision=bf16", "training.epochs=2")
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert train(tiny_csv, whole, *keys) == 0
    with monkeypatch.context() as patch:
        interrupt_at(patch, 5)
        assert train(tiny_csv, parts, *keys) == 130
    assert resume(parts) == 0
    assert_same_run(parts, whole)
    assert all(tensor.dtype is torch.float32 for tensor in weights(whole / "best").values())
    assert run("evaluate", f"checkpoint={whole}", f"run_dir={tmp_path / 'again'}") == 0
    assert read_json(tmp_path / "again" / "evaluation.json")["reproduced"] is True
    # and bf16 it was
    fp32 = tmp_path / "fp32"
    assert train(tiny_csv, fp32, "training.epochs=2") == 0
    loss, other = (
        read_json(directory / "metrics.json")["history"][0]["train"]["loss"]
        for directory in (whole, fp32)
    )
    assert loss != other
    assert loss == pytest.approx(other, rel=0.01)
