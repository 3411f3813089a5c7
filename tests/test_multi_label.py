"""Scores and thresholds of label sets, worked out by hand and held against scikit-learn."""

import json
import os
import subprocess
import sys
from math import isnan, log
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    log_loss,
    precision_recall_fscore_support,
)
from torch import Tensor, nn

from textcnn.data.batching import EncodedTexts
from textcnn.evaluation.metrics import Scores
from textcnn.evaluation.multi_label import GRID, score_label_sets
from textcnn.models.decision import chosen

FOLDER = Path(__file__).parent
CPU = torch.device("cpu")
LABELS = ("a", "b", "c")
HALVES = (0.5, 0.5, 0.5)
PROBABILITIES = [
    (0.75, 0.25, 0.25),  # a, is a
    (0.75, 0.75, 0.25),  # a b, is a
    (0.25, 0.25, 0.25),  # none, is none
    (0.25, 0.75, 0.25),  # b, is a b
]
TRUE = [[1, 0, 0], [1, 0, 0], [0, 0, 0], [1, 1, 0]]


class Known(nn.Module):
    """Gives text number n, which is the one token n + 1, row n of the probabilities."""

    def __init__(self, probabilities: Tensor):
        super().__init__()
        self.logits = torch.logit(probabilities)

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        return self.logits[ids[:, 0] - 1]


def texts(truth: np.ndarray) -> EncodedTexts:
    numbers = np.arange(len(truth))
    ids = (numbers + 1).astype(np.int32)
    return EncodedTexts(ids, np.append(numbers, len(numbers)), np.ones_like(numbers), truth)


def score(
    probabilities: Tensor,
    truth: np.ndarray,
    thresholds: tuple[float, ...] | None = None,
    batch_size: int = 3,
    rank: int = 0,
    count: int = 1,
) -> tuple[Scores, tuple[float, ...]]:
    labels = [f"label {n}" for n in range(truth.shape[1])]
    part: dict[str, Any] = {"batch_size": batch_size, "rank": rank, "count": count}
    encoded = texts(truth.astype(bool))
    return score_label_sets(
        Known(probabilities), encoded, labels, CPU, thresholds=thresholds, **part
    )


def tuned(probabilities: list[float], truth: list[int]) -> float:
    """The threshold of one label."""
    (threshold,) = score(torch.tensor(probabilities)[:, None], np.array(truth)[:, None])[1]
    return threshold


@pytest.fixture(scope="module")
def scores() -> Scores:
    known, encoded = Known(torch.tensor(PROBABILITIES)), texts(np.array(TRUE, bool))
    return score_label_sets(known, encoded, LABELS, CPU, thresholds=HALVES, batch_size=3)[0]


def test_accuracy_is_the_share_of_texts_whose_set_is_exactly_right(scores: Scores) -> None:
    assert (scores.accuracy, scores.examples) == (2 / 4, 4)


def test_each_label_has_its_precision_recall_f1_and_examples(scores: Scores) -> None:
    assert [(row.label, row.examples) for row in scores.classes] == [("a", 3), ("b", 1), ("c", 0)]
    rows = [(row.precision, row.recall, row.f1) for row in scores.classes]
    assert rows == [(1, 2 / 3, 4 / 5), (1 / 2, 1, 2 / 3), (0, 0, 0)]


def test_macro_f1_counts_a_label_that_does_not_occur_as_0(scores: Scores) -> None:
    assert scores.macro_f1 == pytest.approx((4 / 5 + 2 / 3 + 0) / 3)


def test_micro_f1_is_of_all_labels_together(scores: Scores) -> None:
    # 3 are right, of 4 predicted and 4 true
    assert scores.micro_f1 == 3 / 4


def test_loss_is_the_mean_over_texts_and_labels(scores: Scores) -> None:
    # of 12, 2 labels had 1/4 of what they are: b of the second text, a of the last
    assert scores.loss == pytest.approx((10 * log(4 / 3) + 2 * log(4)) / 12)


def test_sets_have_no_confusion_matrix(scores: Scores) -> None:
    assert scores.confusion is None
    assert scores.multi_label
    assert scores.as_json()["confusion"] is None


def test_given_thresholds_are_used_and_returned() -> None:
    thresholds = (0.8, 0.2, 0.9)
    scores, returned = score(torch.tensor(PROBABILITIES), np.array(TRUE), thresholds)
    assert returned == thresholds
    assert [row.recall for row in scores.classes] == [0, 1, 0]
    assert [row.precision for row in scores.classes] == [0, 1 / 4, 0]


def test_a_label_that_is_separable_gets_a_threshold_between() -> None:
    assert tuned([0.9, 0.1, 0.8, 0.2], [1, 0, 1, 0]) == 0.5
    # half way between the logits of 0.001 (-6.91) and 0.02 (-3.89): -5.4
    assert tuned([0.02, 0.001, 0.03], [1, 0, 1]) == pytest.approx(1 / (1 + np.exp(5.4)), rel=1e-5)


def test_a_rare_label_below_one_half_is_found() -> None:
    # from 0.2 on both are right and one is wrong: F1 4/5; from 0.3 on 1 of 1: F1 2/3
    threshold = tuned([0.3, 0.2, 0.25, 0.1, 0.1], [1, 1, 0, 0, 0])
    assert 0.1 < threshold <= 0.2


def test_of_two_thresholds_that_are_as_good_the_one_nearer_to_one_half_is_taken() -> None:
    # F1 2/3 from 0.9 on (1 right, 1 missed) and from 0.1 on (2 right, 2 wrong)
    assert tuned([0.9, 0.1, 0.8, 0.2], [1, 1, 0, 0]) > 0.8
    # here the upper is far away, from 0.999 on, and the lower begins at 0.45
    assert tuned([0.999, 0.45, 0.998, 0.46], [1, 1, 0, 0]) <= 0.45


@pytest.mark.parametrize("probability", [1e-9, 0.3, 1 - 1e-7])
def test_a_label_without_positives_gets_one_half(probability: float) -> None:
    assert tuned([probability, 0.2], [0, 0]) == 0.5


def test_a_probability_at_the_threshold_is_counted_as_the_decision_takes_it() -> None:
    # 0.5 is on the grid: the positive is chosen there, and nothing higher chooses it
    below = float(GRID[119])
    threshold = tuned([0.5, (0.5 + below) / 2], [1, 0])
    assert threshold == 0.5
    assert chosen(torch.tensor([[0.5]]), [threshold]).item()


@given(arrays(np.float32, (7, 2), elements=st.floats(0, 1, width=32)), arrays(bool, (7, 2)))
def test_no_threshold_of_the_grid_has_a_better_f1(
    probabilities: np.ndarray, truth: np.ndarray
) -> None:
    # through logits and back, as the scoring sees them
    seen = torch.logit(torch.from_numpy(probabilities)).sigmoid()
    scores, thresholds = score(torch.from_numpy(probabilities), truth)
    for place, row in enumerate(scores.classes):
        column = seen[:, [place]]
        assert thresholds[place] in GRID.tolist()
        has = truth[:, [place]]
        for step in GRID.tolist():
            gets = chosen(column, [step]).numpy()
            f1 = 2 * (gets & has).sum() / max(gets.sum() + has.sum(), 1)
            assert row.f1 >= f1 - 1e-12


@given(
    arrays(np.float32, (6, 3), elements=st.floats(1 / 64, 63 / 64, width=32)),
    arrays(bool, (6, 3)),
    st.tuples(*[st.floats(0, 1)] * 3),
    st.integers(1, 7),
)
def test_scores_are_those_of_scikit_learn(
    probabilities: np.ndarray,
    truth: np.ndarray,
    thresholds: tuple[float, float, float],
    batch_size: int,
) -> None:
    scores, _ = score(torch.from_numpy(probabilities), truth, thresholds, batch_size)
    seen = torch.logit(torch.from_numpy(probabilities)).sigmoid()
    predicted = chosen(seen, thresholds).numpy()
    assert scores.accuracy == pytest.approx(accuracy_score(truth, predicted))
    for average, value in (("micro", scores.micro_f1), ("macro", scores.macro_f1)):
        assert value == pytest.approx(f1_score(truth, predicted, average=average, zero_division=0))
    columns = precision_recall_fscore_support(truth, predicted, zero_division=0)
    for row, expected in zip(scores.classes, zip(*columns, strict=True), strict=True):
        assert (row.precision, row.recall, row.f1, row.examples) == pytest.approx(expected)
    expected_loss = log_loss(truth.ravel(), seen.numpy().ravel(), labels=[False, True])
    assert scores.loss == pytest.approx(expected_loss, rel=1e-4)


def test_a_process_without_texts_has_nothing_to_add() -> None:
    scores, thresholds = score(torch.tensor(PROBABILITIES), np.array(TRUE), rank=5, count=6)
    assert (scores.examples, scores.accuracy, scores.loss) == (0, 0, 0)
    assert thresholds == HALVES


def test_a_loss_that_is_no_number_is_not_hidden() -> None:
    nowhere = torch.full((4, 3), torch.nan)
    scores, thresholds = score(nowhere, np.array(TRUE))
    assert isnan(scores.loss)
    assert all(0 <= threshold <= 1 for threshold in thresholds)


# Run as `python -c RANK rank file`: this process's part of 50 texts, seven at a time.
RANK = """
import json
import sys
import torch.distributed as dist
from test_multi_label import drawn, score

rank, file = int(sys.argv[1]), sys.argv[2]
dist.init_process_group("gloo", init_method=f"file://{file}", rank=rank, world_size=2)
scores, thresholds = score(*drawn(), batch_size=7, rank=rank, count=2)
print(json.dumps([scores.as_json(), thresholds]))
dist.destroy_process_group()
"""


def drawn() -> tuple[Tensor, np.ndarray]:
    generator = np.random.default_rng(0)
    truth = generator.random((50, 4)) < (0.5, 0.2, 0.05, 0.0)
    probabilities = 0.7 * generator.random(truth.shape) + 0.3 * truth
    return torch.from_numpy(probabilities.astype(np.float32)), truth


def test_two_processes_come_to_the_scores_and_thresholds_of_the_whole(tmp_path: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", RANK, str(rank), str(tmp_path / "meeting")],
            env=os.environ | {"PYTHONPATH": f"{FOLDER}{os.pathsep}{FOLDER.parent}"},
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in (0, 1)
    ]
    first, second = (process.communicate(timeout=300)[0] for process in processes)
    assert [process.returncode for process in processes] == [0, 0]
    assert first == second
    got, got_thresholds = json.loads(first)
    scores, thresholds = score(*drawn(), batch_size=64)
    assert got_thresholds == list(thresholds)
    assert got.pop("loss") == pytest.approx(scores.loss, rel=1e-6)
    expected = json.loads(json.dumps(scores.as_json()))
    assert got == {name: value for name, value in expected.items() if name != "loss"}
    assert got["examples"] == 50
