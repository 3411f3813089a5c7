"""Scores of parts of the texts."""

import json
from typing import Any

import numpy as np
import pytest
import torch
from tiny_predictions import predictions

from textcnn.evaluation.measures.intervals import wilson
from textcnn.evaluation.predictions import Predictions
from textcnn.evaluation.texts.slices import Group, Slice, slice_groups, weak_slices
from textcnn.evaluation.texts.values import Values, quartiles

# 8 texts: the first four are a, the others b; the third and the last are misclassified
TRUE = np.array([0, 0, 0, 0, 1, 1, 1, 1])
PREDICTED = [0, 0, 1, 0, 1, 1, 1, 0]


@pytest.fixture
def found() -> Predictions:
    logits = torch.eye(2)[PREDICTED]
    return predictions(
        logits,
        TRUE,
        lengths=np.array([1, 2, 3, 4, 5, 6, 7, 8]),
        unknown=np.array([0, 0, 0.05, 0.1, 0.2, 0, 0, 1.0]),
        truncated=np.array([0, 0, 0, 0, 0, 0, 1, 1], bool),
    )


def by_name(groups: list[Group], name: str) -> dict[str, Slice]:
    (group,) = (group for group in groups if group.by == name)
    return {each.value: each for each in group.slices}


def test_each_part_has_its_accuracy_interval_and_macro_f1(found: Predictions) -> None:
    groups = slice_groups(found, {})
    lengths = by_name(groups, "tokens")
    assert list(lengths) == ["1 to 2", "3 to 4", "5 to 6", "7 to 8"]
    assert [each.accuracy for each in lengths.values()] == [1, 0.5, 1, 0.5]
    assert lengths["3 to 4"].interval == wilson(1, 2)
    unknown = by_name(groups, "unknown tokens")
    assert [(name, each.examples) for name, each in unknown.items()] == [
        ("none", 4), ("up to 10 %", 2), ("over 10 %", 2)
    ]  # fmt: skip
    # a, a, b, b predicted as a, a, b, b
    assert (unknown["none"].accuracy, unknown["none"].macro_f1) == (1, 1)
    assert unknown["up to 10 %"].macro_f1 is None  # both are of class a
    cut = by_name(groups, "truncated")
    assert (cut["yes"].examples, cut["yes"].accuracy) == (2, 0.5)
    # of the six whole texts four a and two b; predicted a, a, b, a, b, b
    assert cut["no"].macro_f1 == pytest.approx((2 * 3 / 7 + 2 * 2 / 5) / 2)
    assert by_name(groups, "class")["b"].accuracy == 0.75


def test_groups_of_a_single_part_are_left_out(found: Predictions) -> None:
    whole = predictions(torch.eye(2)[PREDICTED], TRUE)
    assert [group.by for group in slice_groups(whole, {"same": ["x"] * 8})] == ["class"]
    seen = slice_groups(found, {}, seen=np.arange(8) < 2)
    assert by_name(seen, "in training")["yes"].examples == 2


def test_columns_are_parts_by_value(found: Predictions) -> None:
    cells = ["web", "web", "web", "print", "print", None, "", "web"]
    (group,) = (each for each in slice_groups(found, {"source": cells}) if each.column)
    assert [(each.value, each.examples) for each in group.slices] == [
        ("web", 4), ("print", 2), ("(none)", 2)
    ]  # fmt: skip
    written: Any = json.loads(json.dumps(group.as_json()))
    assert written["slices"][0]["accuracy"] == 0.5


def test_label_sets_are_in_a_part_for_each_of_their_labels() -> None:
    truth = np.array([[1, 1], [1, 0], [0, 0]], bool)
    logits = torch.tensor([[9.0, 9.0], [-9.0, -9.0], [-9.0, -9.0]])
    parts = by_name(slice_groups(predictions(logits, truth, (0.5, 0.5)), {}), "class")
    assert [(each.examples, each.accuracy) for each in parts.values()] == [(2, 0.5), (1, 1.0)]


def test_values_beyond_the_most_frequent_are_one() -> None:
    cells = [f"v{n}" for n in range(30)] + ["v7", "v7", "v29"]
    values = Values.of_cells(cells)
    assert values.names[:2] == ("v7", "v29")
    assert len(values.names) == 21
    assert values.names[-1] == "(other)"
    assert np.bincount(values.codes)[[0, 1, 20]].tolist() == [3, 2, 10]


def test_numbers_are_parts_by_quartile_if_they_are_many() -> None:
    cells: list[Any] = [str(n / 2) for n in range(40)] + [None, "", 1e6]
    values = Values.of_cells(cells)
    assert values.names == ("0 to 5", "5.5 to 10", "10.5 to 15", "15.5 to 1,000,000", "(none)")
    assert np.bincount(values.codes).tolist() == [11, 10, 10, 10, 2]
    few = Values.of_cells([3, 1, 3, True, 2.5, [1]])
    assert few.names == ("3", "1", "true", "2.5", "[1]")  # not all are numbers
    assert Values.of_cells([10, 9, 10]).names == ("9", "10")


def test_quartiles_of_equal_numbers_are_one_group() -> None:
    values = quartiles(np.array([1, 1, 1, 1, 1, 2]))
    assert [values.names[code] for code in values.codes] == ["1"] * 5 + ["2"]
    nothing = quartiles(np.array([np.nan, np.nan]))
    assert [nothing.names[code] for code in nothing.codes] == ["(none)", "(none)"]


def test_warnings_name_the_parts_that_are_worse_than_all_texts() -> None:
    def part(value: str, right: int, examples: int) -> Slice:
        return Slice(value, examples, right / examples, wilson(right, examples), None)

    groups = [
        Group("tokens", (part("1 to 9", 95, 100), part("10 to 99", 60, 100))),
        Group("source", (part("web", 300, 500), part("print", 0, 2))),
    ]
    assert list(weak_slices(groups, 0.9)) == [
        "source web: 60.0 % of 500 texts (95 %: 55.6 to 64.2), below the 90.0 % of all",
        "tokens 10 to 99: 60.0 % of 100 texts (95 %: 50.2 to 69.1), below the 90.0 % of all",
        "source print: 0.0 % of 2 texts (95 %: 0.0 to 65.8), below the 90.0 % of all",
    ]
    many = [Group("source", tuple(part(str(n), 0, 50) for n in range(8)))]
    *_, last = weak_slices(many, 0.9)
    assert last == "3 more slices lie below the accuracy of all texts"
