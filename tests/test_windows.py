"""What windows read, and the largest of their sums a few texts at a time."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from textcnn.models.fast.windows import blocks, largest, windows_of
from textcnn.models.layers.convolution import Convolution

NOWHERE = 9
TOKENS = torch.tensor([[3, 1, 2], [3, 0, 0]], dtype=torch.int32)
LENGTHS = torch.tensor([3, 1])


def test_windows_of_each_width_stand_side_by_side() -> None:
    read = windows_of([Convolution(1, 1, 1), Convolution(1, 1, 2)], TOKENS, LENGTHS, NOWHERE)
    assert read.kernel_sizes == (1, 2)
    assert read.counts.tolist() == [3, 1]
    # the second text is shorter than two tokens: of that width it has one window
    assert read.tokens.tolist() == [
        [[3, 3, 1], [1, 1, 2], [2, 2, NOWHERE]],
        [[3, 3, 0], [NOWHERE, 0, NOWHERE], [NOWHERE, NOWHERE, NOWHERE]],
    ]


@pytest.mark.parametrize(
    ("padding", "expected"),
    [
        ("valid", [[3, 1, 2], [3, 0, 0]]),
        ("zeros", [[0, 3, 1], [0, 3, 0]]),
        ("causal", [[0, 0, 3], [0, 0, 3]]),
        ("reflect", [[1, 3, 1], [3, 3, 3]]),
        ("replicate", [[3, 3, 1], [3, 3, 3]]),
        ("circular", [[2, 3, 1], [3, 3, 3]]),
    ],
)
def test_first_windows_see_what_their_boundary_mode_puts_there(
    padding: str, expected: list[list[int]]
) -> None:
    read = windows_of([Convolution(1, 1, 3, padding=padding)], TOKENS, LENGTHS, NOWHERE)
    assert read.tokens[:, 0].tolist() == expected


@pytest.mark.parametrize("at_once", [1, 7, 300])
def test_the_first_of_the_largest_wins_however_many_texts_are_summed_at_a_time(
    at_once: int,
) -> None:
    read = windows_of([Convolution(1, 1, 1)], TOKENS, LENGTHS, NOWHERE)
    table = torch.full((NOWHERE + 1, 1), -torch.inf)
    table[:4, 0] = torch.tensor([0.0, 5.0, 5.0, 2.0])
    values, winners = largest(table, read, winners=True, at_once=at_once)
    assert values.tolist() == [[5.0], [2.0]]
    assert winners is not None
    assert winners.tolist() == [[1], [0]]
    alone, none = largest(table, read, winners=False, at_once=at_once)
    assert torch.equal(alone, values)
    assert none is None


def test_the_winner_is_found_among_more_windows_than_a_byte_counts() -> None:
    tokens = torch.ones(1, 300, dtype=torch.int32)
    tokens[0, 280] = 2
    read = windows_of([Convolution(1, 1, 1)], tokens, torch.tensor([300]), NOWHERE)
    table = torch.arange(NOWHERE + 1.0)[:, None]
    values, winners = largest(table, read, winners=True)
    assert winners is not None
    assert (values.tolist(), winners.tolist()) == ([[2.0]], [[280]])


@given(st.lists(st.integers(1, 30), max_size=40), st.integers(1, 20))
def test_blocks_are_all_texts_in_order_and_of_no_more_windows(
    windows: list[int], most: int
) -> None:
    parts = list(blocks(np.array(windows, np.int64), most))
    assert [each for texts, _ in parts for each in windows[texts]] == windows
    for texts, count in parts:
        some = windows[texts]
        assert count == max(some)
        assert len(some) == 1 or len(some) * count <= most
