"""The DCNN's folding and its dynamic k, with numbers worked out by hand."""

import re

import pytest
import torch
from torch import Tensor

from textcnn.errors import InputError
from textcnn.models.encoders.dcnn import Dcnn, sum_row_pairs
from textcnn.models.layers.features import Features

pytest_plugins = ("tiny_run",)  # one thread


def texts(*lengths: int, channels: int) -> Features:
    return Features(torch.randn(len(lengths), channels, max(lengths)), torch.tensor(lengths))


def test_folding_adds_every_two_rows_map_by_map() -> None:
    # four rows of two maps, at one position: rows 1 and 2 together, rows 3 and 4
    values = torch.tensor([1.0, 10.0, 2.0, 20.0, 3.0, 30.0, 4.0, 40.0])[None, :, None]
    assert sum_row_pairs(values, filters=2).flatten().tolist() == [3.0, 30.0, 7.0, 70.0]


def test_a_filter_reads_its_own_row_alone() -> None:
    torch.manual_seed(0)
    encoder = Dcnn(4, kernel_sizes=(2,), num_filters=(3,), add_row_pairs=False)
    values = torch.randn(1, 4, 5, requires_grad=True)
    (map,) = encoder(Features(values, torch.tensor([5])))
    for row in range(4):
        rows = map.values[:, 3 * row : 3 * row + 3].sum()  # the maps of a row side by side
        (gradient,) = torch.autograd.grad(rows, values, retain_graph=True)
        assert gradient[0].abs().sum(dim=1).nonzero().flatten().tolist() == [row]


def by_hand() -> Dcnn:
    """Two layers of one row and one filter of width 1 that changes nothing; k is 2."""
    encoder = Dcnn(
        1,
        kernel_sizes=(1, 1),
        num_filters=(1, 1),
        add_row_pairs=False,
        dynamic_k=2,
        activation="none",
    )
    with torch.no_grad():
        for name, parameter in encoder.named_parameters():
            parameter.fill_(0.0 if name.endswith("bias") else 1.0)
    return encoder


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ([5.0, 1.0, 4.0, 3.0, 2.0, 6.0], [5.0, 4.0, 6.0]),  # (2 - 1) / 2 x 6 = 3 of 6
        ([5.0, 1.0, 4.0, 3.0, 2.0], [5.0, 4.0, 3.0]),  # 2.5, rounded up
        ([1.0, 3.0, 2.0], [3.0, 2.0]),  # 1.5, rounded up
        ([1.0, 3.0], [1.0, 3.0]),  # 1, but k is 2
        ([7.0], [7.0]),  # no more than there are
    ],
)
def test_the_first_of_two_layers_keeps_half_of_the_tokens_but_at_least_k(
    text: list[float], kept: list[float]
) -> None:
    (map,) = by_hand()(Features(torch.tensor([[text]]), torch.tensor([len(text)])))
    assert int(map.lengths) == len(kept)
    assert map.values[0, 0, : len(kept)].tolist() == kept


def test_each_text_of_a_batch_keeps_as_many_as_alone() -> None:
    padded = torch.tensor([[[1.0, 9.0, 2.0, 8.0, 3.0, 7.0]], [[4.0, 5.0, 99.0, 99.0, 99.0, 99.0]]])
    (map,) = by_hand()(Features(padded, torch.tensor([6, 2])))
    assert map.lengths.tolist() == [3, 2]
    assert map.values[:, 0].tolist() == [[9.0, 8.0, 7.0], [4.0, 5.0, 0.0]]


def test_three_layers_keep_two_thirds_then_one_third_and_the_last_all() -> None:
    encoder = Dcnn(
        1, kernel_sizes=(3, 3, 3), num_filters=(1, 1, 1), add_row_pairs=False, dynamic_k=1
    )
    lengths: list[Tensor] = []
    for layer in encoder.convolutions:
        layer.register_forward_pre_hook(lambda _, given: lengths.append(given[0].lengths))
    (map,) = encoder(texts(18, 10, channels=1))
    # ceil(2/3 x 18), ceil(2/3 x 10); ceil(1/3 x 18), ceil(1/3 x 10); wide windows add 2
    assert [given.tolist() for given in lengths] == [[18, 10], [12, 7], [6, 4]]
    assert map.lengths.tolist() == [8, 6]


def test_rows_that_cannot_be_folded_are_refused_with_a_number_that_can() -> None:
    with pytest.raises(InputError, match=re.escape("got 50 rows")) as refused:
        Dcnn(50, kernel_sizes=(7, 5), num_filters=(6, 14))
    assert "larger by 2" in str(refused.value)
    assert "model.add_row_pairs=false" in str(refused.value)
