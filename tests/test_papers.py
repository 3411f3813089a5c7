"""The presets of papers have the papers' numbers: of parameters, positions, layers, tokens seen."""

from collections.abc import Iterator

import hydra
import pytest
import torch
from omegaconf import OmegaConf
from torch import nn

from textcnn.config.check import check
from textcnn.config.schemas import register_schemas
from textcnn.models.build import build_model
from textcnn.models.classifier import TextCNN
from textcnn.models.layers.convolution import Convolution

pytest_plugins = ("tiny_run",)  # one thread

ALPHABET = 70  # characters of Zhang 2015
SPECIALS = 2  # padding and unknown tokens
CLASSES = 4


@pytest.fixture(autouse=True)
def _configs() -> Iterator[None]:
    register_schemas()
    with hydra.initialize_config_module("textcnn.configs", version_base="1.3"):
        yield


def preset(name: str, *overrides: str, tokens: int = ALPHABET) -> TextCNN:
    """The model of a preset, its weights without memory."""
    config = OmegaConf.to_object(hydra.compose("train", [f"model={name}", *overrides]))
    check(config)
    with torch.device("meta"):
        return build_model(
            vocabulary_size=tokens + SPECIALS,
            num_classes=CLASSES,
            **config.model.settings(config.text.max_length),  # type: ignore[union-attr]
        )


def count(*modules: nn.Module) -> int:
    return sum(parameter.numel() for module in modules for parameter in module.parameters())


def shapes(module: nn.Module, kind: type[nn.Module]) -> list[tuple[int, ...]]:
    """Of the weights of all such layers, in their order."""
    layers = [layer for layer in module.modules() if isinstance(layer, kind)]
    return [tuple(layer.weight.shape) for layer in layers]  # type: ignore[arg-type]


def test_kims_cnn_has_three_widths_of_100_filters_and_the_parameters_counted_by_hand() -> None:
    model = preset("kim2014", tokens=1000)
    assert shapes(model, Convolution) == [(100, 300, 3), (100, 300, 4), (100, 300, 5)]
    filters = 100 * (300 * 3 + 1) + 100 * (300 * 4 + 1) + 100 * (300 * 5 + 1)
    assert count(model) == 1002 * 300 + filters + CLASSES * (300 + 1) == 662_104
    assert model.max_norm == 3.0
    assert model.dropout.p == 0.5
    assert model.receptive_field == 5


@pytest.mark.parametrize(
    ("name", "filters", "flat", "hidden"),
    [("char_cnn", 256, 8_704, 1024), ("char_cnn_large", 1024, 34_816, 2048)],
)
def test_zhangs_char_cnn_has_34_frames_and_the_parameters_counted_by_hand(
    name: str, filters: int, flat: int, hidden: int
) -> None:
    model = preset(name)
    (frames,) = model.encoder.positions(torch.tensor(1014))
    assert int(frames) == 34  # (1014 - 96) / 27, where the paper's l6 is
    assert 34 * filters == flat
    assert shapes(model, nn.Linear) == [(hidden, flat), (hidden, hidden), (CLASSES, hidden)]
    first = filters * (ALPHABET * 7 + 1)
    convolutions = first + filters * (filters * 7 + 1) + 4 * filters * (filters * 3 + 1)
    assert count(model.encoder) == convolutions
    linear = hidden * (flat + 1) + hidden * (hidden + 1) + CLASSES * (hidden + 1)
    assert count(model) == convolutions + linear
    assert (model.receptive_field, model.stride) == (123, 27)


def test_of_longer_texts_zhangs_char_cnn_reads_1014_characters() -> None:
    model = preset("char_cnn")
    ids = torch.ones(2, 2000, dtype=torch.int64, device="meta")
    lengths = torch.tensor([2000, 1014], device="meta")
    assert model.embed(ids, lengths).values.shape == (2, ALPHABET, 1014)


@pytest.mark.parametrize(
    ("name", "depth", "field"),
    [("vdcnn", 9, 77), ("vdcnn17", 17, 137), ("vdcnn29", 29, 173), ("vdcnn49", 49, 289)],
)
def test_conneaus_vdcnn_has_as_many_convolutions_as_its_name_says(
    name: str, depth: int, field: int
) -> None:
    model = preset(name)
    kernels = shapes(model.encoder, Convolution)
    assert len(kernels) == depth
    assert kernels[0] == (64, 16, 3)
    assert {filters for filters, _, _ in kernels} == {64, 128, 256, 512}
    # the paper's table: convolutions on each level, the first one of all not among them
    table = {9: (2, 2, 2, 2), 17: (4, 4, 4, 4), 29: (10, 10, 4, 4), 49: (16, 16, 10, 6)}[depth]
    levels = [sum(kernel[0] == 64 * 2**level for kernel in kernels[1:]) for level in range(4)]
    assert tuple(levels) == table
    assert shapes(model, nn.Linear) == [(2048, 4096), (2048, 2048), (CLASSES, 2048)]
    assert (model.receptive_field, model.stride) == (field, 8)
    (left,) = model.encoder.positions(torch.tensor(1024))
    assert int(left) == 1024 / 8


@pytest.mark.parametrize("depth", [9, 17, 29, 49])
@pytest.mark.parametrize("shortcut", [False, True])
def test_shortcuts_of_vdcnn_add_a_convolution_where_filters_change(
    depth: int, shortcut: bool
) -> None:
    model = preset("vdcnn", f"model.depth={depth}", f"model.shortcut={shortcut}")
    wide = [kernel for kernel in shapes(model.encoder, Convolution) if kernel[2] == 3]
    narrow = [kernel for kernel in shapes(model.encoder, Convolution) if kernel[2] == 1]
    assert len(wide) == depth
    assert narrow == ([(128, 64, 1), (256, 128, 1), (512, 256, 1)] if shortcut else [])


@pytest.mark.parametrize("halving", ["max", "kmax", "convolution"])
@pytest.mark.parametrize("shortcut", [False, True])
@pytest.mark.parametrize("depth", [9, 17, 29, 49])
def test_every_convolution_of_vdcnn_is_on_the_path(
    depth: int, shortcut: bool, halving: str
) -> None:
    torch.manual_seed(0)
    model = build_model(
        "vdcnn",
        vocabulary_size=20,
        num_classes=2,
        embedding_dim=4,
        depth=depth,
        num_filters=4,
        shortcut=shortcut,
        halving=halving,
    )
    ids = torch.randint(1, 20, (4, 64))
    model(ids, torch.full((4,), 64)).square().sum().backward()
    layers = [layer for layer in model.modules() if isinstance(layer, Convolution)]
    assert len(layers) == depth + (3 if shortcut else 0)
    for layer in layers:
        assert layer.weight.grad is not None
        assert layer.weight.grad.abs().sum() > 0


def test_johnsons_dpcnn_has_15_weight_layers_of_250_filters() -> None:
    model = preset("dpcnn")
    kernels = shapes(model.encoder, Convolution)
    assert kernels == [(250, 64, 3)] + 14 * [(250, 250, 3)]
    assert count(model.encoder) == 250 * (64 * 3 + 1) + 14 * 250 * (250 * 3 + 1)
    assert model.stride == 2**6  # a pool before each block but the first
    (left,) = model.encoder.positions(torch.tensor(256))
    assert int(left) == 256 / 2**6


def test_kalchbrenners_dcnn_halves_48_rows_twice_and_keeps_4_positions_of_14_maps() -> None:
    model = preset("dcnn")
    # 48 rows of 6 filters over one map; folded, 24 rows of 14 filters over 6 maps
    assert shapes(model.encoder, Convolution) == [(48 * 6, 1, 7), (24 * 14, 6, 5)]
    assert model.encoder.channels == (12 * 14,)
    assert shapes(model, nn.Linear) == [(CLASSES, 4 * 12 * 14)]
    assert count(model.encoder) == 48 * 6 * (7 + 1) + 24 * 14 * (6 * 5 + 1)
    assert model.receptive_field is None


def test_bais_tcn_has_two_causal_convolutions_in_each_of_4_blocks() -> None:
    model = preset("tcn")
    project, *kernels = [m for m in model.encoder.modules() if isinstance(m, Convolution)]
    assert project.kernel_size == 1
    assert len(kernels) == 2 * 4
    assert {kernel.padding for kernel in kernels} == {"causal"}
    # a normalized kernel is its direction, and a length for each filter
    directions = 8 * (64 * 64 * 3 + 64 + 64)
    assert count(model.encoder) == 64 * (64 + 1) + directions
    assert model.receptive_field == 1 + 2 * (3 - 1) * (2**4 - 1) == 61
    assert model.field.start == -60


def test_strubells_id_cnn_sees_31_tokens_with_the_weights_of_3() -> None:
    model = preset("id_cnn")
    assert shapes(model.encoder, Convolution) == [(64, 64, 1), (64, 64, 3)]
    assert model.receptive_field == preset("dilated").receptive_field == 31


def test_gehrings_encoder_sees_25_tokens_and_makes_a_gate_for_each_filter() -> None:
    model = preset("gated", "model.depth=6", "model.max_positions=100")
    assert shapes(model.encoder, Convolution) == [(64, 64, 1)] + 6 * [(128, 64, 5)]
    assert model.receptive_field == 25
    assert preset("gated").receptive_field == 13  # a smaller one: 3 layers


def test_lins_perceptron_sees_one_token() -> None:
    assert preset("nin").receptive_field == preset("bag").receptive_field == 1
