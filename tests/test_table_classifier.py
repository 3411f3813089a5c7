"""Networks that look up what trained models compute: the same logits, for every model and text."""

import copy
import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_models import IDS, MODELS, allowed, batch, build, text_of
from torch.nn.modules.module import register_module_forward_pre_hook
from torch.nn.utils.parametrizations import weight_norm

from textcnn.config.model_keys import EMBEDDINGS, PADDINGS
from textcnn.errors import InputError
from textcnn.models.encoders.multi_width import MultiWidth
from textcnn.models.fast.table_classifier import (
    LargestSums,
    TableClassifier,
    build_table_classifier,
)
from textcnn.models.layers.features import Features

MEMORY = 2**20
BATCHES = ([0], [1], [2, 0, 5], [30, 1, 7, 0, 4, 3], [6] * 4)  # lengths of texts
# no first convolution that tables replace
WITHOUT = {"dcnn", "dcnn, all rows", "onehot_cnn", "onehot_cnn, bow", "bag", "lstm"}


def tabled(name: str = "multi_width", memory: int = MEMORY, **changes: Any) -> TableClassifier:
    network = build_table_classifier(build(name, **changes), memory)
    assert network is not None
    return network.eval()


def batches() -> list[tuple[torch.Tensor, torch.Tensor]]:
    return [
        batch([text_of(length, seed) for seed, length in enumerate(lengths)], padding)
        for lengths in BATCHES
        for padding in (0, 3)
    ]


@torch.inference_mode()
def assert_equal(network: TableClassifier) -> None:
    for ids, lengths in batches():
        expected = network.model(ids, lengths)
        torch.testing.assert_close(network(ids, lengths), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", sorted(MODELS.keys() - WITHOUT))
def test_logits_are_the_models_whatever_padding_and_pooling(name: str) -> None:
    for changes in allowed(name):
        assert_equal(tabled(name, MEMORY, **changes))


@pytest.mark.parametrize("embedding", EMBEDDINGS)
@pytest.mark.parametrize("name", ["multi_width", "char_cnn"])
def test_logits_are_the_models_whatever_the_embedding(name: str, embedding: str) -> None:
    assert_equal(tabled(name, embedding=embedding))


@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu", "elu", "leaky_relu", "none"])
def test_logits_are_the_models_whatever_the_activation(activation: str) -> None:
    network = tabled(activation=activation)
    assert isinstance(network.by_table, LargestSums) == (activation != "gelu")
    assert_equal(network)


@given(
    padding=st.sampled_from(PADDINGS),
    kernel_sizes=st.lists(st.integers(1, 9), min_size=1, max_size=3, unique=True),
    lengths=st.lists(st.integers(0, 40), min_size=1, max_size=5),
    extra=st.integers(0, 5),
)
def test_widths_paddings_and_batch_mates_of_any_kind(
    padding: str, kernel_sizes: list[int], lengths: list[int], extra: int
) -> None:
    network = tabled(padding=padding, kernel_sizes=kernel_sizes)
    texts = [text_of(length, seed) for seed, length in enumerate(lengths)]
    with torch.inference_mode():
        together = network(*batch(texts, extra))
        alone = torch.cat([network.model(*batch([text])) for text in texts])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-5)


def test_what_stands_behind_a_text_is_not_read() -> None:
    network = tabled()
    ids, lengths = batch([text_of(3), text_of(8)])
    garbage = ids.masked_fill(torch.arange(8) >= lengths[:, None], 5)
    with torch.inference_mode():
        assert torch.equal(network(garbage, lengths), network(ids, lengths))


@pytest.mark.parametrize("name", sorted(WITHOUT))
def test_models_without_a_first_convolution_are_left_as_they_are(name: str) -> None:
    assert build_table_classifier(build(name), MEMORY) is None


def test_models_with_a_position_are_left_as_they_are() -> None:
    assert build_table_classifier(build("multi_width", position="learned"), MEMORY) is None


def test_without_memory_models_are_left_as_they_are() -> None:
    assert build_table_classifier(build("multi_width"), 0) is None


@pytest.mark.parametrize("name", ["multi_width", "nin"])
def test_with_little_memory_texts_of_rare_tokens_are_left_to_the_model(name: str) -> None:
    model = build(name)
    rows = {"multi_width": (1 + 2 + 3) * 4, "nin": 6}[name]
    network = build_table_classifier(
        model, 4 * rows * 7
    )  # seven tokens, one of which stands for none
    assert network is not None
    assert network.table.known == 6 < IDS
    assert_equal(network.eval())


def test_the_model_is_left_as_it_is_and_shares_its_weights() -> None:
    model = build("char_cnn")
    before = copy.deepcopy(model.state_dict())
    network = build_table_classifier(model, MEMORY)
    assert network is not None
    assert_equal(network.eval())
    after = model.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert model.activations(*batch([text_of(9)])).embedded.shape == (1, 9, 8)


@pytest.mark.parametrize("name", ["multi_width", "char_cnn"])
def test_weights_that_change_change_the_logits(name: str) -> None:
    network = tabled(name)
    assert_equal(network)
    with torch.no_grad():
        for parameter in network.model.encoder.parameters():
            parameter.add_(0.1)
    assert_equal(network)
    with torch.no_grad():
        network.model.embedding.table.weight[1:] += 0.1
    assert_equal(network)


def test_rows_do_not_depend_on_what_was_asked_before() -> None:
    model = build("multi_width", vocabulary_size=200)
    first, second = build_table_classifier(model, MEMORY), build_table_classifier(model, MEMORY)
    assert first is not None
    assert second is not None
    texts = torch.arange(2, 200).reshape(9, -1)
    lengths = torch.full((9,), texts.shape[1])
    with torch.inference_mode():
        expected = first.eval()(texts, lengths)
        for row in range(8, -1, -1):
            second.eval()(texts[row : row + 1], lengths[:1])
        assert torch.equal(second(texts, lengths), expected)


def test_several_threads_get_the_same_logits() -> None:
    model = build("multi_width", vocabulary_size=2000)
    texts = torch.arange(2, 1998).reshape(-1, 4)
    lengths = torch.full((len(texts),), 4)
    with torch.inference_mode():
        expected = model.eval()(texts, lengths)
    network = build_table_classifier(model, MEMORY)
    assert network is not None

    def logits(_: int) -> torch.Tensor:
        with torch.inference_mode():
            return network.eval()(texts, lengths)

    with ThreadPoolExecutor(4) as pool:
        for got in pool.map(logits, range(8)):
            torch.testing.assert_close(got, expected, rtol=0, atol=1e-5)


def test_half_precision_takes_half_the_memory_and_is_close() -> None:
    model = build("multi_width")
    network = build_table_classifier(model, MEMORY, half=True)
    assert network is not None
    assert network.table.rows.dtype == torch.float16
    with torch.inference_mode():
        for ids, lengths in batches():
            expected = model.eval()(ids, lengths)
            torch.testing.assert_close(network.eval()(ids, lengths), expected, rtol=0, atol=0.02)


def test_numbers_that_half_precision_cannot_hold_are_refused() -> None:
    model = build("multi_width")
    with torch.no_grad():
        model.embedding.table.weight.mul_(1e6)  # type: ignore[union-attr]
    network = build_table_classifier(model, MEMORY, half=True)
    assert network is not None
    with pytest.raises(
        InputError,
        match=r"holds numbers up to 65504, got sums of .*; use half=false",
    ):
        network(*batch([text_of(9)]))


def test_a_model_that_gives_no_numbers_still_gives_none() -> None:
    model = build("multi_width")
    with torch.no_grad():
        model.head.bias.fill_(math.nan)
    network = build_table_classifier(model, MEMORY)
    assert network is not None
    assert network.eval()(*batch([text_of(9)])).isnan().all()


def test_other_precisions_are_left_as_they_are() -> None:
    assert build_table_classifier(build("multi_width").double(), MEMORY) is None


def test_a_subclass_with_another_forward_must_declare_its_convolutions_again() -> None:
    class Same(MultiWidth):
        pass

    class Other(MultiWidth):
        def forward(self, features: Features) -> tuple[Features, ...]:
            return super().forward(features.each(torch.tanh))

    class Again(Other):
        first_convolutions = ("convolutions.0", "convolutions.1", "convolutions.2")
        forward = MultiWidth.forward

    built = {}
    for kind in (Same, Other, Again):
        model = build("multi_width")
        model.encoder.__class__ = kind
        built[kind] = build_table_classifier(model, MEMORY)
        with torch.inference_mode():
            trace = model.activations(*batch([text_of(9)]))
            assert torch.allclose(model(*batch([text_of(9)])), trace.logits, atol=1e-5)
    assert built[Other] is None
    for kind in (Same, Again):
        network = built[kind]
        assert network is not None
        assert_equal(network.eval())


def test_tables_apply_until_a_module_is_watched_replaced_or_moved() -> None:
    network = tabled("char_cnn")
    model, applied = network.model, []
    for part in (model, model.encoder, model.embedding, model.head):
        handle = part.register_forward_hook(lambda *_: None)
        applied.append(network.applies)
        handle.remove()
    handle = register_module_forward_pre_hook(lambda *_: None)
    applied.append(network.applies)
    handle.remove()
    model.embedding.table, before = torch.nn.Embedding(IDS, 8), model.embedding.table
    applied.append(network.applies)
    model.embedding.table = before
    assert applied == [False] * 6
    assert network.applies
    model.double()
    applied.append(network.applies)
    assert not applied[-1]


def test_parametrized_convolutions_are_left_as_they_are() -> None:
    model = build("multi_width")
    weight_norm(model.encoder.convolutions[0])  # type: ignore[index, arg-type]
    assert build_table_classifier(model, MEMORY) is None


@pytest.mark.parametrize("padding", ["reflect", "valid"])
def test_k_max_of_repeated_words_is_the_same_with_and_without_other_texts(padding: str) -> None:
    """Equal windows have equal sums, so that rounding doesn't decide which comes first."""
    network = tabled(padding=padding, pooling="kmax", k=4, embedding_dim=64, num_filters=33)
    texts = [[1, 2, 1, 2, 1, 2, 3, 1, 2], [4, 4, 4, 4, 4, 4, 4], [1, 2, 3] * 9, [5, 6] * 3]
    with torch.inference_mode():
        together = network(*batch(texts, 5))
        alone = torch.cat([network(*batch([text])) for text in texts])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-6)
