"""The largest of tiles, against F.max_pool1d."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from textcnn.models.fast.tile_max import tile_max


@given(size=st.integers(2, 4), time=st.integers(4, 11), seed=st.integers(0, 99))
def test_numbers_and_gradients_are_those_of_max_pooling(size: int, time: int, seed: int) -> None:
    torch.manual_seed(seed)
    values = torch.randint(-2, 3, (2, time, 3)).float().requires_grad_()  # many are equal
    ours = tile_max(values, size)
    plain = F.max_pool1d(values.transpose(1, 2), size).transpose(1, 2)
    assert torch.equal(ours, plain)
    weights = torch.randn(ours.shape)
    ours, plain = (torch.autograd.grad(each, values, weights)[0] for each in (ours, plain))
    assert torch.equal(ours, plain)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_the_first_of_equals_has_the_gradient(dtype: torch.dtype) -> None:
    values = torch.tensor([[[1.0], [2.0], [2.0], [0.0]]], dtype=dtype, requires_grad=True)
    (gradient,) = torch.autograd.grad(tile_max(values, 3).sum(), values)
    assert gradient.flatten().tolist() == [0, 1, 0, 0]
    assert gradient.dtype is dtype


def test_gradients_are_those_of_the_function_itself() -> None:
    torch.manual_seed(0)
    values = torch.randn(2, 7, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda each: tile_max(each, 3), values)
