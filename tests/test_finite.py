"""Networks that compute infinite numbers or nan are refused in one line, and never written."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save
from tiny_data import error_line, forge, refusal, run, weights
from torch import Tensor

import textcnn
from textcnn.models.finite import all_finite

pytest_plugins = ("tiny_run",)

LARGE = "computes infinite numbers or nan"


def change_weights(run_dir: Path, change: Callable[[Tensor], Tensor]) -> None:
    changed = {name: change(tensor) for name, tensor in weights(run_dir / "best").items()}
    forge(run_dir / "best", "model.safetensors", save(changed))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_not_finite_are_refused_everywhere(
    copied_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], value: float
) -> None:
    def change(tensor: Tensor) -> Tensor:
        return tensor.flatten().index_fill(0, torch.tensor([0]), value).view(tensor.shape)

    change_weights(copied_run, change)
    reason = "hold infinite numbers or nan"
    assert reason in refusal(lambda: textcnn.load(copied_run))
    texts = tmp_path / "texts.txt"
    texts.write_text("goal team\n")
    for program, *keys in (
        ("predict", f"input={texts}", f"output={tmp_path / 'out.jsonl'}"),
        ("evaluate", f"run_dir={tmp_path / 'evaluation'}"),
    ):
        capfd.readouterr()
        assert run(program, f"checkpoint={copied_run}", *keys) == 2
        assert reason in error_line(capfd)
    assert not (tmp_path / "out.jsonl").exists()
    assert not (tmp_path / "evaluation").exists()


def test_weights_so_large_that_logits_overflow_are_refused_when_texts_are_read(
    copied_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    change_weights(copied_run, lambda tensor: torch.full_like(tensor, 3e38))
    classifier = textcnn.load(copied_run)
    assert LARGE in refusal(lambda: classifier.predict(["goal team"]))
    texts, out = tmp_path / "texts.txt", tmp_path / "out.jsonl"
    texts.write_text("goal team\n")
    capfd.readouterr()
    assert run("predict", f"checkpoint={copied_run}", f"input={texts}", f"output={out}") == 2
    assert LARGE in error_line(capfd)
    assert not out.exists()
    assert run("evaluate", f"checkpoint={copied_run}", f"run_dir={tmp_path / 'evaluation'}") == 2
    assert LARGE in error_line(capfd)


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [([], True), ([1.0, -2.0], True), ([1.0, float("nan")], False), ([-float("inf"), 0], False)],
)
def test_all_finite_looks_at_every_number(numbers: list[float], expected: bool) -> None:
    assert all_finite(torch.tensor(numbers)) is expected


def test_whole_numbers_are_finite() -> None:
    assert all_finite(torch.tensor([1, 2]))
