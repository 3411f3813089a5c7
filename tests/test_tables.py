"""Scores as text: which number is shown where, whatever its number of decimals."""

import re
from dataclasses import replace

import pytest
from rich.table import Table

from textcnn.evaluation.counts import ClassScores
from textcnn.evaluation.metrics import Scores
from textcnn.evaluation.tables import class_table, summary

CLASSES = (ClassScores("a", 0.5, 0.25, 1 / 3, 4),)
ONE = Scores(0.875, 0.4, 0.875, 1.25, 1_000, CLASSES, ((875, 125),))
SETS = Scores(0.875, 0.4, 0.625, 1.25, 1_000, CLASSES, None, multi_label=True)


def rows(table: Table) -> dict[str, dict[str, float]]:
    """The numbers of each row by column, by the name of the row."""
    names, *columns = table.columns
    found: dict[str, dict[str, float]] = {str(name): {} for name in names.cells}
    for column in columns:
        for name, cell in zip(names.cells, column.cells, strict=True):
            if cell != "":
                found[str(name)][str(column.header)] = float(str(cell).replace(",", ""))
    return found


def near(**numbers: float) -> object:
    """To the decimals that are shown."""
    headers = {"precision": "precision %", "recall": "recall %", "f1": "F1 %"}
    return pytest.approx({headers.get(name, name): value for name, value in numbers.items()}, 1e-2)


def test_a_row_per_class_then_macro_average_and_accuracy() -> None:
    shown = rows(class_table(ONE, "Test"))
    assert list(shown) == ["a", "macro average", "accuracy"]
    assert shown["a"] == near(precision=50, recall=25, f1=100 / 3, examples=4)
    assert shown["macro average"] == near(f1=40, examples=1_000)
    assert shown["accuracy"] == near(f1=87.5, examples=1_000)


def test_sets_end_in_both_averages_and_exact_match() -> None:
    shown = rows(class_table(SETS, "Test"))
    assert list(shown) == ["a", "micro average", "macro average", "exact match"]
    assert shown["micro average"] == near(f1=62.5, examples=1_000)
    assert shown["macro average"] == near(f1=40, examples=1_000)
    assert shown["exact match"] == near(f1=87.5, examples=1_000)


def test_of_many_classes_those_with_the_most_texts_are_shown() -> None:
    many = tuple(ClassScores(f"{n}", 0.5, 0.5, 0.5, n % 60) for n in range(120))
    shown = rows(class_table(replace(ONE, classes=many), "Test"))
    named = [int(name) for name in shown if name.isdigit()]
    assert len(named) == 50
    assert named == sorted(named)
    assert min(number % 60 for number in named) == 35
    rest = sum(n % 60 for n in range(120) if n not in named)
    assert shown["70 more classes"] == near(examples=rest)


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        (ONE, {"accuracy": 87.5, "macro-F1": 40, "loss": 1.25}),
        (SETS, {"exact match": 87.5, "micro-F1": 62.5, "macro-F1": 40, "loss": 1.25}),
    ],
)
def test_summary_is_one_line_that_names_each_score(
    scores: Scores, expected: dict[str, float]
) -> None:
    line = summary(scores)
    assert "\n" not in line
    assert line.endswith("on 1,000 texts")
    shown = {name: float(number) for name, number in re.findall(r"([a-zF1 -]+?) ([\d.]+)", line)}
    found = {name.strip(): number for name, number in shown.items()}
    assert {name: found[name] for name in expected} == pytest.approx(expected)
    assert ("micro-F1" in found) == scores.multi_label
