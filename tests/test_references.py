"""What a score has to beat."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_predictions import predictions

from textcnn.evaluation.references import Majority, doubts, majority, read_baseline

ALWAYS = Majority(("sports",), 0.231)


def test_majority_is_the_most_frequent_class_that_can_be_answered() -> None:
    logits = torch.zeros(6, 2)
    # the class 2 is none of the classifier's
    found = majority(predictions(logits, np.array([2, 2, 2, 1, 1, 0])))
    assert found == Majority(("b",), 2 / 6)
    assert majority(predictions(logits, np.full(6, 2))) is None
    assert ALWAYS.line == "always answering 'sports': 23.1 %"


def test_majority_of_label_sets_is_a_set() -> None:
    logits, halves = torch.zeros(4, 3), (0.5, 0.5, 0.5)
    truth = np.array([[1, 1, 0], [1, 1, 0], [1, 0, 0], [0, 0, 0]], bool)
    assert majority(predictions(logits, truth, halves)) == Majority(("a", "b"), 0.5)
    none = np.zeros((4, 3), bool)
    found = majority(predictions(logits, none, halves))
    assert found is not None
    assert found.line == "always answering no label: 100.0 %"


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        ((0.232, 0.3), []),
        (None, []),
        (
            (0.2, 0.25),
            [
                "the classifier is no better than always answering 'sports': with a probability "
                "of 95 % its accuracy lies between 20.0 and 25.0 %, and 23.1 % is among these"
            ],
        ),
        (
            (0.1, 0.2),
            ["the classifier is worse than always answering 'sports' (23.1 %): 10.0 to 20.0 %"],
        ),
    ],
)
def test_words_say_whether_the_majority_is_beaten(interval: Any, expected: list[str]) -> None:
    assert list(doubts(interval, ALWAYS)) == expected


def test_baseline_is_read_from_the_run(tmp_path: Path) -> None:
    def scores(content: Any) -> Any:
        (tmp_path / "metrics.json").write_text(json.dumps(content), encoding="utf-8")
        return read_baseline(tmp_path / "best")

    assert read_baseline(tmp_path / "best") is None
    test = {"accuracy": 0.9, "macro_f1": 0.8}
    found = scores({"baseline": {"unit": "word", "test": test}})
    assert found.line == "baseline, a linear model over word n-grams: 90.0 %"
    hostile: list[Any] = [
        *([], {}, {"baseline": None}, {"baseline": {"unit": "word", "test": None}}),
        {"baseline": {"unit": "word", "test": {"accuracy": 7, "macro_f1": 0}}},
        {"baseline": {"unit": "word", "test": {"accuracy": "x", "macro_f1": 0}}},
        {"baseline": {"unit": "word", "test": {"accuracy": [1], "macro_f1": 0}}},
    ]
    assert [scores(each) for each in hostile] == [None] * len(hostile)
