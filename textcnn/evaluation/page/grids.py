"""Scores, classes and data as the tables of the report."""

from collections.abc import Sequence

from textcnn.evaluation.measures.intervals import Interval
from textcnn.evaluation.measures.measure import Measures
from textcnn.evaluation.metrics import Scores
from textcnn.evaluation.page.content import Confusion, Grid
from textcnn.evaluation.references import BaselineScores, Majority
from textcnn.evaluation.tables import IN_PERCENT, WITHOUT_UNIT, accuracy_name
from textcnn.evaluation.texts.answers import Answers
from textcnn.evaluation.texts.mistakes import confusions
from textcnn.evaluation.texts.slices import Group

MOST_CLASSES = 100  # rows of a table of classes
MOST_IN_SQUARE = 25  # classes of a confusion matrix that still fits on a page
CONFUSIONS = 15


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def ends(interval: Interval | None) -> str:
    return "" if interval is None else f"{100 * interval[0]:.1f} to {100 * interval[1]:.1f} %"


def measures_grid(
    scores: Scores,
    measures: Measures,
    majority: Majority | None,
    baseline: BaselineScores | None,
    log_loss: float,
) -> Grid:
    """A row for each measure, beside the baseline and the most frequent answer.

    Args:
        log_loss: of the probabilities that `predict` gives, in nats.
    """
    header = ["measure", "this classifier", "95 % interval"]
    rows = [[accuracy_name(scores), percent(scores.accuracy), ends(measures.intervals["accuracy"])]]
    rows.append(["macro-F1", percent(scores.macro_f1), ends(measures.intervals.get("macro_f1"))])
    if scores.multi_label:
        ends_of_micro = ends(measures.intervals.get("micro_f1"))
        rows.append(["micro-F1", percent(scores.micro_f1), ends_of_micro])
    for name, shown in (IN_PERCENT | WITHOUT_UNIT).items():
        value = measures.values.get(name)
        if value is not None:
            number = f"{value:.3f}" if name in WITHOUT_UNIT else percent(value)
            interval = measures.intervals.get(name)
            plain = "" if interval is None else f"{interval[0]:.3f} to {interval[1]:.3f}"
            rows.append([shown, number, plain if name in WITHOUT_UNIT else ends(interval)])
    rows.append(["log loss", f"{log_loss:.3f}", ""])
    columns = []
    if baseline is not None:
        header.append("linear baseline")
        columns.append([percent(baseline.accuracy), percent(baseline.macro_f1)])
    if majority is not None:
        header.append("most frequent answer")
        columns.append([percent(majority.accuracy)])
    cells = [
        (*row, *(column[place] if place < len(column) else "" for column in columns))
        for place, row in enumerate(rows)
    ]
    return Grid(tuple(header), tuple(cells))


def classes_grid(scores: Scores, measures: Measures) -> Grid:
    """Precision, recall and F1 of each class; of many classes, those with the lowest F1."""
    intervals = {each.label: each.f1 for each in measures.classes}
    rows = [*scores.classes]
    caption = ""
    if len(rows) > MOST_CLASSES:
        rows = sorted((row for row in rows if row.examples), key=lambda row: row.f1)[:MOST_CLASSES]
        caption = f"The {len(rows)} classes with the lowest F1 of {len(scores.classes):,}."
    header = ("class", "texts", "precision", "recall", "F1", "95 % interval of F1")
    cells = tuple(
        (
            row.label,
            f"{row.examples:,}",
            *map(percent, (row.precision, row.recall, row.f1)),
            ends(intervals.get(row.label)),
        )
        for row in rows
    )
    return Grid(header, cells, caption)


def confusion_of(scores: Scores) -> Confusion | None:
    """None for label sets, and for more classes than fit on a page."""
    if scores.confusion is None or len(scores.classes) > MOST_IN_SQUARE:
        return None
    return Confusion(tuple(row.label for row in scores.classes), scores.confusion)


def confused_grid(answers: Answers) -> Grid | None:
    """The most frequent confusions; None without any."""
    rows = tuple((each.words, f"{each.texts:,}") for each in confusions(answers, CONFUSIONS))
    return Grid(("the most frequent confusions", "texts"), rows) if rows else None


def slice_grid(group: Group) -> Grid:
    """A row for each slice."""
    rows = tuple(
        (
            each.value,
            f"{each.examples:,}",
            percent(each.accuracy),
            ends(each.interval),
            "" if each.macro_f1 is None else percent(each.macro_f1),
        )
        for each in group.slices
    )
    return Grid((group.by, "texts", "accuracy", "95 % interval", "macro-F1"), rows)


def as_grid(rows: Sequence[Sequence[str]], caption: str = "") -> Grid:
    """A table whose first row is the header."""
    header, *others = rows
    return Grid(tuple(header), tuple(tuple(row) for row in others), caption)
