"""Scores of several runs: their means and sample standard deviations."""

from collections.abc import Sequence
from statistics import mean, stdev
from typing import Any

MEASURES = ("accuracy", "macro_f1", "micro_f1", "loss")
PERCENTS = ("accuracy", "macro_f1")  # shown in the terminal, with the loss


def over_runs(scores: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Mean and sample standard deviation (n - 1) of each measure."""
    result: dict[str, float] = {}
    for name in MEASURES:
        values = [each[name] for each in scores]
        result |= {name: mean(values), f"{name}_std": stdev(values)}
    return result


def score_cells(scores: dict[str, Any]) -> list[str]:
    """Cells of a table: accuracy and macro-F1 in percent, loss."""
    return [*(f"{100 * scores[name]:.2f}" for name in PERCENTS), f"{scores['loss']:.4f}"]


def mean_cells(scores: dict[str, float]) -> list[str]:
    """The cells of means, each with its deviation."""
    percents = [
        f"{100 * scores[name]:.2f} ± {100 * scores[f'{name}_std']:.2f}" for name in PERCENTS
    ]
    return [*percents, f"{scores['loss']:.4f} ± {scores['loss_std']:.4f}"]
