"""Convolutions with fewer multiplications, against F.conv1d."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from textcnn.models.fast.winograd import (
    by_winograd,
    may_pay,
    pays,
    tile_size,
    winograd,
    winograd_or_convolve,
)
from textcnn.models.layers.convolution import Convolution, convolve
from textcnn.models.layers.features import Features


def made(
    batch: int, channels: int, filters: int, kernel_size: int, time: int, dtype: torch.dtype
) -> tuple[Tensor, Tensor, Tensor]:
    """Values, weights and biases that want gradients, of about the size that they train with."""
    torch.manual_seed(0)
    values = torch.randn(batch, time, channels, dtype=dtype).relu_().transpose(1, 2)
    bound = (channels * kernel_size) ** -0.5
    weight = (torch.rand(filters, channels, kernel_size, dtype=dtype) * 2 - 1) * bound
    bias = torch.randn(filters, dtype=dtype)
    return values.requires_grad_(), weight.requires_grad_(), bias.requires_grad_()


@given(
    kernel_size=st.integers(1, 9),
    more=st.integers(0, 9),
    batch=st.integers(1, 3),
    bias=st.booleans(),
)
@settings(deadline=None)
def test_numbers_and_gradients_are_those_of_conv1d(
    kernel_size: int, more: int, batch: int, bias: bool
) -> None:
    inputs = made(batch, 3, 4, kernel_size, kernel_size + more, torch.float64)
    inputs = inputs if bias else (*inputs[:2], None)  # type: ignore[assignment]
    ours, plain = winograd(*inputs), F.conv1d(*inputs)
    torch.testing.assert_close(ours, plain)
    asked = [each for each in inputs if each is not None]
    weights = torch.randn_like(plain)
    torch.testing.assert_close(
        torch.autograd.grad(ours, asked, weights), torch.autograd.grad(plain, asked, weights)
    )


@pytest.mark.parametrize("kernel_size", [3, 7])
def test_gradients_are_those_of_the_function_itself(kernel_size: int) -> None:
    assert torch.autograd.gradcheck(winograd, made(2, 2, 3, kernel_size, 12, torch.float64))


@pytest.mark.parametrize(("kernel_size", "products"), [(3, 5 / 9), (4, 7 / 16), (7, 14 / 28)])
def test_about_half_of_the_multiplications_are_left(kernel_size: int, products: float) -> None:
    size = tile_size(kernel_size)
    groups = -(-kernel_size // size)
    assert (2 * size - 1) * groups / (size * kernel_size) == products


@pytest.mark.parametrize("kernel_size", [3, 4, 5, 7])
@pytest.mark.parametrize("channels", [256, 512])
def test_with_many_channels_it_rounds_to_1e_5_of_the_largest(
    kernel_size: int, channels: int
) -> None:
    inputs = made(8, channels, 256, kernel_size, 300, torch.float32)
    assert pays(*inputs[:2])
    values, weight, bias = (each.double() for each in inputs)
    ours, exact = winograd_or_convolve(*inputs), F.conv1d(values, weight, bias)
    weights = torch.randn(ours.shape)
    gradients = torch.autograd.grad(ours, inputs, weights)
    for got, expected in zip(
        (ours, *gradients),
        (exact, *torch.autograd.grad(exact, inputs, weights.double())),
        strict=True,
    ):
        largest = expected.abs().max().item()
        torch.testing.assert_close(got.double(), expected.double(), rtol=0, atol=1e-5 * largest)


@pytest.mark.parametrize("kernel_size", [3, 4, 5, 7])
def test_in_bf16_it_rounds_four_times_as_much_as_conv1d_at_most(kernel_size: int) -> None:
    inputs = made(8, 256, 256, kernel_size, 300, torch.float32)
    exact = F.conv1d(*inputs)
    with torch.autocast("cpu", torch.bfloat16):
        ours, plain = winograd(*inputs), F.conv1d(*inputs)
    assert ours.dtype is torch.bfloat16
    assert (ours - exact).square().mean() < 4.5**2 * (plain - exact).square().mean()


def test_a_text_s_numbers_do_not_depend_on_those_beside_it() -> None:
    values, weight, bias = made(3, 4, 4, 7, 20, torch.float32)
    others = values.detach().clone()
    others[1:] = torch.nan
    assert torch.equal(winograd(others, weight, bias)[0], winograd(values, weight, bias)[0])


def test_where_it_does_not_pay_the_convolution_is_the_plain_one() -> None:
    values, weight, bias = made(2, 4, 4, 3, 20, torch.float32)
    for keys in ({}, {"padding": 2}, {"dilation": 2}, {"stride": 2}):
        ours = winograd_or_convolve(values, weight, bias, **keys)
        assert torch.equal(ours, convolve(values, weight, bias, **keys))


@pytest.mark.parametrize("padding", ["valid", "zeros", "circular"])
def test_a_layer_and_its_twin_agree_and_share_weights(padding: str) -> None:
    layer = Convolution(256, 256, 3, padding=padding)
    twin = by_winograd(layer)
    features = Features(torch.randn(8, 256, 300), torch.full((8,), 299))
    ours, plain = twin(features).values, layer(features).values
    assert not torch.equal(ours, plain)
    torch.testing.assert_close(ours[..., :297], plain[..., :297], rtol=0, atol=1e-5)
    assert twin.weight is layer.weight
    assert may_pay(layer)
    assert not may_pay(Convolution(256, 128, 3))


def test_it_is_used_to_train_large_layers_only() -> None:
    values, weight, _ = made(8, 256, 256, 3, 300, torch.float32)
    assert pays(values, weight)
    assert not pays(values[:1], weight)
    assert not pays(values, weight[:128])
    assert not pays(values, weight[:, :, :2])
    with torch.no_grad():
        assert not pays(values, weight)
