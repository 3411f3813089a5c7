"""k-max, by hand and against a plain sort of each text alone."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from textcnn.models.layers.features import Features
from textcnn.models.layers.field import Field
from textcnn.models.layers.k_max import k_max

GARBAGE = (0.0, 1e6, torch.nan, torch.inf, -torch.inf)


def k_max_of(rows: list[list[float]], k: list[int], most: int) -> tuple[Features, torch.Tensor]:
    """Of texts of one channel in a batch, with 99 behind them."""
    lengths = [len(row) for row in rows]
    padded = [[*row, *[99.0] * (max(lengths) - len(row))] for row in rows]
    features = Features(
        torch.tensor(padded).float()[:, None], torch.tensor(lengths), Field(3, 2, -1)
    )
    return k_max(features, torch.tensor(k), most)


def test_largest_stay_in_the_order_of_the_text() -> None:
    kept, places = k_max_of([[1, 9, 3, 2, 7]], [3], 3)
    assert kept.values.tolist() == [[[9, 3, 7]]]
    assert places.tolist() == [[[1, 2, 4]]]


def test_first_of_equals_are_kept() -> None:
    _, places = k_max_of([[3, 1, 3, 2, 3], [0, 0, 0, 0, 0]], [2, 2], 2)
    assert places.tolist() == [[[0, 2]], [[0, 1]]]


def test_each_text_has_its_own_k() -> None:
    kept, places = k_max_of([[4, 6, 5], [4, 6, 5], [4, 6, 5]], [1, 2, 3], 3)
    assert kept.lengths.tolist() == [1, 2, 3]
    assert kept.values.tolist() == [[[6, 0, 0]], [[6, 5, 0]], [[4, 6, 5]]]
    assert places[0, 0, :1].tolist() == [1]
    assert places[1, 0, :2].tolist() == [1, 2]


def test_text_with_fewer_positions_keeps_them_all() -> None:
    kept, places = k_max_of([[-1, -2], [3, 2, 1]], [4, 4], 5)
    assert kept.lengths.tolist() == [2, 3]
    assert kept.values.tolist() == [[[-1, -2, 0, 0, 0]], [[3, 2, 1, 0, 0]]]
    assert places[0, 0, :2].tolist() == [0, 1]


def test_channels_choose_for_themselves() -> None:
    values = torch.tensor([[[1.0, 2, 3], [3.0, 2, 1]]])
    _, places = k_max(Features(values, torch.tensor([3])), torch.tensor([2]), 2)
    assert places.tolist() == [[[1, 2], [0, 1]]]


def test_kept_depend_on_the_whole_text() -> None:
    kept, _ = k_max_of([[1, 2, 3]], [2], 2)
    assert kept.field == Field(None, 2, -1)
    assert kept._known.clean


@given(
    data=st.data(),
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    extra=st.integers(0, 9),
    garbage=st.sampled_from(GARBAGE),
)
def test_padding_and_equals_change_neither_choice_nor_gradient(
    data: st.DataObject, lengths: list[int], extra: int, garbage: float
) -> None:
    k = data.draw(st.lists(st.integers(1, 10), min_size=len(lengths), max_size=len(lengths)))
    most = max(k) + data.draw(st.integers(0, 2))
    values = torch.full((len(lengths), 1, max(lengths) + extra), garbage)
    numbers = st.sampled_from([-2.0, -1.0, 0.0, 1.0, -torch.inf])  # -inf is no worse a number
    rows = [data.draw(st.lists(numbers, min_size=n, max_size=n)) for n in lengths]
    for row, text in zip(values, rows, strict=True):
        row[0, : len(text)] = torch.tensor(text)
    values.requires_grad_()
    kept, places = k_max(Features(values, torch.tensor(lengths)), torch.tensor(k), most)
    kept.values.sum().backward()
    assert values.grad is not None
    for number, (row, count) in enumerate(zip(rows, k, strict=True)):
        best = sorted(sorted(range(len(row)), key=lambda place: -row[place])[:count])
        assert kept.lengths[number] == len(best)
        assert places[number, 0, : len(best)].tolist() == best
        filled = [row[place] for place in best] + [0.0] * (most - len(best))
        assert kept.values[number, 0].tolist() == filled
        expected = [float(place in best) for place in range(values.shape[2])]
        assert values.grad[number, 0].tolist() == expected
