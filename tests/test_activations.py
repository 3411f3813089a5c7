"""The intermediates of a forward pass are those of `forward`, for every model."""

from collections.abc import Iterator
from itertools import accumulate

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_models import (
    FRAME,
    IDS,
    MODELS,
    allowed,
    assert_forward_gives,
    batch,
    build,
    text_of,
)
from torch import Tensor

from textcnn.models.classifier import Activations, TextCNN
from textcnn.models.layers.activations import ACTIVATIONS

pytest_plugins = ("tiny_run",)  # one thread

TEXTS = [text_of(length, seed=length) for length in (0, 1, 2, 3, 17, FRAME + 11)]
every_model = pytest.mark.parametrize("name", MODELS)
every_pooling = pytest.mark.parametrize(
    ("name", "pooling"),
    [
        pytest.param(name, pooling, id=f"{name}-{pooling}")
        for name in MODELS
        for pooling in dict.fromkeys(parts["pooling"] for parts in allowed(name))
    ],
)


def maps(model: TextCNN, trace: Activations, pooled: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Of each map its features (batch, channels, positions) and what of `pooled`, (batch, pooled),
    is made of them, as (batch, channels, factor)."""
    factors = [int(part.factor) for part in model.poolings]  # type: ignore[arg-type]
    widths = [
        features.shape[1] * factor for features, factor in zip(trace.features, factors, strict=True)
    ]
    ends = accumulate(widths)
    for features, factor, width, end in zip(trace.features, factors, widths, ends, strict=True):
        yield features, pooled[:, end - width : end].unflatten(1, (-1, factor))


@every_pooling
def test_activations_are_those_of_forward(name: str, pooling: str) -> None:
    model = build(name, pooling=pooling, hidden_sizes=(5,)).eval()
    ids, lengths = batch(TEXTS, padding=4)
    for grad in (True, False):
        with torch.set_grad_enabled(grad):
            trace = model.activations(ids, lengths)
            assert_forward_gives(trace.logits, model, ids, lengths)
            assert torch.equal(trace.logits, model.head(model.hidden(trace.pooled)))
            assert len(trace.features) == len(trace.fields) == len(model.encoder.channels)


@every_model
@settings(max_examples=5)
@given(
    texts=st.lists(st.lists(st.integers(1, IDS - 1), max_size=9), min_size=1, max_size=4),
    padding=st.integers(0, 5),
)
def test_activations_of_any_texts_are_those_of_forward(
    name: str, texts: list[list[int]], padding: int
) -> None:
    model = build(name).eval()
    ids, lengths = batch(texts, padding)
    assert_forward_gives(model.activations(ids, lengths).logits, model, ids, lengths)


@every_pooling
def test_features_are_zero_beyond_a_texts_own_positions(name: str, pooling: str) -> None:
    """As many positions as the text alone has, which are the same."""
    model = build(name, pooling=pooling).eval()
    trace = model.activations(*batch(TEXTS, padding=6))
    assert trace.embedded.shape[0] == len(TEXTS)
    for row, text in enumerate(TEXTS):
        alone = model.activations(*batch([text]))
        time = alone.embedded.shape[1]
        assert trace.embedded[row, time:].count_nonzero() == 0
        torch.testing.assert_close(trace.embedded[row, :time], alone.embedded[0])
        for together, own in zip(trace.features, alone.features, strict=True):
            positions = own.shape[2]
            assert together[row, :, positions:].count_nonzero() == 0
            torch.testing.assert_close(together[row, :, :positions], own[0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", [name for name in MODELS if not name.startswith("dcnn")])
def test_maps_have_as_many_positions_as_the_encoder_says(name: str) -> None:
    model = build(name).eval()
    for length in [*range(1, 12), 30, 31, 32, 33]:
        trace = model.activations(*batch([text_of(length)]))
        said = model.encoder.positions(torch.tensor([length]))
        assert [features.shape[2] for features in trace.features] == [int(n) for n in said]


@every_pooling
def test_winners_are_the_positions_of_the_pooled_values(name: str, pooling: str) -> None:
    model = build(name, pooling=pooling).eval()
    trace = model.activations(*batch(TEXTS, padding=6))
    if pooling not in ("max", "kmax", "chunk_max"):
        assert trace.winners is None
        return
    assert trace.winners is not None
    assert trace.winners.shape == trace.pooled.shape
    for (features, winners), (_, pooled) in zip(
        maps(model, trace, trace.winners), maps(model, trace, trace.pooled), strict=True
    ):
        none = winners < 0
        assert torch.equal(features.gather(2, winners.clamp(min=0))[~none], pooled[~none])
        assert pooled[none].count_nonzero() == 0


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("pooling", ["max", "mean"])
def test_gradients_go_back_through_the_features(activation: str, pooling: str) -> None:
    model = build("multi_width", activation=activation, pooling=pooling)
    trace = model.activations(*batch(TEXTS))
    learned = [*model.encoder.parameters()]
    total = sum((features.sum() for features in trace.features), torch.zeros(()))
    assert all(gradient.abs().sum() > 0 for gradient in torch.autograd.grad(total, learned))
