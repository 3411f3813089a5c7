"""Boundary modes, by hand: a kernel of powers of ten makes numbers whose digits are the tokens."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from textcnn.models.layers.convolution import Convolution
from textcnn.models.layers.features import Features
from textcnn.models.layers.max_pool import MaxPool
from textcnn.models.layers.padding import extend, inside, margins


def windows(padding: str, kernel_size: int, *texts: list[int], extra: int = 0) -> list[list[int]]:
    """What each window of each text sees, in a batch with 99 behind the texts."""
    layer = Convolution(1, 1, kernel_size, padding=padding, bias=False)
    powers = 10.0 ** torch.arange(kernel_size - 1, -1, -1)
    layer.load_state_dict({"weight": powers[None, None]})
    lengths = [len(text) for text in texts]
    rows = [[*text, *[99] * (max(lengths) + extra - len(text))] for text in texts]
    made = layer(Features(torch.tensor(rows)[:, None].float(), torch.tensor(lengths)))
    pairs = zip(made.values[:, 0].tolist(), made.lengths.tolist(), strict=True)
    return [[int(number) for number in row[:length]] for row, length in pairs]


@pytest.mark.parametrize("extra", [0, 1, 7])
@pytest.mark.parametrize(
    ("padding", "short", "long"),
    [
        ("valid", [123], [567, 678, 789]),
        ("zeros", [12, 123, 230], [56, 567, 678, 789, 890]),
        ("reflect", [212, 123, 232], [656, 567, 678, 789, 898]),
        ("replicate", [112, 123, 233], [556, 567, 678, 789, 899]),
        ("circular", [312, 123, 231], [956, 567, 678, 789, 895]),
        ("full", [1, 12, 123, 230, 300], [5, 56, 567, 678, 789, 890, 900]),
        ("causal", [1, 12, 123], [5, 56, 567, 678, 789]),
    ],
)
def test_boundaries_are_at_each_texts_own_ends(
    padding: str, short: list[int], long: list[int], extra: int
) -> None:
    assert windows(padding, 3, [1, 2, 3], [5, 6, 7, 8, 9], extra=extra) == [short, long]


@pytest.mark.parametrize(
    ("padding", "expected"),
    [
        ("valid", [1230]),  # shorter than the kernel: one window
        ("zeros", [123, 1230, 2300]),  # one to the left, two to the right
        ("reflect", [2123, 1232, 2321]),
        ("replicate", [1123, 1233, 2333]),
        ("circular", [3123, 1231, 2312]),
        ("full", [1, 12, 123, 1230, 2300, 3000]),
        ("causal", [1, 12, 123]),
    ],
)
def test_kernel_of_even_size_reaches_one_farther_to_the_right(
    padding: str, expected: list[int]
) -> None:
    assert windows(padding, 4, [1, 2, 3], [4, 4, 4, 4, 4, 4])[0] == expected
    assert windows(padding, 4, [1, 2, 3])[0] == expected


@pytest.mark.parametrize(
    ("padding", "expected"),
    [
        ("valid", [700]),
        ("zeros", [70]),
        ("reflect", [777]),
        ("replicate", [777]),
        ("circular", [777]),
        ("full", [7, 70, 700]),
        ("causal", [7]),
    ],
)
def test_text_of_one_token(padding: str, expected: list[int]) -> None:
    assert windows(padding, 3, [7], [1, 2, 3, 4, 5])[0] == expected
    assert windows(padding, 3, [7])[0] == expected


@pytest.mark.parametrize(
    ("padding", "two", "three"),
    [
        ("reflect", [2121212, 1212121], [2321232, 3212321, 2123212]),
        ("replicate", [1111222, 1112222], [1111233, 1112333, 1123333]),
        ("circular", [2121212, 1212121], [1231231, 2312312, 3123123]),
        ("zeros", [1200, 12000], [1230, 12300, 123000]),
        ("valid", [1200000], [1230000]),
    ],
)
def test_margin_may_be_longer_than_the_text(padding: str, two: list[int], three: list[int]) -> None:
    assert windows(padding, 7, [1, 2], [1, 2, 3], extra=5) == [two, three]


@pytest.mark.parametrize("padding", ["valid", "zeros", "reflect", "replicate", "circular", "full"])
def test_kernel_of_one_token_sees_each_token_once(padding: str) -> None:
    assert windows(padding, 1, [1, 2], [3, 4, 5]) == [[1, 2], [3, 4, 5]]


def test_positions_over_the_ends_stand_for_positions_inside() -> None:
    position, length = torch.arange(-5, 8), torch.tensor(3)
    there_and_back = [1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1]
    assert inside(position, length, "reflect").tolist() == there_and_back
    assert inside(position, length, "replicate").tolist() == [0] * 6 + [1] + [2] * 6
    assert inside(position, length, "circular").tolist() == [1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1]


def test_all_positions_over_the_ends_of_one_token_are_that_token() -> None:
    for padding in ("reflect", "replicate", "circular"):
        assert inside(torch.arange(-4, 5), torch.tensor(1), padding).tolist() == [0] * 9


@pytest.mark.parametrize(
    ("padding", "odd", "even"),
    [
        ("valid", (0, 0), (0, 0)),
        ("zeros", (2, 2), (1, 2)),
        ("circular", (2, 2), (1, 2)),
        ("full", (4, 4), (3, 3)),
        ("causal", (4, 0), (3, 0)),
    ],
)
def test_margins_of_a_window_of_five_and_of_four(
    padding: str, odd: tuple[int, int], even: tuple[int, int]
) -> None:
    assert margins(padding, 5) == odd
    assert margins(padding, 4) == even


@pytest.mark.parametrize("padding", ["valid", "zeros", "reflect"])
def test_text_without_margins_is_only_cleaned(padding: str) -> None:
    values = torch.tensor([[[1.0, 2.0, 99.0]], [[3.0, 4.0, 5.0]]])
    extended = extend(Features(values, torch.tensor([2, 3])), padding, 0, 0)
    assert extended.tolist() == [[[1, 2, 0]], [[3, 4, 5]]]


def max_of_windows(pool: MaxPool, *texts: list[int]) -> list[list[int]]:
    """The largest of each window, of texts in a batch with 99 behind them."""
    longest = max(len(text) for text in texts)
    rows = torch.tensor([[*text, *[99] * (longest + 2 - len(text))] for text in texts])
    made = pool(Features(rows[:, None].float(), torch.tensor([len(text) for text in texts])))
    pairs = zip(made.values[:, 0].tolist(), made.lengths.tolist(), strict=True)
    return [row[:length] for row, length in pairs]


def test_windows_of_a_max_pool_see_nothing_over_the_ends() -> None:
    # 1 5 2 | 2 4 3; of the short text all of it
    assert max_of_windows(MaxPool(3, 2), [1, 5, 2, 4, 3], [-7, -8]) == [[5, 4], [-7]]
    # . 1 5 | 5 2 4 | 4 3 .; and no zero that would be larger
    around = MaxPool(3, 2, padding="zeros")
    assert max_of_windows(around, [1, 5, 2, 4, 3], [-7, -8]) == [[5, 5, 4], [-7]]
    # even: 1 5 | 5 2 | 2 .
    assert max_of_windows(MaxPool(2, 1, padding="zeros"), [1, 5, 2], [-7]) == [[5, 5, 2], [-7]]


@given(
    padding=st.sampled_from(["valid", "zeros"]),
    kernel_size=st.integers(1, 5),
    stride=st.integers(1, 4),
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    extra=st.integers(0, 9),
    garbage=st.sampled_from([0.0, 1e6, torch.nan, torch.inf, -torch.inf]),
)
def test_max_pool_of_a_batch_is_that_of_each_text_and_finite_throughout(
    padding: str, kernel_size: int, stride: int, lengths: list[int], extra: int, garbage: float
) -> None:
    values = torch.randn(len(lengths), 2, max(lengths) + extra)
    batch = Features(values, torch.tensor(lengths))
    values.masked_fill_(batch.outside, garbage).requires_grad_()
    pool = MaxPool(kernel_size, stride, padding)
    made = pool(batch)
    left = (kernel_size - 1) // 2 if padding == "zeros" else 0
    for row, text, length in zip(made.values, values, lengths, strict=True):
        last = length if padding == "zeros" else max(length - kernel_size + 1, 1)
        starts = [start - left for start in range(0, last, stride)]
        windows = [text[:, max(start, 0) : min(start + kernel_size, length)] for start in starts]
        expected = torch.stack([window.amax(dim=1) for window in windows], dim=1)
        assert torch.equal(row[:, : len(windows)], expected)
        assert row[:, len(windows) :].count_nonzero() == 0
    assert made._known.clean
    assert torch.equal(pool.positions(batch.lengths), made.lengths)
    made.values.sum().backward()
    assert values.grad is not None
    assert values.grad.sum() == 2 * made.lengths.sum()  # one winner of each window and channel
    assert values.grad.masked_select(batch.outside).count_nonzero() == 0
