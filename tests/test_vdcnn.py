"""VDCNN's ways of halving, and its blocks, with numbers worked out by hand."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from textcnn.models.encoders.vdcnn import Block, Half, Vdcnn
from textcnn.models.layers.convolution import Convolution
from textcnn.models.layers.features import Features
from textcnn.models.layers.max_pool import MaxPool

pytest_plugins = ("tiny_run",)  # one thread


def features(*texts: list[float]) -> Features:
    """Texts of one number per position."""
    longest = max(map(len, texts))
    padded = [text + [99.0] * (longest - len(text)) for text in texts]
    return Features(torch.tensor(padded)[:, None], torch.tensor([len(text) for text in texts]))


def own(of: Features) -> list[list[float]]:
    """Each text's own numbers, of its one channel."""
    rows = zip(of.values[:, 0].tolist(), of.lengths.tolist(), strict=True)
    return [row[:length] for row, length in rows]


def test_half_keeps_the_larger_half_of_a_text_in_its_order() -> None:
    kept = Half()(features([1.0, 7.0, 3.0, 5.0], [2.0, -1.0, 4.0], [-6.0]))
    assert own(kept) == [[7.0, 5.0], [2.0, 4.0], [-6.0]]


def test_half_chooses_for_each_channel_by_itself() -> None:
    values = torch.tensor([[[1.0, 2.0, 3.0, 4.0], [8.0, 5.0, 6.0, 7.0]]])
    kept = Half()(Features(values, torch.tensor([4])))
    assert kept.values.tolist() == [[[3.0, 4.0], [8.0, 7.0]]]


def test_max_pooling_takes_the_largest_around_every_second_position() -> None:
    pool = MaxPool(3, stride=2, padding="zeros")
    # of -1 and 0, of 0, 5 and -3; of -4 and -2, of -2 and -7: nothing over the ends takes part
    halved = pool(features([-1.0, 0.0, 5.0, -3.0], [-4.0, -2.0, -7.0], [-6.0]))
    assert own(halved) == [[0.0, 5.0], [-2.0, -2.0], [-6.0]]


def test_a_strided_convolution_reads_around_every_second_position() -> None:
    layer = Convolution(1, 1, 3, padding="zeros", stride=2)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[[1.0, 10.0, 100.0]]]))
        layer.bias.zero_()  # type: ignore[union-attr]
    # around 1: 0, 1, 2; around 3: 2, 3, 4. Of three positions the second window ends in a zero.
    halved = layer(features([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0]))
    assert own(halved) == [[210.0, 432.0], [210.0, 32.0]]


@pytest.mark.parametrize(
    "layer",
    [
        Half(),
        MaxPool(3, stride=2, padding="zeros"),
        Convolution(1, 1, 3, padding="zeros", stride=2),
        Convolution(1, 1, 3, padding="causal", stride=2),
    ],
    ids=["kmax", "max", "convolution", "causal convolution"],
)
@given(lengths=st.lists(st.integers(1, 20), min_size=1, max_size=4))
def test_every_way_of_halving_leaves_half_the_positions_rounded_up(
    layer: Half | MaxPool | Convolution, lengths: list[int]
) -> None:
    halved = layer(features(*([1.0] * length for length in lengths)))
    assert halved.lengths.tolist() == [-(-length // 2) for length in lengths]
    assert torch.equal(halved.lengths, layer.positions(torch.tensor(lengths)))
    assert halved.values.shape[2] == max(halved.lengths.tolist())


@pytest.mark.parametrize("halving", ["max", "kmax", "convolution"])
def test_three_halvings_leave_an_eighth_of_the_positions(halving: str) -> None:
    encoder = Vdcnn(3, depth=9, num_filters=2, halving=halving)
    for tokens, left in [(1, 1), (8, 1), (9, 2), (16, 2), (17, 3), (1014, 127)]:
        (features_of,) = encoder(Features(torch.randn(2, 3, tokens), torch.tensor([tokens, 1])))
        assert features_of.lengths.tolist() == [left, 1]
        assert features_of.values.shape == (2, 16, left)


@pytest.mark.parametrize(("shortcut", "expected"), [(False, [6.0, 0.0]), (True, [8.0, -5.0])])
def test_a_shortcut_adds_what_goes_in(shortcut: bool, expected: list[float]) -> None:
    block = Block([Convolution(1, 1, 1), Convolution(1, 1, 1)], shortcut, "none", "relu")
    with torch.no_grad():
        for name, parameter in block.named_parameters():
            parameter.fill_(0.0 if name.endswith("bias") else 1.0)
        block.convolutions[0].weight.fill_(3.0)  # type: ignore[operator]
    # 3 x 2 = 6, then 1 x 6; 3 x -5 is below 0
    assert own(block(features([2.0, -5.0]))) == [expected]
