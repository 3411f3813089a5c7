"""Scores as figures."""

from matplotlib.figure import Figure

from textcnn.evaluation.metrics import Scores


def confusion_figure(scores: Scores) -> Figure:
    """Rows are the true classes, columns the predicted; shaded by the share of the row."""
    names = [row.label for row in scores.classes]
    shares = [[cell / max(sum(row), 1) for cell in row] for row in scores.confusion]
    side = 2.2 + 0.45 * len(names)
    figure = Figure(figsize=(side + 1, side), layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(names)), names)
    for label in [*axes.get_xticklabels(), *axes.get_yticklabels()]:
        label.set_parse_math(False)  # a class may be named $x$
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.set_title(f"accuracy {100 * scores.accuracy:.2f} %, {scores.examples:,} texts")
    if len(names) <= 20:
        for row, cells in enumerate(scores.confusion):
            for column, cell in enumerate(cells):
                color = "white" if shares[row][column] > 0.5 else "black"
                axes.text(column, row, f"{cell:,}", ha="center", va="center", color=color)
    return figure
