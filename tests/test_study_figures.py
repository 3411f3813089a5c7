"""What the figures of the studies show: values, limits and labels."""

import pytest
from drawn import points_of, texts_of
from matplotlib.axes import Axes

from textcnn.studies.counting import COUNTING
from textcnn.studies.order.order import ORDER
from textcnn.studies.position.encodings import predict_order
from textcnn.studies.position.position import LENGTHS, POSITION
from textcnn.studies.shared.figures import (
    BLUE,
    PREDICTED,
    accuracy_axes,
    draw_order,
    draw_rows,
    intervals,
    new_figure,
    predicted,
)
from textcnn.studies.shared.study import Measurement, Point, Rate, Results, Values


@pytest.fixture
def axes() -> Axes:
    _, (only,) = new_figure(1)
    return only


def theory_lines(axes: Axes) -> list[tuple[list[float], list[float]]]:
    return [points_of(line) for line in axes.lines if line.get_color() == PREDICTED["color"]]


def test_a_figure_has_as_many_panels_as_asked_for_in_rows() -> None:
    figure, panels = new_figure(5, columns=3, size=(2.0, 1.0))
    assert len(figure.axes) == len(panels) == 5
    assert figure.get_size_inches().tolist() == [6.0, 2.0]


def test_accuracies_are_points_with_wilson_intervals(axes: Axes) -> None:
    rates = [Rate(8, 10), Rate(10, 10)]
    intervals(axes, [1, 2], rates)
    (container,) = axes.containers
    points, _, (bars,) = container.lines  # type: ignore[attr-defined]
    assert points_of(points) == ([1, 2], [80, 100])
    for segment, rate in zip(bars.get_segments(), rates, strict=True):
        assert segment[:, 1].tolist() == pytest.approx([100 * limit for limit in rate.interval])


def test_each_seed_is_a_dash_if_seeds_differ(axes: Axes) -> None:
    equal, different = ([{"correct": c, "texts": 10} for c in seeds] for seeds in ((5, 5), (4, 6)))
    intervals(axes, [1, 2], [Rate.of(equal), Rate.of(different)])
    dashes = [points_of(line) for line in axes.lines if line.get_marker() == "_"]
    assert dashes == [([2, 2], [40, 60])]


def test_theory_is_a_grey_line_in_percent(axes: Axes) -> None:
    predicted(axes, [1, 3], [0.5, 1.0])
    assert theory_lines(axes) == [([1, 3], [50, 100])]


def test_accuracy_axes_hold_0_to_100_percent(axes: Axes) -> None:
    accuracy_axes(axes, "title", "words")
    low, high = axes.get_ylim()
    assert low < 0 < 100 < high
    assert texts_of(axes.get_yticklabels()) == ["0", "25", "50", "75", "100"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("words", "accuracy %")
    assert axes.get_title(loc="left") == "title"


def test_rows_are_named_from_top_to_bottom(axes: Axes) -> None:
    draw_rows(axes, ["one", "other"], [Rate(1, 4), Rate(3, 4)])
    assert texts_of(axes.get_yticklabels()) == ["one", "other"]
    bottom, top = axes.get_ylim()
    assert bottom > top
    points = [points_of(line) for line in axes.lines if line.get_marker() == "o"]
    assert points == [([25], [0]), ([75], [1])]


def test_shuffled_texts_are_drawn_by_block_size(axes: Axes) -> None:
    answers: Values = {
        "texts": 10,
        "different": 10,
        "order": {"blocks": [1, 5], "changed": [4, 0], "correct": [6, 9]},
    }
    draw_order(axes, {"network": [answers]}, "changed", "Shuffled texts", "tokens")
    assert axes.get_xscale() == "log"
    assert texts_of(axes.get_xticklabels()) == ["1", "5"]
    (line,) = [
        line for line in axes.lines if line.get_linestyle() == "-" and line.get_color() == BLUE
    ]
    assert points_of(line)[1] == [40, 0]


def results(name: str, settings: Values, **values: object) -> Results:
    return Results((Measurement(Point(name, settings), 0, values),))


def counts(*correct: int) -> list[Values]:
    return [{"correct": each, "texts": 100} for each in correct]


def test_order_is_drawn_by_distance_up_to_the_receptive_field() -> None:
    settings = {"architecture": "width"}
    measured = results("width", settings, distances=[1, 2, 3], asked=counts(100, 99, 50))
    (drawing,) = ORDER.drawings(measured)
    (panel,) = drawing.figure.axes
    assert panel.get_title(loc="left") == "width 3 (T2)"
    assert theory_lines(panel) == [([1, 2, 3], [100, 100, 50])]
    (end,) = [line for line in panel.lines if line.get_linestyle() == "--"]
    assert points_of(end)[0] == [2.5, 2.5]  # R = 3


def test_copies_are_drawn_against_theory_for_each_network() -> None:
    points = [
        ("max 1", {"network": "max", "copies": 1}),
        ("sum 1", {"network": "sum", "copies": 1}),
    ]
    measured = Results(
        tuple(
            Measurement(Point(name, settings), 0, {"correct": 50, "texts": 100})
            for name, settings in points
        )
    )
    (drawing,) = COUNTING.drawings(measured)
    titles = [panel.get_title(loc="left") for panel in drawing.figure.axes]
    assert titles == ["max pooling", "sum pooling"]
    first, second = map(theory_lines, drawing.figure.axes)
    assert first == [([1, 2, 3, 4, 5], [50] * 5)]
    assert second == [([1, 2, 3, 4, 5], [100] * 5)]


def test_positions_are_drawn_beside_halves_and_chunks() -> None:
    half = {"correct": 1, "texts": 2}
    parts = (
        results("valid", {"padding": "valid"}, asked=[half] * len(LENGTHS)),
        results("ramp positions", {"position": "ramp"}, inside=half, outside=half),
        results("2 chunks", {"chunks": 2}, **half),
    )
    measured = Results(tuple(m for part in parts for m in part.measurements))
    (drawing,) = POSITION.drawings(measured)
    halves, encodings, chunks = drawing.figure.axes
    assert theory_lines(halves)[0][0] == list(LENGTHS)
    assert texts_of(encodings.get_xticklabels()) == ["ramp"]
    shares = [up[0] for _, up in theory_lines(encodings)]
    assert shares == [100 * predict_order(True), 100 * predict_order(False)]
    assert theory_lines(chunks) == [([2], [25])]
