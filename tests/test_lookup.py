"""Convolutions as tables of tokens, against convolutions of their vectors."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from textcnn.config.model_keys import PADDINGS
from textcnn.models.fast.lookup import LookupConvolution, TokenFeatures, looks_up, sum_rows
from textcnn.models.layers.convolution import Convolution
from textcnn.models.layers.embedding import Embedding
from textcnn.models.layers.features import Features
from textcnn.text.vocabulary import PADDING

TOKENS = 9


def tokens(lengths: list[int], embed: Callable[[Tensor], Tensor], extra: int = 0) -> TokenFeatures:
    """Random ids of texts of these lengths, so often that a table pays."""
    lengths = lengths * -(-4 * TOKENS // sum(lengths))
    ids = torch.randint(1, TOKENS, (len(lengths), max(lengths) + extra))
    own = torch.tensor(lengths)
    outside = torch.arange(ids.shape[1]) >= own[:, None]
    return TokenFeatures(ids.masked_fill(outside, PADDING), own, embed, TOKENS)


def outputs_and_gradients(layer: nn.Module, read: Features, embedding: nn.Module) -> list[Tensor]:
    made = layer(read).zeroed().values  # (batch, num_filters, windows)
    weights = torch.linspace(-1, 1, made.numel()).view_as(made).cos()
    parameters = [*layer.parameters(), *embedding.parameters()]
    return [made, *torch.autograd.grad((made * weights).sum(), parameters)]


@given(
    padding=st.sampled_from(PADDINGS),
    kernel_size=st.integers(2, 7),
    dilation=st.integers(1, 3),
    bias=st.booleans(),
    kind=st.sampled_from(["random", "onehot"]),
    lengths=st.lists(st.integers(1, 12), min_size=1, max_size=4),
    extra=st.integers(0, 5),
    seed=st.integers(0, 99),
)
@settings(deadline=None)
def test_a_table_gives_the_numbers_and_gradients_of_the_convolution_of_vectors(
    padding: str,
    kernel_size: int,
    dilation: int,
    bias: bool,
    kind: str,
    lengths: list[int],
    extra: int,
    seed: int,
) -> None:
    torch.manual_seed(seed)
    embedding = Embedding(TOKENS, 4, kind)
    layer = Convolution(
        embedding.dim, 5, kernel_size, padding=padding, dilation=dilation, bias=bias
    )
    read = tokens(lengths, embedding, extra)
    by_table = LookupConvolution(layer)
    assert looks_up(layer)
    plain = Features(read.values, read.lengths)
    fast = outputs_and_gradients(by_table, read, embedding)
    slow = outputs_and_gradients(layer, plain, embedding)
    for mine, reference in zip(fast, slow, strict=True):
        torch.testing.assert_close(mine, reference, rtol=1e-5, atol=1e-5)
    assert by_table(read).field == layer(plain).field
    assert torch.equal(by_table(read).lengths, layer(plain).lengths)
    assert torch.equal(by_table(plain).values, layer(plain).values)  # without tokens


def test_gradients_of_rows_are_those_of_finite_differences() -> None:
    torch.manual_seed(0)
    table = torch.randn(3, 4, 2, dtype=torch.float64, requires_grad=True)
    ids = torch.randint(0, 4, (2, 9))
    for dilation in (1, 2):
        assert torch.autograd.gradcheck(lambda t, d=dilation: sum_rows(t, ids, d), (table,))


def test_a_window_is_the_sum_of_its_tokens_rows() -> None:
    table = torch.tensor([[[1.0], [2.0]], [[10.0], [20.0]]])  # place, token
    made = sum_rows(table, torch.tensor([[0, 1, 1], [1, 0, 0]]), 1)
    assert made.tolist() == [[[1 + 20], [2 + 20]], [[2 + 10], [1 + 10]]]


def test_tokens_that_no_window_has_get_no_gradient() -> None:
    table = torch.ones(2, 4, 3, requires_grad=True)
    sum_rows(table, torch.tensor([[1, 2, 2]]), 1).sum().backward()
    assert table.grad is not None
    # windows 1 2 and 2 2: by place and token
    assert table.grad[..., 0].tolist() == [[0, 1, 1, 0], [0, 0, 2, 0]]


def test_vectors_are_looked_up_only_when_they_are_asked_for() -> None:
    asked: list[tuple[int, ...]] = []

    def embed(ids: Tensor) -> Tensor:
        asked.append(tuple(ids.shape))
        return torch.ones(*ids.shape, 4)

    read = tokens([40, 7], embed)
    LookupConvolution(Convolution(4, 5, 3))(read)
    assert asked == [(TOKENS,)]  # of each token once
    assert read.values.shape == (2, 4, 40)
    assert read.values is read.values
    assert asked[1:] == [(2, 40)]


@pytest.mark.parametrize("layer", [Convolution(4, 5, 1), Convolution(4, 5, 3, stride=2)])
def test_windows_of_one_token_and_strided_ones_read_the_vectors(layer: Convolution) -> None:
    assert not looks_up(layer)
