"""Scores of five texts, worked out by hand."""

import subprocess
import sys
from math import isnan, log

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from textcnn.data.batching import EncodedTexts
from textcnn.evaluation.metrics import Scores, score, score_texts

LABELS = ("a", "b", "c")
CPU = torch.device("cpu")
PROBABILITIES = [  # the class that each text is predicted to be, the class that it is
    (0.50, 0.25, 0.25),  # a, a
    (0.25, 0.50, 0.25),  # b, a
    (0.25, 0.50, 0.25),  # b, b
    (0.50, 0.25, 0.25),  # a, c
    (0.05, 0.15, 0.80),  # c, c
]
TRUE = [0, 0, 1, 2, 2]


class Known(nn.Module):
    """Gives text number n, which is the one token n + 1, its probabilities above."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []
        self.was_training: list[bool] = []

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        self.sizes.append(len(ids))
        self.was_training.append(self.training)
        return torch.tensor(PROBABILITIES).log()[ids[:, 0] - 1]


def texts(true: list[int] | None = None) -> EncodedTexts:
    labels = np.array(TRUE if true is None else true)
    numbers = np.arange(len(labels))
    ids = (numbers + 1).astype(np.int32)
    return EncodedTexts(ids, np.append(numbers, len(numbers)), np.ones_like(numbers), labels)


@pytest.fixture(scope="module")
def scores() -> Scores:
    return score_texts(Known(), texts(), LABELS, CPU, batch_size=2)


def test_accuracy_is_the_share_of_right_predictions(scores: Scores) -> None:
    assert scores.accuracy == pytest.approx(3 / 5)
    assert scores.examples == 5


def test_confusion_counts_true_classes_in_rows_and_predicted_in_columns(scores: Scores) -> None:
    assert scores.confusion == ((1, 1, 0), (0, 1, 0), (1, 0, 1))


def test_each_class_has_its_precision_recall_f1_and_examples(scores: Scores) -> None:
    assert [(row.label, row.examples) for row in scores.classes] == [("a", 2), ("b", 1), ("c", 2)]
    rows = [(row.precision, row.recall, row.f1) for row in scores.classes]
    assert rows[0] == pytest.approx((1 / 2, 1 / 2, 1 / 2))
    assert rows[1] == pytest.approx((1 / 2, 1, 2 / 3))
    assert rows[2] == pytest.approx((1, 1 / 2, 2 / 3))


def test_macro_f1_is_the_mean_over_classes(scores: Scores) -> None:
    assert scores.macro_f1 == pytest.approx((1 / 2 + 2 / 3 + 2 / 3) / 3)


def test_micro_f1_of_one_class_per_text_is_the_accuracy(scores: Scores) -> None:
    assert scores.micro_f1 == scores.accuracy
    assert not scores.multi_label


def test_loss_is_the_mean_over_texts_though_the_last_batch_is_smaller(scores: Scores) -> None:
    # -ln of what the true class got: 1/2, 1/4, 1/2, 1/4, 4/5
    assert scores.loss == pytest.approx((2 * log(2) + 2 * log(4) + log(5 / 4)) / 5)


def test_macro_f1_leaves_out_a_class_that_is_neither_true_nor_predicted() -> None:
    rows = score_texts(Known(), texts([0, 1, 1]), LABELS, CPU)
    # predicted a, b, b
    assert rows.confusion == ((1, 0, 0), (0, 2, 0), (0, 0, 0))
    assert rows.macro_f1 == 1.0
    assert rows.classes[2].examples == 0


def test_batch_size_changes_no_score(scores: Scores) -> None:
    for batch_size in (1, 3, 64):
        model = Known()
        again = score_texts(model, texts(), LABELS, CPU, batch_size=batch_size)
        assert max(model.sizes) == min(batch_size, 5)
        assert again.confusion == scores.confusion
        assert again.loss == pytest.approx(scores.loss, rel=1e-6)


def test_two_ranks_share_the_texts_between_them(scores: Scores) -> None:
    # without a process group each rank sees its own part alone: batches 0 and 2, batch 1
    first, second = (
        score_texts(Known(), texts(), LABELS, CPU, batch_size=2, rank=rank, count=2)
        for rank in (0, 1)
    )
    assert first.confusion == ((1, 1, 0), (0, 0, 0), (0, 0, 1))
    assert second.confusion == ((0, 0, 0), (0, 1, 0), (1, 0, 0))
    assert first.loss * 3 + second.loss * 2 == pytest.approx(scores.loss * 5)


def test_a_model_is_scored_in_evaluation_mode_and_without_gradients() -> None:
    model = Known().train()
    score(model, [texts().batch(np.arange(5))], LABELS, CPU)
    assert model.was_training == [False]


def test_json_names_are_those_that_scripts_rely_on(scores: Scores) -> None:
    written = scores.as_json()
    totals = ("accuracy", "macro_f1", "micro_f1", "loss", "examples")
    assert set(written) == {*totals, "classes", "confusion"}
    assert written["classes"][1]["label"] == "b"
    assert scores.summary() == {name: written[name] for name in totals}


class NotANumber(nn.Module):
    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        return torch.full((len(ids), 3), torch.nan)


def test_a_loss_that_is_no_number_is_not_hidden() -> None:
    scores = score_texts(NotANumber(), texts(), ("a", "b", "c"), torch.device("cpu"))
    assert isnan(scores.loss)


def test_nobody_waits_for_matplotlib_who_draws_nothing() -> None:
    check = (
        "import sys, textcnn.evaluation.figures, textcnn.evaluation.multi_label, "
        "textcnn.training.curves; "
        "print([name for name in ('matplotlib',) if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
