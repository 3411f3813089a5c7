"""Scores as text."""

from rich.table import Table

from textcnn.evaluation.metrics import ClassScores, Scores
from textcnn.evaluation.tables import class_table, summary

CLASSES = (ClassScores("a", 0.5, 0.25, 1 / 3, 4),)
ONE = Scores(0.875, 0.5, 0.875, 1.25, 1_000, CLASSES, ((875, 125),))
SETS = Scores(0.875, 0.5, 0.625, 1.25, 1_000, CLASSES, None)


def cells(table: Table) -> list[list[object]]:
    return [list(row) for row in zip(*(column.cells for column in table.columns), strict=True)]


def test_classes_end_in_macro_average_and_accuracy() -> None:
    assert cells(class_table(ONE, "Test")) == [
        ["a", "50.0", "25.0", "33.3", "4"],
        ["macro average", "", "", "50.0", "1,000"],
        ["accuracy", "", "", "87.50", "1,000"],
    ]


def test_sets_end_in_both_averages_and_exact_match() -> None:
    assert cells(class_table(SETS, "Test"))[1:] == [
        ["micro average", "", "", "62.5", "1,000"],
        ["macro average", "", "", "50.0", "1,000"],
        ["exact match", "", "", "87.50", "1,000"],
    ]


def test_summary_names_what_accuracy_is_of() -> None:
    assert summary(ONE) == "accuracy 87.50 %, macro-F1 50.00 %, loss 1.2500 on 1,000 texts"
    assert summary(SETS) == (
        "exact match 87.50 %, micro-F1 62.50 %, macro-F1 50.00 %, loss 1.2500 on 1,000 texts"
    )
