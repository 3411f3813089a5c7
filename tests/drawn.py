"""What a matplotlib figure shows, as plain values."""

from collections.abc import Iterable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Text


def points_of(line: Line2D) -> tuple[list[float], list[float]]:
    """The coordinates across and up."""
    across, up = line.get_data()
    return np.asarray(across, float).tolist(), np.asarray(up, float).tolist()


def texts_of(labels: Iterable[Text]) -> list[str]:
    return [label.get_text() for label in labels]


def heights_of(axes: Axes) -> list[float]:
    """The heights of its bars."""
    return [bar.get_height() for bar in axes.patches if isinstance(bar, Rectangle)]
