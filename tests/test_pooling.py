"""Max over time, with numbers worked out by hand."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from textcnn.models.pooling import max_over_time


def test_each_filter_has_its_own_largest_feature_and_its_place() -> None:
    features = torch.tensor([[[1.0, 5.0, 2.0], [0.5, -1.0, 4.0]]])  # (1, 2, 3)
    pooled, winners = max_over_time(features, torch.tensor([3]))
    assert pooled.tolist() == [[5.0, 4.0]]
    assert winners.tolist() == [[1, 2]]


def test_windows_behind_a_texts_own_never_win() -> None:
    features = torch.tensor([[[1.0, 2.0, 9.0]], [[-3.0, 8.0, 9.0]]])  # (2, 1, 3)
    pooled, winners = max_over_time(features, torch.tensor([2, 1]))
    assert pooled.tolist() == [[2.0], [-3.0]]
    assert winners.tolist() == [[1], [0]]


def test_features_behind_a_texts_own_become_minus_infinity_in_place() -> None:
    features = torch.tensor([[[1.0, 2.0, 9.0]]])
    max_over_time(features, torch.tensor([2]))
    assert features.tolist() == [[[1.0, 2.0, -torch.inf]]]


def test_first_of_equal_windows_wins() -> None:
    _, winners = max_over_time(torch.tensor([[[1.0, 3.0, 3.0, 3.0]]]), torch.tensor([4]))
    assert winners.tolist() == [[1]]


def test_only_the_winner_gets_a_gradient() -> None:
    features = torch.tensor([[[1.0, 5.0, 2.0, 7.0]]], requires_grad=True)
    pooled, _ = max_over_time(features * 1, torch.tensor([3]))
    (2 * pooled).sum().backward()
    assert features.grad is not None
    assert features.grad.tolist() == [[[0.0, 2.0, 0.0, 0.0]]]


@given(st.data(), st.integers(1, 5), st.integers(1, 4), st.integers(1, 9))
def test_pooled_equals_the_maximum_of_each_texts_own_windows(
    data: st.DataObject, batch: int, filters: int, time: int
) -> None:
    seed = data.draw(st.integers(0, 2**31))
    windows = data.draw(st.lists(st.integers(1, time), min_size=batch, max_size=batch))
    features = torch.randn(batch, filters, time, generator=torch.Generator().manual_seed(seed))
    pooled, winners = max_over_time(features.clone(), torch.tensor(windows))
    for row, count in enumerate(windows):
        own = features[row, :, :count]
        assert torch.equal(pooled[row], own.amax(dim=1))
        assert torch.equal(pooled[row], own.gather(1, winners[row, :, None])[:, 0])
