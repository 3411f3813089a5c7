"""Plots of the results."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

# the colour and marker of each program in every plot
STYLES = {
    "textcnn": ("C0", "o"),
    "textcnn fp32": ("C0", "o"),
    "textcnn bf16": ("C9", "o"),
    "usual fp32": ("C1", "s"),
    "usual bf16": ("C8", "s"),
    "fastText": ("C2", "D"),
    "TF-IDF + SVM": ("C3", "^"),
    "spaCy": ("C4", "v"),
}
LABELS = {
    "time": "tokens per text",
    "vocabulary": "words in the vocabulary",
    "filters": "filters of each width",
    "batch": "texts per batch",
}


def draw_sweep(rows: Sequence[Any], file: Path) -> None:
    """One panel for each varied size: milliseconds per step, both scales logarithmic."""
    axes = list(dict.fromkeys(row["axis"] for row in rows))
    figure = Figure(figsize=(3.2 * len(axes), 3.2), layout="constrained")
    panels = figure.subplots(1, len(axes), sharey=True, squeeze=False)[0]
    for panel, axis in zip(panels, axes, strict=True):
        for name in dict.fromkeys(row["name"] for row in rows):
            chosen = [r for r in rows if r["axis"] == axis and r["name"] == name]
            colour, mark = STYLES[name]
            sizes, times = [r["size"] for r in chosen], [1e3 * r["seconds"] for r in chosen]
            panel.loglog(sizes, times, color=colour, marker=mark, label=name)
            panel.set_xticks(sizes, [f"{size:,}" for size in sizes], minor=False)
            panel.set_xticks([], minor=True)
        panel.set_xlabel(LABELS[axis])
        plain(panel, "y")
    panels[0].set_ylabel("ms per step")
    panels[0].legend(fontsize="small")
    figure.savefig(file, dpi=120)


def draw_speeds(tasks: Mapping[str, Sequence[Any]], file: Path) -> None:
    """Texts per second of each program: one line per data set, one panel per task."""
    figure = Figure(figsize=(5.5 * len(tasks), 3.6), layout="constrained")
    panels = figure.subplots(1, len(tasks), squeeze=False)[0]
    for panel, (task, rows) in zip(panels, tasks.items(), strict=True):
        lines = list(dict.fromkeys(map(line_of, rows)))
        names = list(dict.fromkeys(row["name"] for row in rows))
        for name in names:
            chosen = [row for row in rows if row["name"] == name]
            colour, mark = STYLES[name]
            speeds = [row["texts_per_second"] for row in chosen]
            # shift each program down a little, so that none hides another
            lower = 0.1 * (names.index(name) - (len(names) - 1) / 2)
            places = [lines.index(line_of(row)) + lower for row in chosen]
            panel.plot(speeds, places, mark, color=colour, label=name, markersize=7, alpha=0.85)
        panel.set_xscale("log")
        panel.set_yticks(range(len(lines)), lines)
        panel.set_ylim(len(lines) - 0.5, -0.5)  # the first on top
        panel.grid(axis="both", alpha=0.3)
        panel.set_xlabel("texts per second")
        panel.set_title(task)
        plain(panel, "x")
    handles = {
        label: handle
        for panel in panels
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True)
    }
    if "textcnn fp32" in handles:
        handles.pop("textcnn", None)  # the same program: it predicts in fp32
    figure.legend(handles.values(), handles.keys(), loc="outside right center")
    figure.savefig(file, dpi=120)


def line_of(row: Any) -> str:
    return f"{row['set']}, characters" if row.get("model") == "character CNN" else str(row["set"])


def line_of_floor(row: Any) -> str:
    return f"{row['name']}, {row['time']:,} tokens"


def draw_floor(rows: Sequence[Any], file: Path) -> None:
    """One line per step, from its floor to its measured time."""
    steps = [row for row in rows if "time" in row]
    figure = Figure(figsize=(8, 0.5 + 0.4 * len(steps)), layout="constrained")
    panel = figure.subplots()
    places = range(len(steps))
    seconds = [1e3 * row["seconds"] for row in steps]
    floors = [1e3 * (row["compute_seconds"] + row["move_seconds"]) for row in steps]
    colours = [STYLES[row["name"]][0] for row in steps]
    panel.hlines(places, floors, seconds, color=colours, linewidth=3, alpha=0.6)
    panel.scatter(seconds, places, color=colours, s=60, zorder=3)
    panel.plot(floors, places, "|", color="black", markersize=16, markeredgewidth=2, label="floor")
    for place, row in zip(places, steps, strict=True):
        panel.annotate(
            f"   {row['of_floor']:.1f} ×",
            (1e3 * row["seconds"], place),
            va="center",
            fontsize="small",
        )
    panel.set_xscale("log")
    panel.set_xlim(min(floors) / 2, 3 * max(seconds))
    panel.set_yticks(places, map(line_of_floor, steps))
    panel.invert_yaxis()
    panel.set_xlabel("ms per step, and multiple of the floor")
    panel.legend(fontsize="small")
    plain(panel, "x")
    figure.savefig(file, dpi=120)


def plain(panel: Axes, axis: str) -> None:
    """1,000, not 10³."""
    formatter = FuncFormatter(lambda value, _: f"{value:,.0f}" if value >= 1 else f"{value:g}")
    (panel.xaxis if axis == "x" else panel.yaxis).set_major_formatter(formatter)
