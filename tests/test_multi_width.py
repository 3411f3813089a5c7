"""The multi-width encoder: a convolution worked out by hand, short texts, how far a filter sees."""

import pytest
import torch
from tiny_models import build, text_of

from textcnn.models.build import build_model
from textcnn.models.classifier import Activations, TextCNN
from textcnn.models.encoders.multi_width import MultiWidth
from textcnn.models.layers.features import Features

pytest_plugins = ("tiny_run",)  # one thread


def weights(encoder: MultiWidth) -> MultiWidth:
    """Width 1 with the filters 2x + 1 and -x, width 2 with x + 10 y and y - x - 6."""
    encoder.load_state_dict(
        {
            "convolutions.0.weight": torch.tensor([[[2.0]], [[-1.0]]]),
            "convolutions.0.bias": torch.tensor([1.0, 0.0]),
            "convolutions.1.weight": torch.tensor([[[1.0, 10.0]], [[-1.0, 1.0]]]),
            "convolutions.1.bias": torch.tensor([0.0, -6.0]),
        }
    )
    return encoder


def by_hand() -> MultiWidth:
    return weights(MultiWidth(1, kernel_sizes=(1, 2), num_filters=2))


def embed(*texts: list[float]) -> Features:
    """Texts of one number per token, side by side: (batch, 1, time); 99 behind their ends."""
    longest = max(len(text) for text in texts)
    padded = [text + [99.0] * (longest - len(text)) for text in texts]
    return Features(torch.tensor(padded)[:, None], torch.tensor([len(text) for text in texts]))


def classify(*texts: list[float]) -> Activations:
    """Through a classifier whose tokens 1, 2, ... are the numbers of all texts, in their order."""
    numbers = [number for text in texts for number in text]
    model = build_model(
        "multi_width",
        vocabulary_size=len(numbers) + 1,
        num_classes=2,
        embedding_dim=1,
        kernel_sizes=(1, 2),
        num_filters=2,
    )
    assert isinstance(model, TextCNN)
    assert isinstance(model.encoder, MultiWidth)
    assert model.embedding.table is not None
    weights(model.encoder)
    with torch.no_grad():
        model.embedding.table.weight[1:, 0] = torch.tensor(numbers)
    longest = max(map(len, texts))
    token, ids = iter(range(1, len(numbers) + 1)), []
    for text in texts:
        ids.append([next(token) for _ in text] + [0] * (longest - len(text)))
    lengths = torch.tensor([len(text) for text in texts])
    return model.activations(torch.tensor(ids).reshape(len(texts), longest).long(), lengths)


def test_features_and_winners_are_those_worked_out_by_hand() -> None:
    one, two = by_hand()(embed([3.0, 1.0, 2.0]))
    assert one.values.tolist() == [[[7.0, 3.0, 5.0], [-3.0, -1.0, -2.0]]]
    # x + 10 y: 3 + 10, 1 + 20; y - x - 6: 1 - 3 - 6, 2 - 1 - 6
    assert two.values.tolist() == [[[13.0, 21.0], [-8.0, -5.0]]]
    assert (one.lengths.tolist(), two.lengths.tolist()) == ([3], [2])
    trace = classify([3.0, 1.0, 2.0])
    assert [features.tolist() for features in trace.features] == [
        [[[7.0, 3.0, 5.0], [0.0, 0.0, 0.0]]],  # after the ReLU
        [[[13.0, 21.0], [0.0, 0.0]]],
    ]
    assert trace.pooled.tolist() == [[7.0, 0.0, 21.0, 0.0]]
    assert trace.winners is not None
    assert trace.winners.tolist() == [[0, 1, 1, 1]]


def test_windows_that_reach_into_padding_are_left_out() -> None:
    _, two = by_hand()(embed([3.0, 1.0], [-1.0, -2.0, 4.0]))
    # of the first text, width 2 sees the window (3, 1) alone: (1, 0) would reach into padding
    assert two.lengths.tolist() == [1, 2]
    trace = classify([3.0, 1.0], [-1.0, -2.0, 4.0])
    assert trace.features[1][0].tolist() == [[13.0, 0.0], [0.0, 0.0]]
    assert trace.winners is not None
    assert trace.pooled[0].tolist() == [7.0, 0.0, 13.0, 0.0]
    assert trace.winners[0].tolist() == [0, 1, 0, 0]
    # the second: 2x + 1 = -1, -3, 9; -x = 1, 2, -4; x + 10 y = -21, 38; y - x - 6 = -7, 0
    assert trace.pooled[1].tolist() == [9.0, 2.0, 38.0, 0.0]
    assert trace.winners[1].tolist() == [2, 1, 1, 1]


def test_text_shorter_than_the_kernel_has_one_window_filled_up_with_zeros() -> None:
    trace = classify([3.0])
    assert trace.features[1].tolist() == [[[3.0], [0.0]]]  # x + 10 * 0; 0 - 3 - 6
    assert trace.pooled.tolist() == [[7.0, 0.0, 3.0, 0.0]]
    assert trace.winners is not None
    assert trace.winners.tolist() == [[0, 0, 0, 0]]


@pytest.mark.parametrize("mate", [[], [5.0], [5.0] * 4])
def test_features_of_an_empty_text_are_the_biases_after_the_relu(mate: list[float]) -> None:
    trace = classify([], mate)
    assert trace.pooled[0].tolist() == [1.0, 0.0, 0.0, 0.0]  # biases 1, 0, 0, -6
    assert trace.winners is not None
    assert trace.winners[0].tolist() == [0, 0, 0, 0]


def test_no_texts_at_all_have_no_features() -> None:
    model = build("multi_width")
    none = torch.zeros(0, 3, dtype=torch.int64), torch.zeros(0, dtype=torch.int64)
    assert model(*none).shape == (0, 3)
    assert model.activations(*none).pooled.shape == (0, 12)


def test_each_width_has_a_map_of_its_own_with_a_feature_for_each_filter() -> None:
    encoder = MultiWidth(3, kernel_sizes=(2, 3, 4), num_filters=5)
    maps = encoder(Features(torch.randn(2, 3, 7), torch.tensor([7, 4])))
    assert encoder.channels == (5, 5, 5)
    assert [tuple(map.values.shape) for map in maps] == [(2, 5, 6), (2, 5, 5), (2, 5, 4)]
    assert [map.lengths.tolist() for map in maps] == [[6, 3], [5, 2], [4, 1]]
    assert [map.field.size for map in maps] == [2, 3, 4]
    assert [p.tolist() for p in encoder.positions(torch.tensor([7, 4]))] == [[6, 3], [5, 2], [4, 1]]


@pytest.mark.parametrize("activation", ["relu", "tanh", "elu", "leaky_relu", "gelu", "none"])
def test_max_pooling_before_or_after_the_activation_is_the_same(activation: str) -> None:
    """The classifier takes the maximum first where the activation keeps the order."""
    model = build("multi_width", activation=activation)
    ids = torch.tensor([text_of(9, seed) for seed in range(20)])
    trace = model.activations(ids, torch.full((20,), 9))
    after = torch.cat([features.amax(dim=2) for features in trace.features], dim=1)
    torch.testing.assert_close(trace.pooled, after)
