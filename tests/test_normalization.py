"""Normalizations, against torch's own on the positions that texts have."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_features import GARBAGE, batch_of
from torch import Tensor, nn

from textcnn.models.layers.convolution import Convolution
from textcnn.models.layers.features import Features
from textcnn.models.layers.field import Field
from textcnn.models.layers.max_pool import MaxPool
from textcnn.models.layers.normalization import NORMALIZATIONS, BatchNorm, LayerNorm, PooledNorm


def texts_of(lengths: list[int], seed: int = 0) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [3 + 2 * torch.randn(2, length, generator=generator) for length in lengths]


def side_by_side(features: Features) -> Tensor:
    """The texts' own positions, one after the other: (positions, channels)."""
    pairs = zip(features.values, features.lengths.tolist(), strict=True)
    return torch.cat([row[:, :length].T for row, length in pairs])


def scaled(norm: nn.Module) -> nn.Module:
    """With weights and biases other than those that it begins with."""
    for parameter in norm.parameters():
        nn.init.uniform_(parameter, 0.5, 2.0, generator=torch.Generator().manual_seed(1))
    return norm


def test_positions_of_a_batch_get_mean_0_and_variance_1() -> None:
    norm = BatchNorm(1, eps=1e-12)
    made = norm(batch_of([torch.tensor([[1.0, 2, 3]]), torch.tensor([[6.0]])]))
    # mean 3, variance (4 + 1 + 0 + 9) / 4 = 3.5, of running statistics 14 / 3
    expected = (torch.tensor([[1.0, 2, 3], [6, 3, 3]]) - 3) / 3.5**0.5
    torch.testing.assert_close(made.values[:, 0], expected)
    state = norm.state_dict()
    assert state["running_mean"].tolist() == pytest.approx([0.3])
    assert state["running_var"].tolist() == pytest.approx([0.9 + 0.1 * 14 / 3])


@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=5).filter(lambda n: sum(n) > 1),
    extra=st.integers(0, 9),
    garbage=st.sampled_from(GARBAGE),
    seed=st.integers(0, 2**31),
)
def test_batch_norm_in_training_is_that_of_the_texts_without_padding(
    lengths: list[int], extra: int, garbage: float, seed: int
) -> None:
    # in 64 bits: of two numbers that are nearly equal little but rounding is left in 32
    texts = texts_of(lengths, seed)
    norm, plain = scaled(BatchNorm(2)).double(), scaled(nn.BatchNorm1d(2)).double()
    made = norm(batch_of(texts, extra, garbage, Field(3, 1, -1)).each(Tensor.double))
    torch.testing.assert_close(side_by_side(made), plain(torch.cat(texts, dim=1).T.double()))
    torch.testing.assert_close(norm.state_dict(), plain.state_dict())
    assert made.lengths.tolist() == lengths
    assert made.field == Field(3, 1, -1)


@pytest.mark.parametrize("garbage", GARBAGE)
def test_batch_norm_in_training_leaves_zeros_behind_texts(garbage: float) -> None:
    made = scaled(BatchNorm(2))(batch_of(texts_of([4, 1]), 2, garbage))
    assert made._known.clean
    assert made.values.masked_select(made.outside).count_nonzero() == 0


def test_padding_leaves_running_statistics_unchanged() -> None:
    states = []
    for extra in (0, 1, 50):
        norm = BatchNorm(2)
        for seed in range(3):
            norm(batch_of(texts_of([4, 1, 7], seed), extra))
        states.append(norm.state_dict())
    assert states[0]["num_batches_tracked"] == 3
    for state in states[1:]:
        torch.testing.assert_close(state, states[0], rtol=0, atol=0)


def test_batch_of_one_position_is_normalized_as_in_evaluation() -> None:
    norm = scaled(BatchNorm(2))
    norm(batch_of(texts_of([5, 3])))
    state = {name: tensor.clone() for name, tensor in norm.state_dict().items()}
    lone = batch_of(texts_of([1]), extra=3)
    made = norm(lone)
    torch.testing.assert_close(norm.state_dict(), state, rtol=0, atol=0)
    torch.testing.assert_close(side_by_side(made), side_by_side(norm.eval()(lone)))
    assert side_by_side(made).isfinite().all()


@pytest.mark.parametrize("garbage", GARBAGE)
def test_batch_norm_in_evaluation_uses_running_statistics(garbage: float) -> None:
    norm = scaled(BatchNorm(2, momentum=1.0, eps=0.1))
    norm(batch_of(texts_of([9, 9])))
    norm.eval()
    texts = texts_of([4, 1, 2], seed=1)
    mean, variance = norm.running_mean, norm.running_var
    assert isinstance(mean, Tensor)
    assert isinstance(variance, Tensor)
    weight, bias = norm.parameters()
    expected = (torch.cat(texts, dim=1).T - mean) / (variance + 0.1).sqrt() * weight + bias
    torch.testing.assert_close(side_by_side(norm(batch_of(texts, 3, garbage))), expected)


@pytest.mark.parametrize("garbage", GARBAGE)
def test_layer_norm_is_of_each_position_by_itself(garbage: float) -> None:
    texts = texts_of([4, 1, 2])
    norm, plain = scaled(LayerNorm(2)), scaled(nn.LayerNorm(2))
    made = norm(batch_of(texts, 3, garbage, Field(3, 1, -1)))
    torch.testing.assert_close(side_by_side(made), plain(torch.cat(texts, dim=1).T))
    assert made.field == Field(3, 1, -1)


def test_no_norm_leaves_features_as_they_are() -> None:
    features = batch_of(texts_of([4, 1]))
    assert NORMALIZATIONS["none"](2)(features) is features


def gradients(norm: nn.Module, features: Features) -> list[Tensor]:
    """Of what texts hold and of the weights, for a loss on the texts' own positions."""
    features = replace(features, values=features.values.clone().requires_grad_())
    side_by_side(norm(features)).pow(3).sum().backward()
    assert features.values.grad is not None
    found = [parameter.grad for parameter in norm.parameters() if parameter.grad is not None]
    assert features.values.grad.masked_select(features.outside).count_nonzero() == 0
    return [side_by_side(replace(features, values=features.values.grad)), *found]


@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_has_no_part_in_gradients_of_batch_norm_in_training(garbage: float) -> None:
    expected = gradients(scaled(BatchNorm(2)), batch_of(texts_of([4, 1, 3])).zeroed())
    found = gradients(scaled(BatchNorm(2)), batch_of(texts_of([4, 1, 3]), 2, garbage))
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("garbage", [-1e10, 0.0, 1e10])
@pytest.mark.parametrize("kind", [BatchNorm, LayerNorm])
def test_finite_garbage_has_no_part_in_gradients_in_evaluation(
    kind: type[BatchNorm | LayerNorm], garbage: float
) -> None:
    expected = gradients(scaled(kind(2)).eval(), batch_of(texts_of([4, 1, 3])).zeroed())
    found = gradients(scaled(kind(2)).eval(), batch_of(texts_of([4, 1, 3]), 2, garbage))
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("kind", [BatchNorm, LayerNorm])
@pytest.mark.parametrize("layer", [MaxPool(2, stride=1), Convolution(2, 2, 3, padding="zeros")])
def test_infinite_garbage_is_gone_behind_layers_that_see_neighbours(
    layer: nn.Module, kind: type[BatchNorm | LayerNorm], training: bool
) -> None:
    features = layer(batch_of(texts_of([4, 1, 3]), 9, torch.inf))
    found = gradients(
        scaled(kind(2)).train(training), replace(features, values=features.values.detach())
    )
    assert all(gradient.isfinite().all() for gradient in found)


def test_pooled_features_are_centred_over_texts_and_a_single_text_by_running_statistics() -> None:
    norm = PooledNorm(1, eps=1e-12)
    made = norm(torch.tensor([[101.0], [103.0]]))
    torch.testing.assert_close(made, torch.tensor([[-1.0], [1.0]]))
    alone = norm(torch.tensor([[5.0]]))
    assert norm.running_mean is not None
    assert norm.running_mean.item() == pytest.approx(10.2)  # 0.1 x 102, and nothing of the 5
    torch.testing.assert_close(alone, norm.eval()(torch.tensor([[5.0]])))
