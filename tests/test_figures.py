"""The confusion matrix as a figure."""

import re

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from textcnn.evaluation.figures import confusion_figure
from textcnn.evaluation.metrics import ClassScores, Scores


def figure_of(confusion: tuple[tuple[int, ...], ...], labels: list[str]) -> Figure:
    classes = tuple(ClassScores(label, 0.0, 0.0, 0.0, 0) for label in labels)
    examples = sum(map(sum, confusion))
    accuracy = sum(row[place] for place, row in enumerate(confusion)) / examples
    return confusion_figure(Scores(accuracy, 0.0, accuracy, 0.0, examples, classes, confusion))


def pixels(figure: Figure) -> np.ndarray:
    """The figure as it is drawn: (height, width, 4) uint8."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())


def test_true_classes_are_rows_and_predicted_ones_columns() -> None:
    figure = figure_of(((3, 1), (0, 4)), ["cat", "dog"])
    (axes,) = figure.axes
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("true", "predicted")
    for ticks in (axes.get_xticklabels(), axes.get_yticklabels()):
        assert [tick.get_text() for tick in ticks] == ["cat", "dog"]
    cells = {text.get_position(): text.get_text() for text in axes.texts}
    assert cells == {(0, 0): "3", (1, 0): "1", (0, 1): "0", (1, 1): "4"}  # (column, row)


def test_cells_are_shaded_by_their_fraction_of_the_row() -> None:
    (axes,) = figure_of(((3, 1, 0), (0, 0, 0), (0, 1_000, 1_000)), ["a", "b", "c"]).axes
    (image,) = axes.images
    fractions = image.get_array()
    assert fractions is not None
    assert fractions.tolist() == [[0.75, 0.25, 0.0], [0.0, 0.0, 0.0], [0.0, 0.5, 0.5]]
    assert image.get_clim() == (0, 1)
    assert "1,000" in {text.get_text() for text in axes.texts}


def test_title_says_accuracy_and_number_of_texts() -> None:
    (axes,) = figure_of(((2_000, 0), (1_000, 0)), ["a", "b"]).axes
    shown = re.search(r"accuracy ([\d.]+) %, 3,000 texts", axes.get_title())
    assert shown is not None
    assert float(shown[1]) == pytest.approx(200 / 3, abs=0.05)


def diagonal(count: int) -> Figure:
    """Of classes that are all predicted correctly."""
    confusion = tuple(tuple(int(row == column) for column in range(count)) for row in range(count))
    return figure_of(confusion, [f"class {number}" for number in range(count)])


def test_many_classes_are_named_but_their_cells_hold_no_numbers() -> None:
    (axes,) = diagonal(25).axes
    assert not axes.texts
    assert [tick.get_text() for tick in axes.get_yticklabels()][24] == "class 24"
    (axes,) = diagonal(20).axes
    assert len(axes.texts) == 20 * 20


def test_the_diagonal_is_drawn_darker_than_the_other_cells() -> None:
    figure = diagonal(25)
    (axes,) = figure.axes
    drawn = pixels(figure)[..., :3].sum(axis=2)  # (height, width), 0 is black
    cells = axes.transData.transform([(0, 0), (1, 0), (24, 24), (24, 0)]).astype(int)
    right, wrong, last_right, last_wrong = (drawn[len(drawn) - 1 - y, x] for x, y in cells)
    assert right == last_right < wrong == last_wrong


def test_class_names_are_drawn_as_they_stand_not_as_formulas() -> None:
    formula = diagonal(2)
    as_it_stands = figure_of(((1, 0), (0, 1)), [r"$\frac$", "under $5 and over $9_{"])
    assert pixels(as_it_stands).shape == pixels(formula).shape  # a broken formula would raise
    for tick in as_it_stands.axes[0].get_xticklabels():
        assert not tick.get_parse_math()


def test_very_many_classes_make_a_figure_of_limited_size_without_names() -> None:
    figure = diagonal(300)
    assert max(figure.get_size_inches()) <= 15
    assert len(figure.axes[0].get_xticks()) < 60
    names = {tick.get_text() for tick in figure.axes[0].get_xticklabels()}
    assert not any(name.startswith("class") for name in names)
