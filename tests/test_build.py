"""Models by name: what the schemas allow is built, other packages' encoders too."""

import re
import sys
from collections.abc import Callable
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_models import DCNN, MODELS, batch, build, text_of

from textcnn.config.model import NETWORK_SCHEMAS
from textcnn.config.model_keys import ACTIVATIONS, PADDINGS, POOLINGS, ModelConfig, NetworkConfig
from textcnn.errors import InputError
from textcnn.models.build import ENCODERS, build_model
from textcnn.models.layers import activations
from textcnn.models.layers.convolution import Convolution
from textcnn.models.layers.normalization import NORMALIZATIONS
from textcnn.models.layers.position import POSITIONS
from textcnn.models.summary import summarize

pytest_plugins = ("tiny_run",)  # one thread

TEXTS = [text_of(length) for length in (0, 1, 9)]
COMMON: dict[str, Any] = {"vocabulary_size": 12, "num_classes": 3, "embedding_dim": 4}
ENCODER = """
from torch import nn
from textcnn.models.layers.convolution import Convolution
from textcnn.models.encoders.encoder import Encoder
from textcnn.models.layers.field import ONE_TOKEN

class Wave(Encoder):
    def __init__(self, channels, *, num_filters, kernel_size=3):
        super().__init__()
        self.convolution = Convolution(channels, num_filters, kernel_size, padding="zeros")
        self.channels = (num_filters,)
        self.last_activation = "relu"

    def forward(self, features):
        return (self.convolution(features),)
"""
FIELDS = """
    def fields(self, field=ONE_TOKEN):
        return (self.convolution.field(field),)
"""
Install = Callable[[str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts a package with an encoder `wave` where Python finds what is installed."""

    def put(source: str) -> None:
        (tmp_path / "wave_encoder.py").write_text(source)
        told = tmp_path / "wave_encoder-1.0.dist-info"
        told.mkdir()
        (told / "METADATA").write_text("Metadata-Version: 2.1\nName: wave-encoder\nVersion: 1.0\n")
        (told / "entry_points.txt").write_text("[textcnn.encoders]\nwave = wave_encoder:Wave\n")
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "wave_encoder", raising=False)

    return put


def test_an_unknown_encoder_is_refused_in_one_line_with_those_that_there_are() -> None:
    with pytest.raises(InputError) as refused:
        build_model("wave", **COMMON)
    message = str(refused.value)
    assert message.startswith("model.name=wave: no such encoder; installed are multi_width, ")
    assert all(name in message for name in ENCODERS)
    assert "textcnn.encoders" in message
    assert "\n" not in message


def test_an_installed_packages_encoder_is_built_by_its_name(install: Install) -> None:
    install(ENCODER + FIELDS)
    model = build_model("wave", num_filters=6, pooling="mean", **COMMON).eval()
    assert type(model.encoder).__name__ == "Wave"
    assert model.receptive_field == 3
    together = model(*batch(TEXTS, padding=4))
    for text, logits in zip(TEXTS, together, strict=True):
        torch.testing.assert_close(model(*batch([text]))[0], logits, rtol=0, atol=1e-5)
    assert build_model("wave", num_filters=6, kernel_size=5, **COMMON).receptive_field == 5


def test_an_encoder_that_does_not_declare_its_field_is_trained_and_described(
    install: Install,
) -> None:
    install(ENCODER)
    model = build_model("wave", num_filters=6, **COMMON)
    model(*batch(TEXTS)).sum().backward()
    assert summarize(model, 9).field.size == 3  # as its features say
    with pytest.raises(InputError, match=r"Wave doesn't declare .* fields\(field\)"):
        _ = model.receptive_field


def test_an_unknown_encoder_is_refused_with_the_installed_ones_too(install: Install) -> None:
    install(ENCODER)
    with pytest.raises(InputError, match=r"transformer, (.*, )?wave; install"):
        build_model("wavelet", **COMMON)


def test_an_installed_encoder_cannot_take_the_place_of_textcnns_own(install: Install) -> None:
    install(ENCODER)
    assert type(build_model("bag", **COMMON).encoder).__module__ == "textcnn.models.encoders.bag"


def test_flatten_is_refused_with_an_encoder_that_does_not_say_its_positions(
    install: Install,
) -> None:
    install(ENCODER)
    with pytest.raises(
        InputError, match=re.escape("model=wave doesn't have; try model.pooling=max")
    ):
        build_model("wave", num_filters=6, pooling="flatten", max_positions=9, **COMMON)


def test_flatten_works_with_an_installed_encoder_that_says_its_positions(install: Install) -> None:
    install(ENCODER + "\n    def positions(self, lengths):\n        return (lengths,)\n")
    model = build_model("wave", num_filters=6, pooling="flatten", max_positions=9, **COMMON)
    assert model.head.in_features == 6 * 9
    assert model(*batch([text_of(12)])).shape == (1, 3)


def test_options_that_an_installed_encoder_does_not_take_are_refused(install: Install) -> None:
    install(ENCODER)
    with pytest.raises(InputError, match=r"wave doesn't accept them: .*'width'") as refused:
        build_model("wave", num_filters=6, width=3, **COMMON)
    assert str(refused.value).startswith("model.options={")


@pytest.mark.parametrize("part", [{"pooling": "flatten"}, {"position": "learned"}])
def test_what_needs_a_longest_text_is_refused_without_one(part: dict[str, str]) -> None:
    with pytest.raises(InputError, match=r"set model.max_positions or text.max_length"):
        build("multi_width", max_positions=None, **part)


def test_flatten_with_dynamic_k_is_refused() -> None:
    with pytest.raises(InputError, match="depends only on a text's length"):
        build("dcnn", pooling="flatten")


def test_rows_that_cannot_be_folded_are_refused_whatever_else_tells_of_positions() -> None:
    for position, dim in [("none", 7), ("ramp", 8)]:
        with pytest.raises(InputError, match="halves the rows"):
            build_model(**COMMON | DCNN | {"embedding_dim": dim, "position": position})


def test_init_std_draws_weights_and_leaves_biases_and_normalizations() -> None:
    torch.manual_seed(0)
    parts = {"depth": 9, "num_filters": 8, "hidden_sizes": (64,), "init_std": 0.02}
    model = build_model("vdcnn", **COMMON | parts)
    for name, parameter in model.named_parameters():
        if name.startswith("embedding"):
            assert parameter.abs().max() > 0.2  # Kim's distribution, as ever
        elif name.endswith("bias"):
            assert parameter.count_nonzero() == 0
        elif ".norms." in name:
            assert (parameter == 1).all()
    drawn = torch.cat([layer.weight.flatten() for layer in convolutions(model)])
    assert drawn.std().item() == pytest.approx(0.02, rel=0.05)
    assert drawn.mean().item() == pytest.approx(0.0, abs=0.001)
    assert drawn.abs().max() > 0.06  # normal, not uniform


def convolutions(model: torch.nn.Module) -> list[Convolution]:
    return [layer for layer in model.modules() if isinstance(layer, Convolution)]


def test_max_norm_cuts_the_weights_of_a_class_to_that_norm() -> None:
    model = build("multi_width", max_norm=3.0)
    with torch.no_grad():
        model.head.weight.zero_()
        model.head.weight[0, :2] = torch.tensor([3.0, 4.0])
        model.head.weight[1, 0] = 3.0
        model.head.weight[2, 0] = 0.5
    model.limit_norms()
    # 5 is cut to 3, in the same direction; what is no longer stays as it is
    torch.testing.assert_close(model.head.weight[0, :2], torch.tensor([1.8, 2.4]))
    assert model.head.weight[:, 0].tolist()[1:] == [3.0, 0.5]
    assert model.head.weight.norm(dim=1).tolist() == pytest.approx([3.0, 3.0, 0.5])


def test_without_max_norm_weights_are_not_cut() -> None:
    model = build("multi_width")
    with torch.no_grad():
        model.head.weight.fill_(100.0)
    model.limit_norms()
    assert (model.head.weight == 100.0).all()


def test_hidden_layers_have_a_relu_and_dropout_between_them() -> None:
    model = build("multi_width", hidden_sizes=(7, 5), dropout=0.4)
    kinds = [type(layer).__name__ for layer in model.hidden]
    assert kinds == ["Linear", "ReLU", "Dropout", "Linear", "ReLU"]
    linear = [layer for layer in model.hidden if isinstance(layer, torch.nn.Linear)]
    assert [layer.out_features for layer in linear] == [7, 5]
    assert all(one.out_features == two.in_features for one, two in pairwise([*linear, model.head]))


def test_the_schemas_choices_are_what_there_is() -> None:
    assert set(ACTIVATIONS) == set(activations.ACTIVATIONS)
    assert set(NETWORK_SCHEMAS) == {*ENCODERS, "installed"}
    assert {settings["name"] for settings in MODELS.values()} == set(ENCODERS)  # the invariants
    assert set(choices(NetworkConfig, "position")) == set(POSITIONS)
    assert set(choices(NETWORK_SCHEMAS["vdcnn"], "normalization")) == set(NORMALIZATIONS)
    assert set(choices(NETWORK_SCHEMAS["dilated"], "normalization")) == {*NORMALIZATIONS, "weight"}


def choices(schema: type, name: str) -> tuple[Any, ...]:
    entry = next(entry for entry in fields(schema) if entry.name == name)
    taken: tuple[Any, ...] = entry.metadata["limits"]["choices"]
    return taken


CHOICES = [
    (name, entry.name, choice)
    for name in {MODELS[name]["name"]: name for name in reversed(MODELS)}.values()
    for entry in fields(NETWORK_SCHEMAS[MODELS[name]["name"]])
    for choice in entry.metadata["limits"].get("choices", [])
    if entry.name not in {shared.name for shared in fields(ModelConfig)}
]


@pytest.mark.parametrize(("name", "part", "choice"), CHOICES)
def test_every_choice_of_a_schema_is_built_and_works_or_is_refused(
    name: str, part: str, choice: Any
) -> None:
    schema = NETWORK_SCHEMAS[MODELS[name]["name"]]
    refused = {"padding": schema.refused_padding, "pooling": schema.refused_pooling}
    if choice in refused.get(part, {}):
        return
    rows = {"add_row_pairs": False} if choice == "onehot" and name == "dcnn" else {}
    with torch.no_grad():
        assert build(name, **{part: choice}, **rows)(*batch(TEXTS)).shape == (3, 3)


def test_refused_combinations_name_one_that_is_allowed() -> None:
    for schema in NETWORK_SCHEMAS.values():
        for refused, known in [
            (schema.refused_padding, PADDINGS),
            (schema.refused_pooling, POOLINGS),
        ]:
            assert set(refused) <= set(known)
            assert all(to in known and to not in refused for _, to in refused.values())


@pytest.mark.parametrize("name", sorted(ENCODERS))
def test_every_encoder_takes_the_settings_of_its_schema(name: str) -> None:
    """As they are by default: a key that an encoder doesn't know would raise."""
    config = NETWORK_SCHEMAS[name](name=name)
    with torch.device("meta"):
        model = build_model(vocabulary_size=72, num_classes=3, **config.settings(1014))
    assert type(model.encoder) is ENCODERS[name]
