"""Plot the training curves of a run from its TensorBoard file.

python scripts/plot_curves.py RUN_DIR PICTURE
"""

import sys
from pathlib import Path

from matplotlib.figure import Figure
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def plot_curves(run_dir: Path) -> Figure:
    """Loss of training and validation on the left, validation metrics on the right."""
    events = EventAccumulator(str(run_dir))
    events.Reload()
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    panels = {
        left: {"train/loss": "training", "validation/loss": "validation"},
        right: {"validation/accuracy": "accuracy", "validation/macro_f1": "macro-F1"},
    }
    for axes, curves in panels.items():
        for tag, name in curves.items():
            points = events.Scalars(tag)
            axes.plot([p.step for p in points], [p.value for p in points], ".-", label=name)
        axes.set_xlabel("step (batches)")
        axes.grid(alpha=0.3)
        axes.legend()
    left.set_title("cross-entropy")
    right.set_title("validation")
    return figure


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    plot_curves(Path(sys.argv[1])).savefig(sys.argv[2], dpi=110)
