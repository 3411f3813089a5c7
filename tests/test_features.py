"""Feature maps: what is after a text's end, and what is done position by position."""

import inspect
from dataclasses import replace

import pytest
import torch

from textcnn.models.layers.features import Features, pad
from textcnn.models.layers.field import Field


@pytest.fixture
def features() -> Features:
    """Texts of 3 and 1 positions."""
    values = torch.tensor([[[1.0, 2.0, 3.0]], [[4.0, torch.nan, torch.inf]]])
    return Features(values, torch.tensor([3, 1]), Field(5, 2, -1))._knowing(disposable=True)


def test_positions_after_a_texts_end_are_outside(features: Features) -> None:
    assert features.outside.tolist() == [[[False, False, False]], [[False, True, True]]]


def test_zeroed_leaves_only_a_texts_own(features: Features) -> None:
    zeroed = features.zeroed()
    assert zeroed.values.tolist() == [[[1, 2, 3]], [[4, 0, 0]]]
    assert zeroed._known.clean
    assert not zeroed._known.disposable
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
    assert padded._known.clean


def test_map_with_enough_positions_stays(features: Features) -> None:
    assert features.at_least(3) is features
    assert features.at_least(2) is features


def test_nothing_is_known_about_the_result_of_a_function(features: Features) -> None:
    made = features.zeroed().each(lambda values: values + 1)
    assert made.values.tolist() == [[[2, 3, 4]], [[5, 1, 1]]]
    assert not made._known.clean
    assert not made._known.disposable
    assert made.field == features.field


def test_sum_is_taken_position_by_position_and_sees_both_fields(features: Features) -> None:
    other = replace(features, values=torch.full((2, 1, 3), 10.0), field=Field(1, 2, 6))
    summed = features.zeroed().plus(other)
    assert summed.values.tolist() == [[[11, 12, 13]], [[14, 10, 10]]]
    assert summed.lengths.tolist() == [3, 1]
    assert summed.field == Field(8, 2, -1)
    assert not summed._known.clean
    assert not summed._known.disposable


def test_maps_of_different_shapes_have_no_sum(features: Features) -> None:
    with pytest.raises(AssertionError):
        features.plus(replace(features, values=features.values[..., :1]))


def test_texts_that_fill_their_frame_are_clean_as_they_are() -> None:
    values = torch.randn(2, 3, 4)
    full = Features(values, torch.tensor([4, 5]))
    assert full.full
    assert full.zeroed()._known.clean
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


def test_the_constructor_takes_values_lengths_and_field_alone(features: Features) -> None:
    assert list(inspect.signature(Features).parameters) == ["values", "lengths", "field"]
    assert "known" not in repr(features)


def test_what_is_known_of_values_is_forgotten_with_them(features: Features) -> None:
    zeroed = features.zeroed()
    assert zeroed._known.clean
    other = replace(zeroed, values=zeroed.values + 1)
    assert not other._known.clean
    assert other.zeroed().values.tolist() == [[[2, 3, 4]], [[5, 0, 0]]]
