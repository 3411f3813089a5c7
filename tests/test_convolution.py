"""Convolutions, by hand and against a plain convolution of each text alone."""

import subprocess
import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_features import GARBAGE, batch_of
from torch import Tensor, nn

from textcnn.models.layers.convolution import Convolution
from textcnn.models.layers.features import Features
from textcnn.models.layers.max_pool import MaxPool

PADDINGS = ("valid", "zeros", "reflect", "replicate", "circular", "full", "causal")
NUMPY_MODES = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def layer_of(
    weight: list[list[list[float]]],
    bias: list[float] | None = None,
    padding: str = "valid",
    dilation: int = 1,
    stride: int = 1,
    groups: int = 1,
) -> Convolution:
    kernel = torch.tensor(weight)  # (filters, channels of a group, kernel size)
    layer = Convolution(
        kernel.shape[1] * groups,
        kernel.shape[0],
        kernel.shape[2],
        padding=padding,
        dilation=dilation,
        stride=stride,
        groups=groups,
        bias=bias is not None,
    )
    layer.load_state_dict(
        {"weight": kernel} | ({} if bias is None else {"bias": torch.tensor(bias)})
    )
    return layer


def own(features: Features) -> list[Tensor]:
    """(channels, positions) of each text."""
    pairs = zip(features.values, features.lengths.tolist(), strict=True)
    return [row[:, :length] for row, length in pairs]


def randn(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def convolve_alone(text: Tensor, layer: Convolution) -> Tensor:
    """Extends one text (channels, time) with numpy and convolves it: (filters, windows)."""
    span = layer.dilation * (layer.kernel_size - 1) + 1
    around = {"valid": (0, max(span - text.shape[1], 0)), "full": (span - 1,) * 2}
    around |= {"causal": (span - 1, 0)}
    sides = around.get(layer.padding, ((span - 1) // 2, span - 1 - (span - 1) // 2))
    mode = NUMPY_MODES.get(layer.padding, "constant")
    extended = np.pad(text.numpy(), ((0, 0), sides), mode=mode)  # type: ignore[call-overload]
    return F.conv1d(
        torch.from_numpy(extended)[None],
        layer.weight,
        layer.bias,
        stride=layer.stride,
        dilation=layer.dilation,
        groups=layer.groups,
    )[0]


def test_window_is_weighed_in_reading_order_not_flipped() -> None:
    layer = layer_of([[[100.0, 10.0, 1.0]]])
    assert layer(batch_of([torch.tensor([[1.0, 2.0, 3.0, 4.0]])])).values.tolist() == [[[123, 234]]]


def test_filters_sum_over_channels_and_add_their_bias() -> None:
    layer = layer_of([[[1.0, 2.0], [0.0, -1.0]], [[0.0, 0.0], [1.0, 1.0]]], bias=[0.5, -3.0])
    made = layer(batch_of([torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])]))
    # 1x1 + 2x2 - 5 + 0.5 and 1x2 + 2x3 - 6 + 0.5; 4 + 5 - 3 and 5 + 6 - 3
    assert made.values.tolist() == [[[0.5, 2.5], [6.0, 8.0]]]


def test_groups_see_only_their_own_channels() -> None:
    layer = layer_of([[[1.0, 1.0]], [[10.0, 1.0]]], groups=2)
    made = layer(batch_of([torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])]))
    assert made.values.tolist() == [[[3, 5], [45, 56]]]


def test_stride_leaves_windows_out() -> None:
    layer = layer_of([[[100.0, 10.0, 1.0]]], stride=2)
    made = layer(batch_of([torch.arange(1.0, 7.0)[None], torch.arange(1.0, 8.0)[None]]))
    assert [text.tolist() for text in own(made)] == [[[123, 345]], [[123, 345, 567]]]


def test_dilation_leaves_tokens_out() -> None:
    layer = layer_of([[[100.0, 10.0, 1.0]]], padding="zeros", dilation=2)
    made = layer(batch_of([torch.arange(1.0, 6.0)[None]]))
    assert made.values.tolist() == [[[13, 24, 135, 240, 350]]]


def test_dilation_of_a_call_takes_the_place_of_the_layers_own() -> None:
    text = batch_of([torch.arange(1.0, 6.0)[None]])
    layer = layer_of([[[100.0, 10.0, 1.0]]])
    assert layer(text, 2).values.tolist() == [[[135]]]
    assert layer(text, 2).field.size == 5
    assert layer.positions(torch.tensor([9, 2]), 2).tolist() == [5, 1]


def test_kernel_of_one_token_is_a_linear_map_of_each_position() -> None:
    linear, layer = nn.Linear(5, 7), Convolution(5, 7, 1)
    assert linear.bias is not None
    assert layer.bias is not None
    with torch.no_grad():
        layer.weight.copy_(linear.weight[..., None])
        layer.bias.copy_(linear.bias)
    values = randn(3, 5, 11, seed=0)
    made = layer(Features(values, torch.tensor([11, 11, 11]))).values
    torch.testing.assert_close(
        made, linear(values.transpose(1, 2)).transpose(1, 2), rtol=0, atol=1e-6
    )


@settings(max_examples=200)
@given(
    padding=st.sampled_from(PADDINGS),
    kernel_size=st.integers(1, 6),
    dilation=st.integers(1, 4),
    stride=st.integers(1, 3),
    groups=st.sampled_from([1, 2]),
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    extra=st.integers(0, 9),
    garbage=st.sampled_from(GARBAGE),
    seed=st.integers(0, 2**31),
)
def test_texts_of_a_batch_are_convolved_as_if_alone(
    padding: str,
    kernel_size: int,
    dilation: int,
    stride: int,
    groups: int,
    lengths: list[int],
    extra: int,
    garbage: float,
    seed: int,
) -> None:
    layer = Convolution(
        2, 4, kernel_size, padding=padding, dilation=dilation, stride=stride, groups=groups
    )
    texts = [randn(2, length, seed=seed + row) for row, length in enumerate(lengths)]
    made = layer(batch_of(texts, extra, garbage))
    expected = [convolve_alone(text, layer) for text in texts]
    assert made.lengths.tolist() == [alone.shape[1] for alone in expected]
    assert torch.equal(layer.positions(torch.tensor(lengths)), made.lengths)
    for got, alone in zip(own(made), expected, strict=True):
        torch.testing.assert_close(got, alone, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("garbage", GARBAGE)
@pytest.mark.parametrize("padding", PADDINGS)
def test_garbage_behind_texts_gets_no_gradient_and_spoils_none(
    padding: str, garbage: float
) -> None:
    layer = Convolution(2, 3, 4, padding=padding)
    texts = batch_of([randn(2, length, seed=length) for length in (5, 1, 3)], 2, garbage)
    texts.values.requires_grad_()
    torch.cat(own(layer(texts)), dim=1).square().sum().backward()
    assert texts.values.grad is not None
    assert layer.weight.grad is not None
    assert texts.values.grad.isfinite().all()
    assert texts.values.grad.masked_select(texts.outside).count_nonzero() == 0
    assert layer.weight.grad.isfinite().all()


@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 2**31))
def test_full_convolution_with_the_flipped_kernel_commutes(
    length: int, kernel_size: int, seed: int
) -> None:
    text, kernel = randn(1, 1, length, seed=seed), randn(1, 1, kernel_size, seed=seed + 1)

    def convolve(one: Tensor, other: Tensor) -> Tensor:
        layer = layer_of(other.flip(2).tolist(), padding="full")
        return own(layer(batch_of([one[0]], extra=2)))[0]

    torch.testing.assert_close(convolve(text, kernel), convolve(kernel, text))


@given(st.integers(1, 9), st.integers(1, 6), st.integers(1, 3), st.integers(0, 9))
def test_circular_convolution_of_a_rolled_text_is_rolled(
    length: int, kernel_size: int, dilation: int, shift: int
) -> None:
    layer = Convolution(2, 3, kernel_size, padding="circular", dilation=dilation)
    text, mate = randn(2, length, seed=shift), randn(2, 9, seed=0)
    made, _ = own(layer(batch_of([text, mate])))
    rolled, _ = own(layer(batch_of([text.roll(shift, dims=1), mate])))
    torch.testing.assert_close(rolled, made.roll(shift, dims=1))


@pytest.mark.parametrize("padding", PADDINGS)
def test_channels_of_a_position_lie_side_by_side_in_memory(padding: str) -> None:
    layer = Convolution(32, 16, 3, padding=padding)
    # of small ones PyTorch makes another order, where it matters little
    made = layer(batch_of([randn(32, 500, seed=1), randn(32, 400, seed=2)])).values
    assert made.transpose(1, 2).is_contiguous()
    pooled = MaxPool(2, stride=2)(Features(made, torch.tensor([400, 300]))).values
    assert pooled.transpose(1, 2).is_contiguous()


CHANGE_THREADS = """
import torch
from textcnn.models.layers.convolution import Convolution
from textcnn.models.layers.features import Features

for channels in (4, 16, 64):
    for stride in (1, 2):
        for threads in (1, 2, 3, 1, 2, 4):
            torch.set_num_threads(threads)
            values = torch.randn(4, 32, channels).transpose(1, 2).requires_grad_()
            layer = Convolution(channels, 2 * channels, SIZE, stride=stride)
            layer(Features(values, torch.full((4,), 32))).values.square().sum().backward()
"""


@pytest.mark.parametrize("kernel_size", [1, 2, 3])
def test_the_number_of_threads_may_change_between_calls(kernel_size: int) -> None:
    # in a process of its own: where it may not, PyTorch crashes
    program = CHANGE_THREADS.replace("SIZE", str(kernel_size))
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize("lengths", [[9, 4, 6], [9, 4, 2]])
def test_windows_inside_every_text_are_the_same_whether_masked_or_not(lengths: list[int]) -> None:
    values = randn(3, 2, 9, seed=1).requires_grad_()
    layer = layer_of(randn(4, 2, 3, seed=2).tolist())
    pool = MaxPool(2, stride=2)
    found = []
    for finite in (True, False):
        read = Features(values, torch.tensor(lengths))._knowing(finite=finite)
        made = pool(layer(read)._knowing(finite=finite)).zeroed().values
        (gradient,) = torch.autograd.grad((made * randn(*made.shape, seed=3)).sum(), values)
        found.append((made, gradient))
    torch.testing.assert_close(*found)
