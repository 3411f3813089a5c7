"""The summary of a model adds up to the model, with work and shapes counted by hand."""

import json

import pytest
import torch
from tiny_models import MODELS, WITH_VECTORS, batch, build, text_of

from textcnn.models.build import build_model
from textcnn.models.classifier import TextCNN
from textcnn.models.layers.convolution import Convolution
from textcnn.models.summary import Layer, summarize, summary_rows

pytest_plugins = ("tiny_run",)  # one thread

every_model = pytest.mark.parametrize("name", MODELS)


def table(model: TextCNN, tokens: int) -> dict[str, Layer]:
    return {layer.name: layer for layer in summarize(model, tokens).layers}


@every_model
@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"pooling": "attention", "position": "learned", "hidden_sizes": (5, 4)},
        {"embedding": "multichannel"},
    ],
    ids=["plain", "with everything", "multichannel"],
)
def test_parameters_of_the_layers_add_up_to_the_models(name: str, parts: dict[str, object]) -> None:
    model = build(name, **parts)
    summary = summarize(model, 15)
    counted = sum(parameter.numel() for parameter in model.parameters())
    assert sum(layer.parameters for layer in summary.layers) == summary.parameters == counted
    learned = sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert summary.trained == learned
    fixed = parts.get("embedding") == "multichannel" and name in WITH_VECTORS
    assert (learned < counted) == fixed


@every_model
def test_the_last_layers_before_the_pooling_see_what_the_model_sees(name: str) -> None:
    model = build(name)
    summary = summarize(model, 15)
    before = [layer for layer in summary.layers if layer.field is not None]
    maps = before[-len(model.encoder.channels) :]
    assert model.field in [layer.field for layer in maps]
    assert summary.field == model.field


@every_model
def test_shapes_are_those_of_the_features_and_of_what_is_pooled(name: str) -> None:
    model = build(name, hidden_sizes=(5,))
    summary = summarize(model, 15)
    trace = model.eval().activations(*batch([text_of(15)]))
    first, *_, pooling, hidden, head = summary.layers
    assert first.name == "embedding"
    assert first.shape == (model.embedding.dim, 15)
    assert pooling.shape == tuple(trace.pooled.shape[1:])
    assert (hidden.shape, head.shape) == ((5,), (3,))
    maps = summary.layers[-3 - len(trace.features) : -3]
    # gates and folding, which are no layers by themselves, leave half of what convolutions make
    halved = 2 if name in ("gated", "dcnn") else 1
    expected = [(halved * f.shape[1], f.shape[2]) for f in trace.features]
    assert [layer.shape for layer in maps] == expected


@every_model
def test_a_model_is_left_as_it_was(name: str) -> None:
    for training in (True, False):
        model = build(name).train(training)
        before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
        summarize(model, 15)
        assert all(module.training == training for module in model.modules())
        assert all(torch.equal(before[key], now) for key, now in model.state_dict().items())
        assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_hooks_are_removed_when_the_model_fails() -> None:
    model = build("multi_width").train()
    last = [layer for layer in model.modules() if isinstance(layer, Convolution)][-1]
    last.weight = torch.nn.Parameter(torch.zeros(4, 99, 3))  # of as many channels as there aren't
    with pytest.raises(RuntimeError):
        summarize(model, 15)
    assert model.training
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_work_of_a_multi_width_cnn_is_that_counted_by_hand() -> None:
    model = build_model(
        "multi_width",
        vocabulary_size=10,
        num_classes=3,
        embedding_dim=4,
        kernel_sizes=(2, 3),
        num_filters=5,
    )
    rows = table(model, 7)
    two, three = rows["encoder.convolutions.0"], rows["encoder.convolutions.1"]
    assert (two.shape, three.shape) == ((5, 6), (5, 5))  # windows of 2 and of 3 in 7 tokens
    assert two.multiply_adds == 6 * 5 * 4 * 2
    assert three.multiply_adds == 5 * 5 * 4 * 3
    assert rows["head"].multiply_adds == 10 * 3
    assert rows["embedding"].multiply_adds == rows["pooling"].multiply_adds == 0
    assert summarize(model, 7).multiply_adds == round((240 + 300 + 30) / 7)
    assert [rows[name].parameters for name in rows] == [40, 45, 65, 0, 33]


def test_work_of_a_char_cnn_is_that_counted_by_hand() -> None:
    model = build_model(
        "char_cnn",
        vocabulary_size=10,
        num_classes=2,
        embedding_dim=4,
        kernel_sizes=(3, 2),
        pool_sizes=(2, 1),
        num_filters=5,
        pooling="flatten",
        max_positions=12,
        hidden_sizes=(6,),
    )
    rows = table(model, 12)
    # 10 windows, 5 after the pool, 4 windows
    convolutions = [layer for layer in rows.values() if layer.name.endswith("convolution")]
    assert [layer.shape for layer in convolutions] == [(5, 10), (5, 4)]
    assert [layer.multiply_adds for layer in convolutions] == [10 * 5 * 4 * 3, 4 * 5 * 5 * 2]
    assert rows["encoder.blocks.0.pool"].shape == (5, 5)
    assert rows["pooling"].shape == (20,)
    assert [rows[name].multiply_adds for name in ("hidden.0", "head")] == [20 * 6, 6 * 2]
    seen = [layer.field.size for layer in rows.values() if layer.field is not None]
    assert seen == [1, 3, 4, 6]


def test_weights_that_are_used_again_are_counted_once_and_work_every_time() -> None:
    summary = summarize(build("dilated, shared weights"), 10)
    rows = [layer for layer in summary.layers if layer.name.startswith("encoder.blocks")]
    assert [layer.parameters for layer in rows] == [4 * (4 * 3 + 1), 0, 0]
    assert [layer.multiply_adds for layer in rows] == [10 * 4 * 4 * 3] * 3
    assert [layer.field.size for layer in rows if layer.field is not None] == [3, 7, 15]


def test_the_length_of_a_normalized_kernel_is_no_work() -> None:
    plain, normalized = (summarize(build(n), 10) for n in ("dilated", "dilated, weight norm"))
    assert normalized.multiply_adds == plain.multiply_adds
    assert normalized.parameters == plain.parameters + 3 * 4


def test_a_ramp_is_a_channel_of_the_position_not_of_the_embedding() -> None:
    rows = table(build("multi_width", position="ramp"), 7)
    assert rows["embedding"].shape == (8, 7)
    assert rows["position"].shape == (9, 7)


@pytest.mark.parametrize(("asked", "sent"), [(0, 1), (7, 7), (5000, 1024)])
def test_texts_sent_through_have_between_1_and_1024_tokens(asked: int, sent: int) -> None:
    summary = summarize(build("multi_width"), asked)
    assert summary.tokens == sent
    assert summary.layers[0].shape == (8, sent)


@every_model
def test_a_summary_is_json_and_a_table_with_a_row_for_each_layer(name: str) -> None:
    summary = summarize(build(name), 15)
    data = json.loads(json.dumps(summary.as_json()))
    assert data["receptive_field"] == summary.field.size
    assert len(data["layers"]) == len(summary.layers)
    rows = summary_rows(summary)
    assert len(rows) == 1 + len(summary.layers) + 1
    assert {len(row) for row in rows} == {6}
