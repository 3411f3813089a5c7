"""The fast way of `multi_width` against the plain one: outputs, gradients, when it is used."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_models import IDS, batch, build, text_of
from torch import Tensor

from textcnn.config.model_keys import PADDINGS
from textcnn.models.classifier import TextCNN
from textcnn.models.fast.choice import faster_way
from textcnn.models.fast.ngram_max import (
    distinct,
    max_pooled_convolutions,
    ngram_max,
    pool_ngrams,
)
from textcnn.models.layers.activations import MONOTONE
from textcnn.models.layers.convolution import Convolution
from textcnn.text.vocabulary import PADDING

pytest_plugins = ("tiny_run",)  # one thread

Gradients = dict[str, Tensor]
TEXTS = [text_of(length, seed=length) for length in (9, 0, 1, 2, 30, 4)]


def plainly(model: TextCNN, ids: Tensor, lengths: Tensor) -> Tensor:
    """The logits by embedding, encoder and pooling, the reference."""
    return model.classify(model.pool(model.encoder(model.embed(ids, lengths)))[0])


def fast(model: TextCNN, ids: Tensor, lengths: Tensor) -> Tensor:
    assert takes_ngrams(model, ids)
    logits: Tensor = model(ids, lengths)
    return logits


def takes_ngrams(model: TextCNN, ids: Tensor) -> bool:
    way = faster_way(model, ids)
    return isinstance(way, partial) and way.func is pool_ngrams


def run(
    way: Callable[[TextCNN, Tensor, Tensor], Tensor],
    model: TextCNN,
    ids: Tensor,
    lengths: Tensor,
) -> tuple[Tensor, Gradients]:
    """Logits, and the gradients of every weight for a loss that is different for each logit."""
    model.zero_grad()
    torch.manual_seed(1)  # what dropout draws
    logits = way(model, ids, lengths)
    (logits * torch.arange(1.0, logits.numel() + 1).view_as(logits).cos()).sum().backward()
    gradients = {
        name: weight.grad.to_dense()
        for name, weight in model.named_parameters()
        if weight.grad is not None
    }
    return logits.detach(), gradients


def assert_same(model: TextCNN, ids: Tensor, lengths: Tensor) -> None:
    logits, gradients = run(plainly, model, ids, lengths)
    fast_logits, fast_gradients = run(fast, model, ids, lengths)
    torch.testing.assert_close(fast_logits, logits, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(fast_gradients, gradients, atol=1e-5, rtol=1e-5)


@st.composite
def texts(draw: st.DrawFn) -> list[list[int]]:
    """Texts of few ids, so that windows come again, some empty or shorter than kernels."""
    token = st.integers(1, draw(st.integers(1, IDS - 1)))
    return draw(st.lists(st.lists(token, max_size=12), min_size=1, max_size=6))


@given(
    drawn=texts(),
    kernel_sizes=st.lists(st.integers(1, 7), min_size=1, max_size=4),
    num_filters=st.integers(1, 9),
    padding=st.sampled_from(PADDINGS),
    embedding=st.sampled_from(["random", "nonstatic", "static", "multichannel", "onehot"]),
    activation=st.sampled_from(sorted(MONOTONE)),
    word_dropout=st.sampled_from([0.0, 0.3]),
    extra=st.integers(0, 3),
)
def test_logits_and_all_gradients_are_those_of_the_plain_way(
    drawn: list[list[int]], extra: int, **settings: Any
) -> None:
    assert_same(build("multi_width", **settings).train(), *batch(drawn, extra))


@pytest.mark.parametrize("padding", PADDINGS)
def test_so_they_are_for_texts_of_very_different_lengths(padding: str) -> None:
    assert_same(build("multi_width, wide", padding=padding), *batch(TEXTS))


@pytest.mark.parametrize("limits", [{"at_once": 250}, {"largest_table": 10}])
def test_so_they_are_a_few_texts_or_one_width_at_a_time(limits: dict[str, int]) -> None:
    def limited(model: TextCNN, ids: Tensor, lengths: Tensor) -> Tensor:
        tokens, places = distinct(ids, IDS)
        convolutions = max_pooled_convolutions(model)
        vectors = model.embedding.distinct(tokens)
        maxima = ngram_max(vectors, places, lengths.clamp(min=1), convolutions, **limits)
        return model.classify(maxima.relu())

    model = build("multi_width")
    texts = batch([text_of(20, seed) for seed in range(9)])
    for ours, plain in zip(run(limited, model, *texts), run(plainly, model, *texts), strict=True):
        torch.testing.assert_close(ours, plain, atol=1e-5, rtol=1e-5)


def test_so_they_are_with_more_tokens_than_numpy_sorts_by_radix() -> None:
    many = 2**15 + 10
    model = build("multi_width", vocabulary_size=many + 1, embedding_dim=2)
    ids = torch.randperm(many, generator=torch.Generator().manual_seed(0))[None] + 1
    assert_same(model, ids, torch.tensor([many]))


def test_so_they_are_with_dropout_behind_the_pooling() -> None:
    """Filters that are dropped have no gradient, and are left out of the sums."""
    assert_same(build("multi_width", dropout=0.5).train(), *batch(TEXTS))


@pytest.mark.parametrize("padding", PADDINGS)
def test_gradients_are_those_of_finite_differences(padding: str) -> None:
    torch.manual_seed(0)
    ids, lengths = batch([[3, 1, 2, 3, 5], [4], [], [2, 1]])
    tokens, places = distinct(ids, 6)
    convolutions = [Convolution(2, 3, size, padding=padding).double() for size in (1, 2, 4)]
    vectors = torch.randn(len(tokens) - 1, 2, dtype=torch.float64, requires_grad=True)

    def pooled(vectors: Tensor, *_: Tensor) -> Tensor:
        zero = torch.zeros(1, 2, dtype=torch.float64)
        return ngram_max(torch.cat([zero, vectors]), places, lengths.clamp(min=1), convolutions)

    weights = [weight for each in convolutions for weight in each.parameters()]
    assert torch.autograd.gradcheck(pooled, (vectors, *weights))


def test_the_largest_features_are_those_worked_out_by_hand() -> None:
    # width 1: 2x + 1 and -x; width 2: x + 10 y and y - x - 6, over the numbers 3, 1, 2
    one, two = Convolution(1, 2, 1), Convolution(1, 2, 2)
    one.load_state_dict({"weight": torch.tensor([[[2.0]], [[-1.0]]]), "bias": torch.tensor([1, 0])})
    kernel = torch.tensor([[[1.0, 10.0]], [[-1.0, 1.0]]])
    two.load_state_dict({"weight": kernel, "bias": torch.tensor([0, -6])})
    vectors = torch.tensor([[0.0], [1.0], [2.0], [3.0]])
    places = torch.tensor([[3, 1, 2], [3, 0, 0]], dtype=torch.int32)
    got = ngram_max(vectors, places, torch.tensor([3, 1]), [one, two])
    # the second text is shorter than two tokens, and has one window (3, 0)
    assert got.tolist() == [[7.0, -1.0, 21.0, -5.0], [7.0, -3.0, 3.0, -9.0]]


def test_distinct_tokens_are_found_with_padding_first() -> None:
    tokens, places = distinct(torch.tensor([[7, 2, 7], [4, 2, 2]]), 9)
    assert tokens.tolist() == [PADDING, 2, 4, 7]
    assert places.tolist() == [[3, 1, 3], [2, 1, 1]]


@pytest.mark.parametrize("padding", PADDINGS)
def test_batch_mates_and_padding_change_nothing(padding: str) -> None:
    model = build("multi_width", padding=padding)
    together = fast(model, *batch(TEXTS, padding=3))
    alone = torch.cat([fast(model, *batch([text])) for text in TEXTS])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0.0)


def test_the_same_input_gives_the_same_bits() -> None:
    model = build("multi_width", dropout=0.5).train()
    first, again = (run(fast, model, *batch(TEXTS)) for _ in range(2))
    assert torch.equal(first[0], again[0])
    assert all(torch.equal(first[1][name], again[1][name]) for name in first[1])


def test_without_gradients_logits_are_the_same() -> None:
    model = build("multi_width")
    with torch.inference_mode():
        without = fast(model, *batch(TEXTS))
    assert torch.equal(without, fast(model, *batch(TEXTS)))


def test_under_autocast_the_matrix_product_alone_is_bf16() -> None:
    model = build("multi_width", embedding_dim=64)
    convolutions = max_pooled_convolutions(model)
    expected = pool_ngrams(model, convolutions, *batch(TEXTS))
    with torch.autocast("cpu", torch.bfloat16):
        pooled = pool_ngrams(model, convolutions, *batch(TEXTS))
        _, gradients = run(fast, model, *batch(TEXTS))
    torch.testing.assert_close(pooled, expected, atol=0.02, rtol=0.02)
    assert not torch.equal(pooled, expected)
    assert not torch.equal(pooled, pooled.bfloat16().float())  # sums of bf16 numbers seldom are
    assert {pooled.dtype, *(grown.dtype for grown in gradients.values())} == {torch.float32}


@pytest.mark.parametrize("embedding", ["nonstatic", "multichannel"])
def test_a_sparse_gradient_has_the_rows_seen_but_not_that_of_padding(embedding: str) -> None:
    model = build("multi_width", embedding=embedding)
    table = model.embedding.table
    assert table is not None
    ids, lengths = batch([[5, 2, 5], [], [7]], padding=2)
    _, dense = run(fast, model, ids, lengths)
    assert table.weight.grad is not None
    assert not table.weight.grad.is_sparse
    table.sparse = True
    _, gradients = run(fast, model, ids, lengths)
    gradient = table.weight.grad
    assert gradient.is_sparse
    assert gradient._indices().tolist() == [[2, 5, 7]]
    assert torch.equal(gradients["embedding.table.weight"], dense["embedding.table.weight"])


def test_infinite_weights_make_logits_that_are_no_numbers_and_no_error() -> None:
    model = build("multi_width")
    with torch.no_grad():
        for parameter in model.encoder.parameters():
            parameter.fill_(torch.inf)
    logits, _ = run(fast, model, *batch(TEXTS))
    assert logits.isnan().any()


def test_the_encoder_s_positions_are_not_convolved(monkeypatch: pytest.MonkeyPatch) -> None:
    model = build("multi_width")
    monkeypatch.setattr(Convolution, "forward", None)
    assert model(*batch(TEXTS)).shape == (len(TEXTS), 3)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("multi_width", {"pooling": "kmax"}),
        ("multi_width", {"pooling": "mean"}),
        ("multi_width", {"activation": "gelu"}),  # it turns the order of small numbers round
        ("multi_width", {"position": "learned"}),
        ("multi_width", {"position": "ramp"}),
        ("multi_width", {"embedding_dropout": 0.5}),
        ("dilated", {}),
    ],
)
def test_other_parts_are_computed_another_way(name: str, settings: dict[str, Any]) -> None:
    model = build(name, **settings).train()
    ids, lengths = batch(TEXTS)
    assert not takes_ngrams(model, ids)
    assert torch.isfinite(model(ids, lengths)).all()


def test_dropout_of_embeddings_forbids_it_in_training_only() -> None:
    model = build("multi_width", embedding_dropout=0.5)
    assert takes_ngrams(model.eval(), batch(TEXTS)[0])
