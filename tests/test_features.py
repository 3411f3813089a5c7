"""Feature maps: what lies behind a text's own positions, and what is done position by position."""

from dataclasses import replace

import pytest
import torch

from textcnn.models.layers.features import Features, pad
from textcnn.models.layers.field import Field


@pytest.fixture
def features() -> Features:
    """Texts of 3 and 1 positions."""
    values = torch.tensor([[[1.0, 2.0, 3.0]], [[4.0, torch.nan, torch.inf]]])
    return Features(values, torch.tensor([3, 1]), Field(5, 2, -1), disposable=True)


def test_positions_behind_a_texts_own_are_outside(features: Features) -> None:
    assert features.outside.tolist() == [[[False, False, False]], [[False, True, True]]]


def test_zeroed_leaves_only_a_texts_own(features: Features) -> None:
    zeroed = features.zeroed()
    assert zeroed.values.tolist() == [[[1, 2, 3]], [[4, 0, 0]]]
    assert zeroed.clean
    assert not zeroed.disposable
    assert (zeroed.lengths.tolist(), zeroed.field) == ([3, 1], Field(5, 2, -1))


def test_zeroed_is_a_copy(features: Features) -> None:
    features.zeroed()
    assert features.values[1, 0, 1].isnan()


def test_clean_features_are_not_zeroed_again(features: Features) -> None:
    zeroed = features.zeroed()
    assert zeroed.zeroed() is zeroed


def test_zeroed_gives_garbage_no_gradient(features: Features) -> None:
    features.values.requires_grad_()
    features.zeroed().values.square().sum().backward()
    assert features.values.grad is not None
    assert features.values.grad.tolist() == [[[2, 4, 6]], [[8, 0, 0]]]


def test_map_with_fewer_positions_is_padded_with_zeros(features: Features) -> None:
    padded = features.zeroed().at_least(5)
    assert padded.values.tolist() == [[[1, 2, 3, 0, 0]], [[4, 0, 0, 0, 0]]]
    assert padded.lengths.tolist() == [3, 1]
    assert padded.clean


def test_map_with_enough_positions_stays(features: Features) -> None:
    assert features.at_least(3) is features
    assert features.at_least(2) is features


def test_function_of_each_number_makes_nothing_clean_or_disposable(features: Features) -> None:
    made = features.zeroed().each(lambda values: values + 1)
    assert made.values.tolist() == [[[2, 3, 4]], [[5, 1, 1]]]
    assert not made.clean
    assert not made.disposable
    assert made.field == features.field


def test_sum_is_taken_position_by_position_and_sees_both_fields(features: Features) -> None:
    other = replace(features, values=torch.full((2, 1, 3), 10.0), field=Field(1, 2, 6))
    summed = features.zeroed().plus(other)
    assert summed.values.tolist() == [[[11, 12, 13]], [[14, 10, 10]]]
    assert summed.lengths.tolist() == [3, 1]
    assert summed.field == Field(8, 2, -1)
    assert not summed.clean
    assert not summed.disposable


def test_maps_of_different_shapes_have_no_sum(features: Features) -> None:
    with pytest.raises(AssertionError):
        features.plus(replace(features, values=features.values[..., :1]))


def test_texts_that_fill_their_frame_are_clean_as_they_are() -> None:
    values = torch.randn(2, 3, 4)
    full = Features(values, torch.tensor([4, 5]))
    assert full.full
    assert full.zeroed().clean
    assert full.zeroed().values is values
    assert not Features(values, torch.tensor([4, 3])).full


def test_padding_keeps_the_channels_of_a_position_side_by_side() -> None:
    padded = pad(torch.tensor([[[1.0, 2.0], [3.0, 4.0]]]), 1, 2, value=9.0)
    assert padded.tolist() == [[[9, 1, 2, 9, 9], [9, 3, 4, 9, 9]]]
    assert padded.transpose(1, 2).is_contiguous()


def test_features_cover_what_every_text_has(features: Features) -> None:
    shortest = int(features.lengths.min())
    assert features.covers(shortest)
    assert not features.covers(shortest + 1)
