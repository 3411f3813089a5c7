"""The plot of the learning curves: a panel for each data set, and a strip that says who is best."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sources import DATA

from textcnn.system.atomic import new_file

# Okabe and Ito's colours, which colour-blind readers can tell apart; linear models are dashed
STYLES = {
    "svm": ("SVM", "#000000", "--", "^"),
    "nbsvm": ("NBSVM", "#E69F00", "--", "s"),
    "fasttext": ("fastText", "#CC79A7", "--", "D"),
    "textcnn": ("textcnn", "#0072B2", "-", "o"),
    "textcnn-glove": ("textcnn + GloVe", "#D55E00", "-", "o"),
    "textcnn-wordllama": ("textcnn + wordllama", "#009E73", "-", "v"),
    "best_short": ("best_short", "#56B4E9", "-", "s"),
}
APART = 0.055  # least distance of two labels, as a fraction of the panel's height
STRIP = 0.05  # height of the strip below the curves, as a fraction of the panel's height


def draw_curves(
    points: Sequence[Mapping[str, Any]],
    best: Mapping[str, Sequence[tuple[int, Sequence[str]]]],
    file: Path,
) -> None:
    """
    Args:
        points: of the curves.
        best: by data set, the best ways for each number of rows.
    """
    sets = list(best)
    if not sets:
        return
    figure = Figure(figsize=(4.7 * len(sets), 4.4), layout="constrained")
    panels = figure.subplots(1, len(sets), squeeze=False)[0]
    for panel, data in zip(panels, sets, strict=True):
        draw_panel(panel, [point for point in points if point["data"] == data], best[data])
        panel.set_title(DATA[data].title)
    panels[0].set_ylabel("test accuracy, %")
    file.parent.mkdir(parents=True, exist_ok=True)
    with new_file(file) as temporary:
        # the same picture gives the same bytes
        figure.savefig(temporary, format="png", dpi=120, metadata={"Software": None})


def draw_panel(
    panel: Axes,
    points: Sequence[Mapping[str, Any]],
    best: Sequence[tuple[int, Sequence[str]]],
) -> None:
    ends = {}
    for way, (name, colour, line, mark) in STYLES.items():
        own = sorted((p for p in points if p["way"] == way), key=lambda p: int(p["rows"]))
        if not own:
            continue
        sizes = [point["rows"] for point in own]
        means = [point["mean"] for point in own]
        spreads = [point["sd"] or 0.0 for point in own]
        panel.errorbar(
            *(sizes, means, spreads),
            color=colour,
            linestyle=line,
            marker=mark,
            markersize=4,
            elinewidth=0.8,
            capsize=2,
        )
        ends[name] = (sizes[-1], means[-1], colour)
    panel.set_xscale("log")
    sizes = [size for size, _ in best]
    panel.set_xticks(sizes, [f"{size:,}" for size in sizes])
    panel.set_xticks([], minor=True)
    panel.set_xlabel("training rows")
    low, high = panel.get_ylim()
    panel.set_ylim(low - 2 * STRIP * (high - low), high)
    draw_strip(panel, best)
    label_ends(panel, ends)
    panel.grid(axis="y", alpha=0.3)
    panel.spines[["top", "right"]].set_visible(False)


def draw_strip(panel: Axes, best: Sequence[tuple[int, Sequence[str]]]) -> None:
    """Below the curves, a bar in the colours of the best ways around each number of rows."""
    sizes = np.array([size for size, _ in best], float)
    middles = np.sqrt(sizes[1:] * sizes[:-1])
    edges = [sizes[0] / 1.3, *middles, sizes[-1] * 1.3]
    low, high = panel.get_ylim()
    height = STRIP * (high - low)
    for (_, ways), left, right in zip(best, edges[:-1], edges[1:], strict=True):
        for number, way in enumerate(ways):
            panel.fill_between(
                [left, right],
                low + height * number / len(ways),
                low + height * (number + 1) / len(ways),
                color=STYLES[way][1],
                linewidth=0,
            )
    panel.annotate(
        "best: ",
        (edges[0], low + height / 2),
        ha="right",
        va="center",
        fontsize="small",
    )
    panel.set_xlim(edges[0] / 2.3, edges[-1] * 12)  # room for the labels


def label_ends(panel: Axes, ends: Mapping[str, tuple[float, float, str]]) -> None:
    """Names beside the last points, moved apart where they would overlap."""
    low, high = panel.get_ylim()
    names = sorted(ends, key=lambda name: ends[name][1])
    places = spread_out([ends[name][1] for name in names], APART * (high - low))
    for name, place in zip(names, places, strict=True):
        size, _, colour = ends[name]
        panel.text(1.2 * size, place, name, color=colour, va="center", fontsize="small")


def spread_out(places: Sequence[float], apart: float) -> list[float]:
    """Ascending places, moved as little as needed to be at least `apart`."""
    groups: list[list[float]] = []  # of places that touch, as [sum of places, count]
    for place in places:
        groups.append([place, 1])
        while len(groups) > 1 and top(groups[-2], apart) + apart > bottom(groups[-1], apart):
            total, count = groups.pop()
            groups[-1][0] += total
            groups[-1][1] += count
    return [
        bottom(group, apart) + apart * number for group in groups for number in range(int(group[1]))
    ]


def bottom(group: Sequence[float], apart: float) -> float:
    return group[0] / group[1] - apart * (group[1] - 1) / 2


def top(group: Sequence[float], apart: float) -> float:
    return group[0] / group[1] + apart * (group[1] - 1) / 2
