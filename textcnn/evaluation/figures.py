"""Scores as figures."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from textcnn.errors import shortened
from textcnn.evaluation.calibration.quality import CalibrationReport
from textcnn.evaluation.counts import ClassScores
from textcnn.evaluation.metrics import Scores
from textcnn.system.fonts import drawable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# With more classes than these, labels or numbers would overlap.
MOST_NAMED = 60
MOST_COUNTED = 20
MOST_LEGIBLE = 10  # classes, in the width of TensorBoard's cards
LONGEST_NAME = 24  # characters, likewise


def confusion_figure(scores: Scores) -> "Figure":
    """The confusion matrix: true classes in rows, predicted in columns, shaded by row fraction.

    Only for one class per text: label sets have no confusion matrix.
    """
    # Imported here: it takes long, and only the end of a training run draws.
    from matplotlib.figure import Figure

    assert scores.confusion is not None
    few = len(scores.classes) <= MOST_NAMED
    names, families, note = drawable([row.label for row in scores.classes] if few else [])
    fractions = [[cell / max(sum(row), 1) for cell in row] for row in scores.confusion]
    # in inches; memory grows with the square
    side = min(2.2 + 0.45 * len(scores.classes), 14.0)
    figure = Figure(figsize=(side + 1, side), layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(fractions, cmap="Blues", vmin=0, vmax=1)
    if few:
        axes.set_xticks(range(len(names)), names, rotation=45, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(len(names)), names)
    for label in [*axes.get_xticklabels(), *axes.get_yticklabels()]:
        label.set_parse_math(False)  # a class name may hold $
        label.set_fontfamily(families)
    axes.set_xlabel("predicted" + (f"\n{note}" if note else ""))
    axes.set_ylabel("true")
    axes.set_title(f"accuracy {100 * scores.accuracy:.2f} %, {scores.examples:,} texts")
    if len(scores.classes) <= MOST_COUNTED:
        for row, cells in enumerate(scores.confusion):
            for column, cell in enumerate(cells):
                color = "white" if fractions[row][column] > 0.5 else "black"
                axes.text(column, row, f"{cell:,}", ha="center", va="center", color=color)
    return figure


def most_confused(scores: Scores) -> Scores:
    """The same scores with the most confused classes alone, all others as one class.

    The figure of these is legible where that of many classes has to be enlarged.
    """
    assert scores.confusion is not None
    matrix = np.array(scores.confusion)
    errors = matrix.sum(axis=0) + matrix.sum(axis=1) - 2 * matrix.diagonal()
    kept = np.sort(np.argsort(-errors, kind="stable")[: MOST_LEGIBLE - 1])
    target = np.full(len(matrix), len(kept))  # the class that each counts as
    target[kept] = np.arange(len(kept))
    member = np.eye(len(kept) + 1, dtype=np.int64)[target]  # (classes, kept and others)
    summed = member.T @ matrix @ member
    others = ClassScores(f"{len(matrix) - len(kept)} others", 0.0, 0.0, 0.0, int(summed[-1].sum()))
    named = [scores.classes[index] for index in kept.tolist()]
    short = [replace(each, label=shortened(each.label, LONGEST_NAME)) for each in named]
    return replace(scores, classes=(*short, others), confusion=tuple(map(tuple, summed.tolist())))


def reliability_figure(trust: CalibrationReport) -> "Figure":
    """The share of correct answers by their probability, with the number of answers as area."""
    from matplotlib.figure import Figure

    filled = [each for each in trust.bins if each.count]
    largest = max((each.count for each in filled), default=1)
    figure = Figure(figsize=(4.2, 4), layout="constrained")
    axes = figure.add_subplot()
    axes.plot([0, 100], [0, 100], color="0.8")
    places = [100 * each.confidence for each in filled], [100 * each.accuracy for each in filled]
    axes.plot(*places)
    axes.scatter(*places, s=[10 + 70 * each.count / largest for each in filled])
    axes.set_xlabel("probability %")
    axes.set_ylabel("correct %")
    axes.set_title(f"calibration error {100 * trust.after.ece:.1f} points, {trust.texts:,} texts")
    return figure
