"""What models are told about positions, by hand."""

import math

import pytest
import torch

from textcnn.models.layers.position import (
    POSITIONS,
    LearnedPosition,
    Position,
    RampPosition,
    SinusoidalPosition,
)

LENGTHS = torch.tensor([5, 3, 1, 2])


def test_no_position_leaves_texts_as_they_are() -> None:
    embedded = torch.randn(4, 5, 3)
    assert Position(3, 10)(embedded, LENGTHS) is embedded


def test_learned_vectors_are_added_and_the_last_is_shared() -> None:
    position = LearnedPosition(2, max_positions=3)
    position.load_state_dict({"table": torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])})
    told = position(torch.full((1, 5, 2), 10.0), torch.tensor([5]))
    assert told.tolist() == [[[11, 12], [13, 14], [15, 16], [15, 16], [15, 16]]]


def test_shared_vector_learns_from_all_positions_behind() -> None:
    position = LearnedPosition(1, max_positions=2)
    position(torch.zeros(1, 5, 1), torch.tensor([5])).sum().backward()
    assert position.table.grad is not None
    assert position.table.grad.tolist() == [[1], [4]]


def test_learned_vectors_begin_as_the_embeddings_do() -> None:
    table = LearnedPosition(50, max_positions=200).table
    assert 0.24 < table.abs().max() <= 0.25
    assert table.std().item() == pytest.approx(0.25 / 3**0.5, rel=0.05)


def test_sinusoidal_waves_grow_geometrically() -> None:
    told = SinusoidalPosition(4, 10)(torch.ones(2, 3, 4), torch.tensor([3, 1]))
    # wave lengths of 2 pi and 100 times that; sine and cosine of each
    expected = [
        [1 + math.sin(p), 1 + math.cos(p), 1 + math.sin(p / 100), 1 + math.cos(p / 100)]
        for p in range(3)
    ]
    torch.testing.assert_close(told, torch.tensor([expected, expected]))


def test_sinusoidal_of_an_odd_number_of_channels_ends_with_a_sine() -> None:
    told = SinusoidalPosition(3, 10)(torch.zeros(1, 2, 3), torch.tensor([2]))
    last = math.sin(10_000 ** (-2 / 3))
    expected = [[0, 1, 0], [math.sin(1), math.cos(1), last]]
    torch.testing.assert_close(told, torch.tensor([expected]))


def test_ramp_goes_from_minus_1_to_1_between_each_texts_own_ends() -> None:
    embedded = torch.randn(4, 5, 3)
    told = RampPosition(3, 10)(embedded, LENGTHS)
    assert torch.equal(told[..., :3], embedded)
    ramps = [row[:length, 3].tolist() for row, length in zip(told, LENGTHS.tolist(), strict=True)]
    assert ramps == [[-1, -0.5, 0, 0.5, 1], [-1, 0, 1], [-1], [-1, 1]]


@pytest.mark.parametrize("kind", POSITIONS)
def test_positions_keep_type_and_add_the_channels_that_they_say(kind: str) -> None:
    position = POSITIONS[kind](6, 3)
    told = position.to(torch.float64)(torch.zeros(4, 5, 6, dtype=torch.float64), LENGTHS)
    assert told.shape == (4, 5, 6 + position.extra)
    assert told.dtype == torch.float64


@pytest.mark.parametrize("kind", POSITIONS)
def test_extra_padding_leaves_positions_unchanged(kind: str) -> None:
    position = POSITIONS[kind](6, 3)
    embedded = torch.randn(4, 9, 6)
    told = position(embedded[:, :5], LENGTHS)
    assert torch.equal(position(embedded, LENGTHS)[:, :5], told)
