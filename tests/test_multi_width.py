"""The multi-width encoder: a convolution worked out by hand, short texts, the receptive field."""

import pytest
import torch
from torch import Tensor

from textcnn.models.multi_width import MultiWidth


def by_hand() -> MultiWidth:
    """One channel; width 1 with the filters 2x + 1 and -x, width 2 with x + 10 y and y - x - 6."""
    encoder = MultiWidth(channels=1, kernel_sizes=(1, 2), num_filters=2)
    encoder.load_state_dict(
        {
            "convolutions.0.weight": torch.tensor([[[2.0]], [[-1.0]]]),
            "convolutions.0.bias": torch.tensor([1.0, 0.0]),
            "convolutions.1.weight": torch.tensor([[[1.0, 10.0]], [[-1.0, 1.0]]]),
            "convolutions.1.bias": torch.tensor([0.0, -6.0]),
        }
    )
    return encoder


def embed(*texts: list[float]) -> tuple[Tensor, Tensor]:
    """Texts of one number per token, side by side: (batch, time, 1) and (batch,)."""
    longest = max(len(text) for text in texts)
    padded = [text + [0.0] * (longest - len(text)) for text in texts]
    lengths = torch.tensor([len(text) for text in texts])
    return torch.tensor(padded).reshape(len(texts), longest, 1), lengths


def test_features_and_winners_are_those_worked_out_by_hand() -> None:
    responses, pooled, winners = by_hand()(*embed([3.0, 1.0, 2.0]))
    assert responses[0].tolist() == [[[7.0, 3.0, 5.0], [-3.0, -1.0, -2.0]]]
    # x + 10 y: 3 + 10, 1 + 20; y - x - 6: 1 - 3 - 6, 2 - 1 - 6
    assert responses[1].tolist() == [[[13.0, 21.0], [-8.0, -5.0]]]
    assert pooled.tolist() == [[7.0, 0.0, 21.0, 0.0]]  # after the ReLU
    assert winners.tolist() == [[0, 1, 1, 1]]


def test_windows_that_reach_into_padding_are_left_out() -> None:
    responses, pooled, winners = by_hand()(*embed([3.0, 1.0], [-1.0, -2.0, 4.0]))
    # of the first text, width 2 sees the window (3, 1) alone: (1, 0) would reach into padding
    assert responses[1][0].tolist() == [[13.0, -torch.inf], [-8.0, -torch.inf]]
    assert pooled[0].tolist() == [7.0, 0.0, 13.0, 0.0]
    assert winners[0].tolist() == [0, 1, 0, 0]
    # the second: 2x + 1 = -1, -3, 9; -x = 1, 2, -4; x + 10 y = -21, 38; y - x - 6 = -7, 0
    assert pooled[1].tolist() == [9.0, 2.0, 38.0, 0.0]
    assert winners[1].tolist() == [2, 1, 1, 1]


def test_text_shorter_than_the_kernel_has_one_window_filled_up_with_zeros() -> None:
    _, pooled, winners = by_hand()(*embed([3.0]))
    assert pooled.tolist() == [[7.0, 0.0, 3.0, 0.0]]  # x + 10 * 0; 0 - 3 - 6
    assert winners.tolist() == [[0, 0, 0, 0]]


@pytest.mark.parametrize("time", [0, 1, 5])
def test_features_of_an_empty_text_are_the_biases_after_the_relu(time: int) -> None:
    _, pooled, winners = by_hand()(torch.zeros(1, time, 1), torch.tensor([0]))
    assert pooled.tolist() == [[1.0, 0.0, 0.0, 0.0]]  # biases 1, 0, 0, -6
    assert winners.tolist() == [[0, 0, 0, 0]]


def test_no_texts_at_all_have_no_features() -> None:
    _, pooled, _ = by_hand()(torch.zeros(0, 3, 1), torch.zeros(0, dtype=torch.int64))
    assert pooled.shape == (0, 4)


@pytest.mark.parametrize("kernel_sizes", [(1,), (3, 4, 5), (5, 2), (4, 4)])
def test_receptive_field_and_stride_are_what_gradients_measure(
    kernel_sizes: tuple[int, ...],
) -> None:
    torch.manual_seed(0)
    encoder = MultiWidth(channels=3, kernel_sizes=kernel_sizes, num_filters=2)
    embedded = torch.randn(1, 12, 3, requires_grad=True)
    responses, _, _ = encoder(embedded, torch.tensor([12]))
    spans = []
    for response, kernel_size in zip(responses, kernel_sizes, strict=True):
        for window in (4, 5):
            (gradient,) = torch.autograd.grad(response[0, 1, window], embedded, retain_graph=True)
            seen = gradient[0].abs().sum(dim=1).nonzero().flatten().tolist()  # tokens
            assert seen == list(range(window * encoder.stride, window + kernel_size))
            spans.append(len(seen))
    assert max(spans) == encoder.receptive_field


def test_output_has_a_feature_for_each_filter_of_each_width() -> None:
    encoder = MultiWidth(channels=3, kernel_sizes=(2, 3, 4), num_filters=5)
    responses, pooled, winners = encoder(torch.randn(2, 7, 3), torch.tensor([7, 4]))
    assert [tuple(response.shape) for response in responses] == [(2, 5, 6), (2, 5, 5), (2, 5, 4)]
    assert pooled.shape == winners.shape == (2, encoder.num_features) == (2, 15)
