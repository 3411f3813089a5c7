"""Which texts are right and wrong: the file, and those to read first."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_predictions import predictions

from textcnn.data.labels.unseen import UNSEEN
from textcnn.evaluation.texts.answers import Answers
from textcnn.evaluation.texts.mistakes import (
    confusions,
    least_sure,
    mistake_lines,
    surest_mistakes,
)
from textcnn.evaluation.texts.written import write_predictions

TEXTS = ["one", "two \x1b[31m\nlines", "three", "four"]
PROBABILITIES = [(0.7, 0.2, 0.1), (0.05, 0.9, 0.05), (0.3, 0.4, 0.3), (0.2, 0.2, 0.6)]
TRUE = np.array([0, 0, 2, 3])  # right, wrong, wrong, a class that training lacks
SETS = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0], [1, 0, 1]], bool)
HALVES = (0.5, 0.5, 0.5)


@pytest.fixture
def answers() -> Answers:
    logits = torch.tensor(PROBABILITIES).log()
    found = predictions(logits, TRUE, rows=np.array([3, 4, 8, 9]))
    return Answers(found, TEXTS, lambda logits: logits.softmax(dim=1))


@pytest.fixture
def sets() -> Answers:
    """Predicted: a; a and b; a; c."""
    logits = torch.tensor([[2, -2, -2], [2.0, 2, -2], [4, -2, -2], [-2, -0.1, 2]])
    return Answers(predictions(logits, SETS, HALVES), TEXTS, torch.sigmoid)


def written(tmp_path: Path, answers: Answers, others: list[dict[str, Any]]) -> list[Any]:
    write_predictions(tmp_path / "p.jsonl", answers, others)
    assert [path.name for path in tmp_path.iterdir()] == ["p.jsonl"]
    content = (tmp_path / "p.jsonl").read_text(encoding="utf-8")
    assert "\x1b" not in content
    assert "\u202e" not in content
    return [json.loads(line) for line in content.splitlines()]


def test_a_line_has_text_label_prediction_and_the_other_columns(
    tmp_path: Path, answers: Answers
) -> None:
    others: list[dict[str, Any]] = [{"source": "web"}, {"x": "\ud800 \u202e"}, {}, {"n": None}]
    lines = written(tmp_path, answers, others)
    assert lines[1]["text"] == TEXTS[1]
    probabilities = lines[0].pop("probabilities")
    assert probabilities == pytest.approx(dict(zip("abc", PROBABILITIES[0], strict=True)))
    assert lines[0] == {
        **{"row": 3, "text": "one", "label": "a", "prediction": "a", "correct": True},
        "source": "web",
    }
    assert [line["row"] for line in lines] == [3, 4, 8, 9]
    assert [line["label"] for line in lines] == ["a", "a", "c", UNSEEN]
    assert [line["correct"] for line in lines] == [True, False, False, False]
    assert lines[1]["x"] == "\ud800 \u202e"


def test_columns_that_are_named_like_our_own_get_a_suffix(tmp_path: Path, answers: Answers) -> None:
    others = [{"label": "old", "row": 7, "row_column": 8}, {}, {}, {}]
    first, *_ = written(tmp_path, answers, others)
    assert (first["label"], first["label_column"]) == ("a", "old")
    assert (first["row"], first["row_column"], first["row_column_column"]) == (3, 8, 7)


def test_of_many_classes_the_most_probable_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("textcnn.evaluation.texts.answers.MOST_LISTED", 20)
    logits = torch.arange(25).float().repeat(4, 1)
    calibrated = Answers(
        predictions(logits, TRUE), TEXTS, lambda logits: (logits / 2).softmax(dim=1)
    )
    first, *_ = written(tmp_path, calibrated, [{}] * 4)
    assert list(first["probabilities"]) == list("yxwvutsrqp")
    expected = (logits[0] / 2).softmax(dim=0)[24].item()
    assert first["probabilities"]["y"] == pytest.approx(expected)


def test_label_sets_are_written_as_lists(tmp_path: Path, sets: Answers) -> None:
    lines = written(tmp_path, sets, [{}] * 4)
    assert [line["label"] for line in lines] == [["a"], ["a", "b"], [], ["a", "c"]]
    assert [line["prediction"] for line in lines] == [["a"], ["a", "b"], ["a"], ["c"]]
    assert [line["correct"] for line in lines] == [True, True, False, False]


def test_surest_mistakes_come_first_and_closest_calls_are_least_sure(answers: Answers) -> None:
    assert surest_mistakes(answers, 2).tolist() == [1, 3]
    assert least_sure(answers, 2).tolist() == [2, 3]  # 0.4 to 0.3, then 0.6 to 0.2


def test_of_label_sets_the_loss_and_the_threshold_decide(sets: Answers) -> None:
    assert surest_mistakes(sets, 3).tolist() == [2, 3]
    assert least_sure(sets, 1).tolist() == [3]
    assert [(each.words, each.texts, each.example) for each in confusions(sets, 5)] == [
        ("a missed", 1, 3),
        ("a wrongly given", 1, 2),
    ]


def test_confusions_are_counted_with_their_surest_text() -> None:
    logits = torch.tensor([[0.0, 1], [0.0, 3], [0.0, 2], [1.0, 0]])
    found = Answers(predictions(logits, np.array([0, 0, 0, 1])), TEXTS, lambda x: x.softmax(dim=1))
    first, second = confusions(found, 5)
    assert (first.words, first.texts, first.example) == ("a taken for b", 3, 1)
    assert second.as_json(np.array([1, 2, 3, 9])) == {
        "label": "b", "prediction": "a", "texts": 1, "example_row": 9
    }  # fmt: skip
    assert len(confusions(found, 1)) == 1


def test_lines_for_the_terminal_hold_one_text_each(answers: Answers, sets: Answers) -> None:
    lines = list(mistake_lines(answers, 1))
    assert lines == [
        "surest mistakes:",
        "  row 4, a predicted as b (90.0 %): two \x1b[31m lines",  # the console escapes it
        "least sure:",
        "  row 8, c predicted as b (40.0 %): three",
        "most frequent confusions:",
        "  1 × a taken for b, row 4: two \x1b[31m lines",
    ]
    assert "  row 3, none predicted as a: three" in list(mistake_lines(sets, 3))
