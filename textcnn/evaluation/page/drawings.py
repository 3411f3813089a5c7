"""Line drawings that take the colours of the page, in light and in dark mode."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import StringIO
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from textcnn.evaluation.page.content import Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing

# Colours that stand for the variables of the page's style sheet.
INK, SOFT, LINE, ACCENT, SECOND = "#010203", "#010204", "#010205", "#010206", "#010207"
VARIABLES = {
    INK: "var(--ink)",
    SOFT: "var(--soft)",
    LINE: "var(--line)",
    ACCENT: "var(--accent)",
    SECOND: "var(--second)",
}
PANEL = (3.6, 2.4)  # inches


@contextmanager
def style() -> Iterator[None]:
    """Fonts and colours for figures that are drawn inside this context."""
    import matplotlib as mpl

    settings: Any = {
        "font.family": "DejaVu Sans",
        "font.size": 9,
        "text.color": INK,
        "axes.labelcolor": SOFT,
        "axes.edgecolor": SOFT,
        "axes.titlesize": 9.5,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "xtick.color": SOFT,
        "ytick.color": SOFT,
        "legend.frameon": False,
        "svg.fonttype": "path",
        "svg.hashsalt": "textcnn",  # the same figure gives the same file
    }
    with mpl.rc_context(settings):
        yield


def as_svg(drawing: "Drawing") -> Markup:
    """The drawing as SVG for a page, with variables of its style sheet as colours."""
    drawing.patch.set_visible(False)
    for axes in drawing.axes:
        axes.patch.set_visible(False)
    file = StringIO()
    drawing.savefig(file, format="svg", metadata={"Date": None})
    svg = file.getvalue()
    svg = svg[svg.index("<svg") :]  # without the XML header, which a page may not hold
    for colour, variable in VARIABLES.items():
        svg = svg.replace(colour, variable)
    return Markup(svg)


def panels(count: int) -> tuple["Drawing", list["Axes"]]:
    from matplotlib.figure import Figure as Drawing

    drawing = Drawing(figsize=(PANEL[0] * count, PANEL[1]), layout="constrained")
    return drawing, [drawing.add_subplot(1, count, number + 1) for number in range(count)]


def draw_curves(history: Sequence[dict[str, Any]]) -> Figure | None:
    """Loss and accuracy on training and validation texts by epoch; None for a single epoch.

    Args:
        history: as `metrics.json` has it, a line for each validation.
    """
    if len(history) < 2:
        return None
    epochs = [line["epoch"] for line in history]
    with style():
        drawing, (loss, accuracy) = panels(2)
        for split, colour in (("train", ACCENT), ("validation", SECOND)):
            losses = [line[split]["loss"] for line in history]
            percents = [100 * line[split]["accuracy"] for line in history]
            loss.plot(epochs, losses, color=colour, label=split, marker="o", markersize=3)
            accuracy.plot(epochs, percents, color=colour, label=split, marker="o", markersize=3)
        for axes, title in ((loss, "loss (nats)"), (accuracy, "accuracy %")):
            axes.set_title(title, loc="left")
            axes.set_xlabel("epoch")
            axes.locator_params(axis="x", integer=True, nbins=8)
            axes.legend()
        svg = as_svg(drawing)
    last = history[-1]
    return Figure(
        svg,
        f"Loss and accuracy over {len(history)} epochs. At the end, training loss is "
        f"{last['train']['loss']:.3f} and validation loss {last['validation']['loss']:.3f}.",
        "If validation loss rises while training loss falls, the model memorizes its training "
        "texts: train for fewer epochs, or regularize more.",
    )


def draw_reliability(
    confidence: Sequence[float], accuracy: Sequence[float], texts: Sequence[int], caption: str
) -> Figure:
    """Accuracy against mean probability of the prediction, a point for each bin that has texts.

    Args:
        confidence, accuracy: by bin, 0 to 1.
        texts: number of texts by bin, which the area of a point shows.
    """
    filled = [place for place, count in enumerate(texts) if count]
    largest = max([texts[place] for place in filled], default=1)
    with style():
        drawing, (axes,) = panels(1)
        axes.plot([0, 100], [0, 100], color=LINE, linewidth=1.5)
        axes.plot(
            [100 * confidence[place] for place in filled],
            [100 * accuracy[place] for place in filled],
            color=ACCENT,
            linewidth=1,
        )
        axes.scatter(
            [100 * confidence[place] for place in filled],
            [100 * accuracy[place] for place in filled],
            s=[10 + 70 * texts[place] / largest for place in filled],
            color=ACCENT,
            clip_on=False,
        )
        axes.set_xlim(-2, 102)
        axes.set_ylim(-2, 102)
        axes.set_aspect("equal")
        axes.set_xlabel("probability of the prediction %")
        axes.set_ylabel("correct %")
        svg = as_svg(drawing)
    points = "; ".join(
        f"at {100 * confidence[place]:.0f} % probability {100 * accuracy[place]:.0f} % correct"
        for place in filled
    )
    return Figure(svg, f"Reliability diagram: {points}.", caption)
