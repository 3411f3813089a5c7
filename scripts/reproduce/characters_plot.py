"""The plot of accuracy on mistyped texts: a panel for each data set."""

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from sources import DATA

from textcnn.system.atomic import new_file

# Okabe and Ito's colours, which colour-blind readers can tell apart
STYLES = (
    *(("#000000", "--", "s"), ("#0072B2", "-", "o")),
    *(("#009E73", "-", "^"), ("#D55E00", "-", "v")),
)


def draw_typos(models: Sequence[dict[str, Any]], file: Path, ways: Sequence[str]) -> None:
    """
    Args:
        models: those with `typos` are drawn.
        ways: the order of the lines.
    """
    drawn = [model for model in models if "typos" in model]
    sets = list(dict.fromkeys(model["data"] for model in drawn))
    if not sets:
        return
    figure = Figure(figsize=(4.4 * len(sets), 3.8), layout="constrained")
    panels = figure.subplots(1, len(sets), squeeze=False)[0]
    for panel, data in zip(panels, sets, strict=True):
        for way, (colour, line, mark) in zip(ways, STYLES, strict=True):
            for model in drawn:
                if (model["data"], model["way"]) != (data, way):
                    continue
                rates = [float(rate) for rate in model["typos"][0]]
                means = [
                    statistics.mean(run[str(rate)] for run in model["typos"]) for rate in rates
                ]
                percent = [100 * rate for rate in rates]
                panel.plot(percent, means, color=colour, linestyle=line, marker=mark, label=way)
        panel.set_title(DATA[data].title)
        panel.set_xlabel("mistyped letters, %")
        panel.grid(axis="y", alpha=0.3)
        panel.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("test accuracy, %")
    panels[0].legend(frameon=False)
    file.parent.mkdir(parents=True, exist_ok=True)
    with new_file(file) as temporary:
        # the same picture gives the same bytes
        figure.savefig(temporary, format="png", dpi=120, metadata={"Software": None})
