"""The confusion matrix as a figure."""

import numpy as np
import pytest
from drawn import texts_of
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont

from textcnn.evaluation.counts import ClassScores
from textcnn.evaluation.figures import confusion_figure, most_confused
from textcnn.evaluation.metrics import Scores
from textcnn.system import fonts
from textcnn.system.fonts import Font, drawable


def figure_of(confusion: tuple[tuple[int, ...], ...], labels: list[str]) -> Figure:
    classes = tuple(ClassScores(label, 0.0, 0.0, 0.0, 0) for label in labels)
    examples = sum(map(sum, confusion))
    accuracy = sum(row[place] for place, row in enumerate(confusion)) / examples
    return confusion_figure(Scores(accuracy, 0.0, accuracy, 0.0, examples, classes, confusion))


def tick_labels(axes: Axes) -> tuple[list[str], list[str]]:
    """Of columns and of rows."""
    return texts_of(axes.get_xticklabels()), texts_of(axes.get_yticklabels())


def test_true_classes_are_rows_and_predicted_ones_columns() -> None:
    figure = figure_of(((3, 1), (0, 4)), ["cat", "dog"])
    (axes,) = figure.axes
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("true", "predicted")
    assert tick_labels(axes) == (["cat", "dog"], ["cat", "dog"])
    cells = {text.get_position(): text.get_text() for text in axes.texts}
    assert cells == {(0, 0): "3", (1, 0): "1", (0, 1): "0", (1, 1): "4"}  # (column, row)


def test_cells_are_shaded_by_their_share_of_the_row() -> None:
    (axes,) = figure_of(((3, 1, 0), (0, 0, 0), (0, 1_000, 1_000)), ["a", "b", "c"]).axes
    (image,) = axes.images
    shares = image.get_array()
    assert shares is not None
    assert shares.tolist() == [[0.75, 0.25, 0.0], [0.0, 0.0, 0.0], [0.0, 0.5, 0.5]]
    assert image.get_clim() == (0, 1)
    assert "1,000" in {text.get_text() for text in axes.texts}


def test_the_title_gives_accuracy_and_number_of_texts() -> None:
    (axes,) = figure_of(((2_000, 0), (1_000, 0)), ["a", "b"]).axes
    assert axes.get_title() == "accuracy 66.67 %, 3,000 texts"


def test_many_classes_are_drawn_without_numbers() -> None:
    count = 25
    diagonal = tuple(tuple(int(row == column) for column in range(count)) for row in range(count))
    names = [f"class {number}" for number in range(count)]
    (axes,) = figure_of(diagonal, names).axes
    assert not axes.texts
    assert tick_labels(axes) == (names, names)


def test_class_names_are_drawn_literally() -> None:
    names = [r"$\frac$", "under $5 and over $9_{"]
    figure = figure_of(((1, 0), (0, 1)), names)
    (axes,) = figure.axes
    assert tick_labels(axes) == (names, names)
    labels = [*axes.get_xticklabels(), *axes.get_yticklabels()]
    assert not any(label.get_parse_math() for label in labels)
    FigureCanvasAgg(figure).draw()  # parsed as mathematics, these names can't be rendered


def test_a_font_that_lacks_characters_is_helped_by_others(monkeypatch: pytest.MonkeyPatch) -> None:
    roman, sans = (Font(name, findfont(name)) for name in ("cmr10", "DejaVu Sans"))
    monkeypatch.setattr(fonts, "installed", lambda: (roman, [sans]))
    assert drawable(["a", "b"]) == (["a", "b"], ["cmr10"], "")
    assert drawable(["Спорт", "جميل"]) == (["Спорт", "جميل"], ["cmr10", "DejaVu Sans"], "")
    names, families, note = drawable(["中国 a", "\t"])
    assert (names, families) == (["\\u4e2d\\u56fd a", "\\t"], ["cmr10"])
    assert "no installed font has the escaped\ncharacters; install one" in note
    assert drawable(["a\n\ud800"])[::2] == (["a\\n\\ud800"], "")


def test_class_names_of_every_script_are_drawn_without_warnings() -> None:
    names = ["财经", "スポーツ", "กีฬา", "जमीन", "رياضة", "Спорт", "a\u202eb", "😀", "x\ud800\0"]
    diagonal = tuple(tuple(int(row == column) for column in range(9)) for row in range(9))
    figure = figure_of(diagonal, names)
    (axes,) = figure.axes
    FigureCanvasAgg(figure).draw()  # warnings are errors
    shown = dict(zip(names, tick_labels(axes)[0], strict=True))
    assert shown["Спорт"] == "Спорт"
    assert shown["x\ud800\0"] == "x\\ud800\\x00"
    assert shown["财经"] in ("财经", "\\u8d22\\u7ecf")
    escaped = any("\\u" in shown[name] for name in ("财经", "กีฬา"))
    assert not escaped or "install one" in axes.get_xlabel()


def test_many_classes_make_no_huge_figure() -> None:
    count = 300
    classes = tuple(ClassScores(f"class {n}", 1.0, 1.0, 1.0, 1) for n in range(count))
    confusion = tuple(tuple(int(row == column) for column in range(count)) for row in range(count))
    figure = confusion_figure(Scores(1.0, 1.0, 1.0, 0.0, count, classes, confusion))
    assert max(figure.get_size_inches()) <= 15
    assert len(figure.axes[0].get_xticks()) < 60


def test_the_most_confused_classes_stand_alone_and_the_others_are_one() -> None:
    confusion = np.diag(np.arange(1, 13))
    confusion[10, 11], confusion[3, 11], confusion[0, 1] = 50, 20, 7
    classes = tuple(ClassScores("x" * 30 + str(label), 0, 0, 0, 0) for label in range(12))
    table = tuple(tuple(map(int, row)) for row in confusion)
    few = most_confused(Scores(0.5, 0, 0.5, 0, int(confusion.sum()), classes, table))
    assert few.confusion is not None
    assert [len(few.classes), len(few.confusion), len(few.confusion[0])] == [10, 10, 10]
    assert sum(map(sum, few.confusion)) == confusion.sum()
    # 11, 10, 3, 0 and 1 have errors; of the others the first four stand alone
    assert [each.label[-2:] for each in few.classes] == [
        *("x0", "x1", "x2", "x3", "x4", "x5", "x6", "10", "11"),
        "rs",
    ]
    assert few.classes[-1].label == "3 others"
    assert max(len(each.label) for each in few.classes) == 24
    assert few.confusion[7][8] == 50
    assert few.confusion[9] == (0,) * 9 + (8 + 9 + 10,)
