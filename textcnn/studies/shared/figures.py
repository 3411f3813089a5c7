"""How the studies' figures look: the same colours for theory and measurement everywhere."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from textcnn.studies.shared.study import Rate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, RED, PURPLE = "#1f5fa8", "#d9730d", "#2f855a", "#b83232", "#6b46a8"
COLOURS = (BLUE, ORANGE, GREEN, RED, PURPLE)
GREY = "#6b7280"
PREDICTED: dict[str, Any] = {"color": "#b8bec9", "linewidth": 5, "solid_capstyle": "round"}


@contextmanager
def style() -> Iterator[None]:
    """Fonts and lines of all figures, while they are drawn and saved."""
    import matplotlib as mpl

    settings: Any = {
        "font.family": "DejaVu Sans",  # comes with matplotlib
        "font.size": 9,
        "axes.titlesize": 9.5,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": GREY,
        "svg.fonttype": "path",
        "svg.hashsalt": "textcnn",  # the same figure is the same file
    }
    with mpl.rc_context(settings):
        yield


def new_figure(
    count: int, columns: int = 1, size: tuple[float, float] = (3.3, 2.3)
) -> tuple["Figure", list["Axes"]]:
    """A figure of so many panels, `size` inches each."""
    from matplotlib.figure import Figure

    columns = min(columns, count)
    rows = -(-count // columns)
    figure = Figure(figsize=(size[0] * columns, size[1] * rows), layout="constrained")
    axes = [figure.add_subplot(rows, columns, number + 1) for number in range(count)]
    return figure, axes


def intervals(
    axes: "Axes",
    places: Sequence[float],
    rates: Sequence[Rate],
    color: str = BLUE,
    label: str | None = None,
    marker: str = "o",
) -> None:
    """Accuracies as points with their 95 % intervals, and those of each seed as faint dashes."""
    shares = [100 * rate.share for rate in rates]
    below = [max(s - 100 * r.interval[0], 0) for s, r in zip(shares, rates, strict=True)]
    above = [max(100 * r.interval[1] - s, 0) for s, r in zip(shares, rates, strict=True)]
    axes.errorbar(
        places,
        shares,
        yerr=[below, above],
        fmt=marker,
        markersize=3.5,
        linewidth=1,
        color=color,
        label=label,
    )
    for place, rate in zip(places, rates, strict=True):
        if len(set(rate.seeds)) > 1:
            seeds = [100 * share for share in rate.seeds]
            axes.plot([place] * len(seeds), seeds, "_", color=color, alpha=0.5, markersize=6)


def predicted(
    axes: "Axes", places: Sequence[float], shares: Sequence[float], drawstyle: str = "default"
) -> None:
    """Accuracies that theory gives, 0 to 1, as a line."""
    values = [100 * share for share in shares]
    axes.plot(places, values, zorder=0, drawstyle=drawstyle, **PREDICTED)


def accuracy_axes(axes: "Axes", title: str, across: str) -> None:
    axes.set_ylim(-3, 106)
    axes.set_yticks([0, 25, 50, 75, 100])
    axes.set_ylabel("accuracy %")
    axes.set_xlabel(across)
    axes.set_title(title, loc="left")
