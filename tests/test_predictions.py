"""The logits of a split, kept in one pass that changes no score."""

from math import log
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from textcnn.data.batching import EncodedTexts
from textcnn.evaluation.metrics import score_texts
from textcnn.evaluation.multi_label import score_label_sets
from textcnn.evaluation.predictions import Predictions, score_split
from textcnn.text.vocabulary import UNKNOWN

CPU = torch.device("cpu")
LABELS = ("a", "b", "c")
PROBABILITIES = [
    (0.50, 0.25, 0.25),
    (0.25, 0.50, 0.25),
    (0.25, 0.50, 0.25),
    (0.40, 0.40, 0.20),
    (0.05, 0.15, 0.80),
]
TRUE = [0, 0, 1, 1, 3]  # the last class is none of the classifier's
SETS = [[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 0], [0, 0, 1]]


class Known(nn.Module):
    """Gives text number n, whose first token is n + 2, its logits."""

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        return torch.tensor(PROBABILITIES).log()[ids[:, 0] - 2]


def texts(labels: Any) -> EncodedTexts:
    """Text n has n + 1 tokens; the last of the fourth and the fifth are unknown and cut off."""
    lengths = np.array([1, 2, 3, 3, 3])
    ids = [np.full(length, n + 2, np.int32) for n, length in enumerate(lengths)]
    ids[3][2] = UNKNOWN
    offsets = np.append(0, np.cumsum(lengths))
    return EncodedTexts(np.concatenate(ids), offsets, np.arange(1, 6), np.array(labels))


def classifier(thresholds: tuple[float, ...] | None = None) -> Any:
    model = Known()
    return SimpleNamespace(model=model, network=model, labels=LABELS, raw_thresholds=thresholds)


@pytest.fixture(scope="module")
def kept() -> Predictions:
    return score_split(classifier(), texts(TRUE), CPU, batch_size=2)[1]


def test_scores_are_those_without_keeping_anything() -> None:
    scores, _ = score_split(classifier(), texts(TRUE), CPU, batch_size=2)
    assert scores == score_texts(Known(), texts(TRUE), LABELS, CPU, batch_size=2)
    halves = (0.5, 0.5, 0.5)
    scores, _ = score_split(classifier(halves), texts(np.array(SETS, bool)), CPU, batch_size=2)
    assert (
        scores
        == score_label_sets(
            Known(), texts(np.array(SETS, bool)), LABELS, CPU, thresholds=halves, batch_size=2
        )[0]
    )


def test_logits_are_in_the_order_of_the_texts(kept: Predictions) -> None:
    assert kept.logits is not None
    assert torch.equal(kept.logits, torch.tensor(PROBABILITIES).log())
    assert kept.probabilities is not None
    torch.testing.assert_close(kept.probabilities, torch.tensor(PROBABILITIES))
    assert kept.confidences == pytest.approx([0.5, 0.5, 0.5, 0.4, 0.8])


def test_predictions_ranks_and_losses_are_worked_out_by_hand(kept: Predictions) -> None:
    assert kept.predicted.tolist() == [0, 1, 1, 0, 2]
    # of equal logits the first comes before; an unknown class comes after all others
    assert kept.ranks.tolist() == [0, 1, 0, 1, 3]
    assert kept.correct.tolist() == [True, False, True, False, False]
    expected = [log(2), log(4), log(2), log(2.5)]
    assert kept.losses[:4] == pytest.approx(expected)
    assert np.isnan(kept.losses[4])


def test_lengths_cuts_unknown_tokens_and_rows_are_those_of_the_texts(kept: Predictions) -> None:
    assert kept.lengths.tolist() == [1, 2, 3, 4, 5]
    assert kept.truncated.tolist() == [False, False, False, True, True]
    assert kept.unknown == pytest.approx([0, 0, 0, 1 / 3, 0])
    assert kept.rows.tolist() == [1, 2, 3, 4, 5]
    given = score_split(classifier(), texts(TRUE), CPU, np.array([9, 7, 5, 3, 1]))[1]
    assert given.rows.tolist() == [9, 7, 5, 3, 1]


def test_of_many_classes_the_most_probable_stay_and_the_numbers_are_the_same(
    kept: Predictions,
) -> None:
    few = score_split(classifier(), texts(TRUE), CPU, most_logits=14)[1]
    assert few.logits is None
    assert few.probabilities is None
    for name in ("predicted", "ranks", "losses", "correct", "confidences"):
        np.testing.assert_array_equal(getattr(few, name), getattr(kept, name))
    assert torch.equal(few.top, kept.top)
    assert few.top[4].tolist() == [2, 1, 0]


def test_label_sets_are_chosen_by_their_thresholds() -> None:
    sets = np.array(SETS, bool)
    kept = score_split(classifier((0.3, 0.3, 0.3)), texts(sets), CPU, batch_size=2)[1]
    # sigmoid(log p) = p / (1 + p): 0.5 gives 1/3, 0.4 gives 0.29, 0.8 gives 0.44
    assert kept.chosen_sets.tolist() == [
        [True, False, False],
        [False, True, False],
        [False, True, False],
        [False, False, False],
        [False, False, True],
    ]
    assert kept.correct.tolist() == [True, False, True, True, True]
    assert len(kept.ranks) == 0


def test_two_ranks_hold_the_texts_between_them(kept: Predictions) -> None:
    # without a process group each sees its own batches alone, and zeros for the others
    parts = [
        score_split(classifier(), texts(TRUE), CPU, batch_size=2, rank=rank, count=2)[1]
        for rank in (0, 1)
    ]
    assert kept.logits is not None
    for name in ("logits", "totals"):
        first, second = (getattr(part, name) for part in parts)
        assert torch.equal(first + second, getattr(kept, name))
