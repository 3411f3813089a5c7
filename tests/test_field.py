"""Which tokens a feature sees and how many features there are: by hand, and in fact."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from textcnn.models.layers.convolution import Convolution
from textcnn.models.layers.features import Features
from textcnn.models.layers.field import ONE_TOKEN, Field
from textcnn.models.layers.max_pool import MaxPool
from textcnn.models.layers.stack import Stack

PADDINGS = ("valid", "zeros", "reflect", "replicate", "circular", "full", "causal")
TIME = 150  # tokens, more than any field here


class Sum(nn.Module):
    """What two branches make of the same features."""

    def __init__(self, one: nn.Module, other: nn.Module):
        super().__init__()
        self.one, self.other = one, other

    def forward(self, features: Features) -> Features:
        summed: Features = self.one(features).plus(self.other(features))
        return summed


def seen(network: nn.Module) -> tuple[Field, torch.Tensor]:
    """The field that a network of one channel claims, and bool (tokens, features): which of a
    text's tokens each feature goes up with."""
    for parameter in network.parameters():
        nn.init.uniform_(parameter, 0.5, 1.5)  # nothing cancels
    impulses = torch.eye(TIME)[:, None]  # (tokens, 1, tokens), one impulse in each text
    made = network(Features(impulses, torch.full((TIME,), TIME)))
    return made.field, made.values[:, 0, : int(made.lengths[0])] > 0


def assert_sees_its_field(network: nn.Module) -> None:
    field, sees = seen(network)
    assert field.size is not None
    starts = [field.start + feature * field.stride for feature in range(sees.shape[1])]
    whole = [n for n, start in enumerate(starts) if 0 <= start <= TIME - field.size]
    assert whole
    for feature in whole:
        tokens = sees[:, feature].nonzero()[:, 0].tolist()
        assert tokens[0] == starts[feature]
        assert tokens[-1] == starts[feature] + field.size - 1


def test_kernel_and_dilation_widen_a_field() -> None:
    assert Field(1, 1, 0) == ONE_TOKEN
    assert ONE_TOKEN.through(3, 1, 1, 0) == Field(3, 1, 0)
    assert ONE_TOKEN.through(3, 4, 1, 4) == Field(9, 1, -4)


def test_behind_a_stride_tokens_are_farther_apart() -> None:
    first = ONE_TOKEN.through(3, 1, 1, 1)
    pooled = first.through(3, 1, 2, 1)
    assert (first, pooled) == (Field(3, 1, -1), Field(5, 2, -2))
    assert pooled.through(3, 1, 1, 1) == Field(9, 2, -4)
    assert pooled.through(3, 2, 2, 2) == Field(13, 4, -6)


@pytest.mark.parametrize(("kernel_size", "levels"), [(2, 1), (3, 4), (5, 3), (7, 8)])
def test_two_convolutions_for_each_doubled_dilation(kernel_size: int, levels: int) -> None:
    field = ONE_TOKEN
    for level in range(levels):
        for _ in range(2):
            field = field.through(kernel_size, 2**level, 1, (kernel_size - 1) * 2**level)
    size = 1 + 2 * (kernel_size - 1) * (2**levels - 1)
    assert field == Field(size, 1, 1 - size)  # causal: the first feature ends at the first token


def test_sum_sees_what_either_sees() -> None:
    assert Field(3, 1, -1).beside(ONE_TOKEN) == Field(3, 1, -1)
    assert ONE_TOKEN.beside(Field(3, 1, -1)) == Field(3, 1, -1)
    assert Field(3, 2, -2).beside(Field(4, 2, 0)) == Field(6, 2, -2)
    assert Field(1, 1, -3).beside(Field(1, 1, 3)) == Field(7, 1, -3)


def test_whole_text_stays_whole() -> None:
    whole = Field(5, 2, -1).whole()
    assert whole == Field(None, 2, -1)
    assert whole.through(3, 1, 2, 1) == Field(None, 4, -3)
    assert whole.beside(Field(3, 2, 0)).size is None
    assert Field(3, 2, 0).beside(whole).size is None


def test_maps_of_different_strides_have_no_sum() -> None:
    with pytest.raises(AssertionError):
        Field(3, 1).beside(Field(3, 2))


def test_field_is_told_in_words() -> None:
    assert str(Field(7)) == "7 tokens"
    assert str(Field(None)) == "the whole text"


CONVOLUTIONS = st.builds(
    lambda kernel_size, padding, dilation, stride: Convolution(
        1, 1, kernel_size, padding=padding, dilation=dilation, stride=stride, bias=False
    ),
    st.integers(1, 4),
    st.sampled_from(PADDINGS),
    st.integers(1, 3),
    st.integers(1, 2),
)
POOLS = st.builds(
    MaxPool, st.integers(1, 4), st.integers(1, 3), st.sampled_from(["valid", "zeros"])
)


@settings(max_examples=100)
@given(st.lists(st.one_of(CONVOLUTIONS, POOLS), min_size=1, max_size=3))
def test_features_of_stacked_layers_see_the_tokens_of_their_field(layers: list[nn.Module]) -> None:
    assert_sees_its_field(Stack(*layers))


@pytest.mark.parametrize("padding", ["zeros", "reflect", "replicate", "circular", "causal"])
def test_features_of_a_residual_block_see_the_tokens_of_their_field(padding: str) -> None:
    straight = Stack(
        Convolution(1, 1, 3, padding=padding, dilation=2, bias=False),
        Convolution(1, 1, 2, padding=padding, bias=False),
    )
    assert_sees_its_field(Sum(straight, nn.Identity()))


def test_branches_that_look_apart_see_the_tokens_of_their_field() -> None:
    back = Convolution(1, 1, 4, padding="causal", bias=False)
    ahead = Convolution(1, 1, 2, padding="zeros", bias=False)
    branches = Sum(back, ahead)
    assert seen(branches)[0] == Field(5, 1, -3)  # three tokens before, one behind
    assert_sees_its_field(branches)


@given(st.sampled_from(PADDINGS), st.lists(st.integers(1, 30), min_size=1, max_size=4))
def test_stack_foretells_the_positions_and_field_that_it_makes(
    padding: str, lengths: list[int]
) -> None:
    stack = Stack(
        Convolution(2, 3, 4, padding=padding, dilation=2),
        MaxPool(3, stride=2, padding="zeros"),
        nn.Identity(),  # without `positions`
        Convolution(3, 2, 2, padding=padding, stride=2),
        MaxPool(2, stride=3),
    )
    values = torch.ones(len(lengths), 2, max(lengths) + 3)
    made = stack(Features(values, torch.tensor(lengths)))
    assert torch.equal(stack.positions(torch.tensor(lengths)), made.lengths)
    assert stack.field(ONE_TOKEN) == made.field
    assert (
        stack.field(Field(5, 2, -1)) == stack(Features(values, made.lengths, Field(5, 2, -1))).field
    )
