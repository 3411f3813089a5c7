"""What the figures of the studies share: colours and parts with theory and measurements."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from textcnn.studies.shared.claims import Networks, block_rates
from textcnn.studies.shared.study import Rate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, RED, PURPLE = "#1f5fa8", "#d9730d", "#2f855a", "#b83232", "#6b46a8"
MANY_COLOURS = (BLUE, ORANGE, GREEN, RED, PURPLE, "#0e8a8a", "#8a5a2b")  # one for each network
GREY = "#6b7280"
PREDICTED: dict[str, Any] = {"color": "#b8bec9", "linewidth": 5, "solid_capstyle": "round"}


@contextmanager
def style() -> Iterator[None]:
    """Set fonts and lines for figures that are drawn or saved inside this context."""
    import matplotlib as mpl

    settings: Any = {
        "font.family": "DejaVu Sans",  # comes with matplotlib
        "font.size": 9,
        "axes.titlesize": 9.5,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": GREY,
        "svg.fonttype": "path",
        "svg.hashsalt": "textcnn",  # the same figure gives the same file
    }
    with mpl.rc_context(settings):
        yield


def new_figure(
    count: int, columns: int = 1, size: tuple[float, float] = (3.3, 2.3)
) -> tuple["Figure", list["Axes"]]:
    """A figure of `count` panels; `size` is (width, height) of each, in inches."""
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
    """Plot accuracies as points with 95 % intervals, and each seed as a faint dash."""
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
    """Plot predicted accuracies (0 to 1) as a grey line."""
    values = [100 * share for share in shares]
    axes.plot(places, values, zorder=0, drawstyle=drawstyle, **PREDICTED)


def accuracy_axes(axes: "Axes", title: str, across: str) -> None:
    """Set up a vertical axis from 0 to 100 %, a title, and the label `across` the bottom."""
    axes.set_ylim(-3, 106)
    axes.set_yticks([0, 25, 50, 75, 100])
    axes.set_ylabel("accuracy %")
    axes.set_xlabel(across)
    axes.set_title(title, loc="left")


def draw_rows(axes: "Axes", names: Sequence[str], rates: Sequence[Rate]) -> None:
    """Plot accuracies with their 95 % intervals, one below the other."""
    for place, rate in enumerate(rates):
        low, high = (100 * limit for limit in rate.interval)
        axes.plot([low, high], [place, place], color=BLUE, linewidth=1)
        axes.plot(100 * rate.share, place, "o", color=BLUE, markersize=3.5)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel("accuracy %")


def draw_order(axes: "Axes", networks: Networks, key: str, title: str, across: str) -> None:
    """Plot the fraction of texts that are `changed` or `correct`, by block size."""
    for number, (name, values) in enumerate(networks.items()):
        # side by side, so that intervals don't hide each other
        blocks = values[0]["order"]["blocks"]
        places = [block * 1.04 ** (number - len(networks) / 2) for block in blocks]
        rates = block_rates(values, key)
        intervals(axes, places, rates, MANY_COLOURS[number], name)
        shares = [100 * rate.share for rate in rates]
        axes.plot(places, shares, color=MANY_COLOURS[number], linewidth=1)
    blocks = next(iter(networks.values()))[0]["order"]["blocks"]
    axes.set_xscale("log")
    axes.set_xticks(blocks, [str(block) for block in blocks])
    axes.minorticks_off()
    axes.set_xlabel(across)
    axes.set_title(title, loc="left")
