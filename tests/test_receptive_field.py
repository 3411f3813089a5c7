"""The receptive field that a model reports is the one that gradients measure."""

from typing import Any

import pytest
import torch
from tiny_models import MODELS, batch, build, text_of
from torch import Tensor

from textcnn.models.build import ENCODERS
from textcnn.models.encoders.encoder import Encoder
from textcnn.models.layers.features import Features
from textcnn.models.layers.field import Field

pytest_plugins = ("tiny_run",)  # one thread

CHANNELS = 4
SLOPE = {"activation": "leaky_relu"}  # whose gradient is never 0
CHAR_CNN = {"kernel_sizes": (7, 7, 3, 3, 3, 3), "pool_sizes": (3, 3, 1, 1, 1, 3)}
SMALL: dict[str, Any] = {"num_filters": 3}


def encoder(name: str, **settings: Any) -> Encoder:
    """In float64, where the smallest gradients are not 0 yet; with weights so large that deep in it
    different texts are still told apart."""
    torch.manual_seed(0)
    model = ENCODERS[name](CHANNELS, **settings).double().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(2 if parameter.dim() > 1 else 1)
    return model


def fields(model: Encoder) -> list[Field]:
    with torch.no_grad():
        one = Features(torch.zeros(1, CHANNELS, 1).double(), torch.tensor([1]))
        return [map.field for map in model(one)]


def seen(model: Encoder, map: int, position: int, time: int, draws: int = 96) -> list[int]:
    """Tokens with a gradient from one feature, in any of many random texts: of each of them
    alone, max pooling lets only the winners through."""
    values = torch.randn(draws, CHANNELS, time).double().requires_grad_()
    features = model(Features(values, torch.full((draws,), time)))[map].values
    (gradient,) = torch.autograd.grad(features[:, :, position].sum(), values)
    tokens: list[int] = gradient.abs().amax(dim=(0, 1)).nonzero().flatten().tolist()
    return tokens


def assert_field(model: Encoder, size: int, stride: int = 1) -> None:
    """Of the map that sees most; every map's is measured behind two neighbouring features."""
    all_fields = fields(model)
    largest = max(all_fields, key=lambda field: field.size or 0)
    assert (largest.size, largest.stride) == (size, stride)
    for map, field in enumerate(all_fields):
        assert field.size is not None
        first = -(field.start // field.stride)  # whose window begins inside the text
        for position in (first, first + 1):
            begin = position * field.stride + field.start
            end = begin + field.size
            tokens = seen(model, map, position, time=end + 3 * field.stride + field.size)
            assert (tokens[0], tokens[-1]) == (begin, end - 1)


@pytest.mark.parametrize("padding", ["valid", "zeros", "reflect", "full", "causal"])
@pytest.mark.parametrize("kernel_sizes", [(1,), (3, 4, 5), (5, 2), (4, 4)])
def test_multi_width_sees_its_widest_kernel(kernel_sizes: tuple[int, ...], padding: str) -> None:
    model = encoder("multi_width", kernel_sizes=kernel_sizes, padding=padding, **SMALL)
    assert [field.size for field in fields(model)] == list(kernel_sizes)
    assert_field(model, max(kernel_sizes))


def test_the_papers_char_cnn_sees_123_characters_27_apart() -> None:
    assert_field(encoder("char_cnn", **CHAR_CNN, **SMALL, **SLOPE), 123, stride=27)


@pytest.mark.parametrize(
    ("kernel_sizes", "pool_sizes", "padding", "size", "stride"),
    [
        ((3,), (1,), "zeros", 3, 1),
        ((3,), (4,), "valid", 6, 4),  # 4 windows of 3 tokens, one after the other
        ((2, 2), (2, 2), "full", 7, 4),  # 2 + 1; 2 apart: + 2; the same: + 2
        ((5, 4), (3, 1), "causal", 16, 3),  # 5 + 2; 3 apart: + 9
    ],
)
def test_char_cnn_sees_what_is_counted_by_hand(
    kernel_sizes: tuple[int, ...], pool_sizes: tuple[int, ...], padding: str, size: int, stride: int
) -> None:
    parts = {"kernel_sizes": kernel_sizes, "pool_sizes": pool_sizes, "padding": padding}
    assert_field(encoder("char_cnn", **parts, **SMALL, **SLOPE), size, stride)


@pytest.mark.parametrize("padding", ["zeros", "circular", "causal"])
@pytest.mark.parametrize("share_weights", [False, True])
def test_dilations_1_2_4_8_see_31_tokens(share_weights: bool, padding: str) -> None:
    shared = {"share_weights": share_weights, "padding": padding}
    model = encoder("dilated", kernel_size=3, dilations=(1, 2, 4, 8), **shared, **SMALL)
    assert_field(model, 31)


@pytest.mark.parametrize("kernel_size", [2, 3, 4])
@pytest.mark.parametrize("n", [1, 2, 3, 4])
@pytest.mark.parametrize("normalization", ["none", "weight"])
def test_tcn_sees_2_kernels_less_1_for_each_dilation(
    kernel_size: int, n: int, normalization: str
) -> None:
    """1 + 2 (k - 1) (2^n - 1), of n blocks of two causal convolutions."""
    model = encoder(
        "dilated",
        kernel_size=kernel_size,
        dilations=[2**level for level in range(n)],
        convolutions=2,
        normalization=normalization,
        padding="causal",
        **SMALL,
        **SLOPE,
    )
    (field,) = fields(model)
    assert field.start == 1 - (field.size or 0)  # the last token behind a feature is its own
    assert_field(model, 1 + 2 * (kernel_size - 1) * (2**n - 1))


@pytest.mark.parametrize(("kernel_size", "iterations", "size"), [(3, 2, 29), (4, 1, 22), (1, 3, 1)])
def test_every_iteration_of_dilations_1_2_4_sees_as_much_more(
    kernel_size: int, iterations: int, size: int
) -> None:
    parts = {"kernel_size": kernel_size, "iterations": iterations, "dilations": (1, 2, 4)}
    assert_field(encoder("dilated", **parts, **SMALL, **SLOPE), size)


@pytest.mark.parametrize(("depth", "size"), [(9, 77), (17, 137), (29, 173), (49, 289)])
def test_vdcnn_sees_as_many_characters_as_its_depth_gives_8_apart(depth: int, size: int) -> None:
    assert_field(encoder("vdcnn", depth=depth, num_filters=2, **SLOPE), size, stride=8)


@pytest.mark.parametrize("padding", ["zeros", "causal"])
@pytest.mark.parametrize("shortcut", [False, True])
def test_vdcnn_9_with_strided_convolutions_sees_49_characters(shortcut: bool, padding: str) -> None:
    # strided ones read in the steps before them: 4 in steps of 1, 2 of 2, 2 of 4, 1 of 8
    assert 1 + 2 * (4 * 1 + 2 * 2 + 2 * 4 + 1 * 8) == 49
    parts = {"depth": 9, "num_filters": 2, "halving": "convolution", "padding": padding}
    assert_field(encoder("vdcnn", shortcut=shortcut, **parts, **SLOPE), 49, stride=8)


@pytest.mark.parametrize(
    ("depth", "region_size", "kernel_size", "size"),
    [
        (1, 3, 3, 7),  # a region of 3, two convolutions of 3
        (2, 3, 3, 17),  # a pool of 3: + 2; 2 apart, two convolutions: + 8
        (3, 5, 2, 5 + 2 + 2 + 4 + 4 + 8),  # steps of 1, 2 and 4
    ],
)
def test_dpcnn_sees_what_is_counted_by_hand(
    depth: int, region_size: int, kernel_size: int, size: int
) -> None:
    parts = {"depth": depth, "region_size": region_size, "kernel_size": kernel_size}
    assert_field(encoder("dpcnn", **parts, **SMALL, **SLOPE), size, stride=2 ** (depth - 1))


@pytest.mark.parametrize(("depth", "kernel_size", "size"), [(6, 5, 25), (1, 3, 3), (3, 2, 4)])
def test_gated_layers_see_their_kernels_one_after_the_other(
    depth: int, kernel_size: int, size: int
) -> None:
    assert_field(encoder("gated", depth=depth, kernel_size=kernel_size, **SMALL), size)


def test_nin_and_bag_see_one_token() -> None:
    assert_field(encoder("nin", depth=3, **SMALL, **SLOPE), 1)
    assert_field(encoder("bag"), 1)


@pytest.mark.parametrize("name", MODELS)
def test_a_classifier_reports_the_field_of_its_features(name: str) -> None:
    model = build(name)
    reported = {field.size for field in model.activations(*batch([text_of(9)])).fields}
    assert model.receptive_field == (None if None in reported else max(filter(None, reported)))


@pytest.mark.parametrize(
    "name",
    ["vdcnn, kmax", "vdcnn, kmax, shortcut", "dcnn", "dcnn, all rows", "lstm", "transformer"],
)
def test_models_that_report_no_field_see_the_whole_text(name: str) -> None:
    """By a change of each token: which positions k-max keeps has no gradient."""
    model = build(name).double().eval()
    assert model.receptive_field is None
    values = torch.randn(64, 8, 12).double()
    lengths = torch.full((64,), 12)

    def middle(of: Tensor) -> Tensor:
        (map,) = model.encoder(Features(of, lengths))
        return map.values[:, :, 1]

    for token in range(12):
        changed = values.clone()
        changed[:, :, token] += 3 * torch.randn(64, 8).double()
        assert not torch.allclose(middle(changed), middle(values))


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("dilated", {"kernel_size": 3, "dilations": (1, 2)}),
        ("dpcnn", {"depth": 3}),
        ("vdcnn", {"depth": 9, "halving": "max"}),
        ("vdcnn", {"depth": 9, "halving": "convolution"}),
        ("gated", {"depth": 2, "kernel_size": 3}),
    ],
)
def test_nothing_causal_sees_a_later_token(name: str, settings: dict[str, Any]) -> None:
    model = encoder(name, **SMALL | settings, padding="causal")
    (field,) = fields(model)
    assert field.size is not None
    assert field.start + field.size == 1  # the last token seen by feature 0 is token 0
    position = 4
    assert seen(model, 0, position, time=60)[-1] == position * field.stride
