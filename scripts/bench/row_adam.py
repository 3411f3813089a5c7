"""Compare how far three variants of Adam move the vectors of rare words.

    python scripts/bench/row_adam.py FOLDER

Trains Kim's network on FOLDER/mr.csv and prints the table in docs/models.md.
"""

import argparse
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sets import KIM, Ours, accuracy_of, find_sets
from tables import table
from torch import Tensor

from textcnn.training.optimization.rows import RowAdam

OCCURRENCES = ((2, 2), (3, 4), (5, 9), (10, 29), (30, 99), (100, 999))
SEEDS = (1, 2, 3)
EPOCHS = 3


def every_vector(run: Any) -> None:
    """Standard Adam: a dense gradient, and a step of all vectors."""
    run.classifier.model.embedding.table.sparse = False


def seen_vectors(run: Any) -> None:
    """textcnn's Adam: a step of the vectors in the batch only."""


def sparse_means(run: Any) -> None:
    """`optim.SparseAdam`: running means that change only at steps that see the word."""

    def step_rows(table: Tensor, rows: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        state = optimizer.state[table]
        if not state:
            state.update(step=0, mean=torch.zeros_like(table), square=torch.zeros_like(table))
        state["step"] += 1
        first, second = group["betas"]
        mean = state["mean"][rows].lerp(gradient, 1 - first)
        square = state["square"][rows].lerp(gradient.square(), 1 - second)
        state["mean"][rows], state["square"][rows] = mean, square
        root = (square / (1 - second ** state["step"])).sqrt() + group["eps"]
        rate = group["lr"] / (1 - first ** state["step"])
        with torch.no_grad():
            table.index_add_(0, rows, mean / root, alpha=-rate)

    optimizer = run.learner.optimizer
    assert isinstance(optimizer, RowAdam)
    optimizer.step_rows = step_rows  # type: ignore[method-assign]


WAYS: dict[str, Callable[[Any], None]] = {
    "Adam over all vectors": every_vector,
    "textcnn": seen_vectors,
    "SparseAdam's mathematics": sparse_means,
}


def moved(ours: Ours, change: Callable[[Any], None]) -> tuple[list[float], float]:
    """Train one variant.

    Returns:
        The mean distance that vectors have moved after one epoch, for each range of OCCURRENCES,
        and the test accuracy after `EPOCHS`.
    """
    run = ours.run
    change(run)
    vectors = run.classifier.model.embedding.table.weight
    before = vectors.detach().clone()
    epoch = len(run.batches.epoch_batches(0))
    ours.train(epoch)
    distance = (vectors.detach() - before).norm(dim=1).numpy()  # (tokens,)
    counts = np.bincount(run.batches.texts.ids, minlength=len(distance))
    means = [float(distance[(counts >= a) & (counts <= b)].mean()) for a, b in OCCURRENCES]
    ours.train((EPOCHS - 1) * epoch)
    test = ours.splits.test
    return means, accuracy_of(ours.predict(test.texts()), test.labels.tolist())


def main() -> None:
    parser = argparse.ArgumentParser(prog="python scripts/bench/row_adam.py", description=__doc__)
    parser.add_argument("data", type=Path, metavar="FOLDER", help="folder that holds mr.csv")
    (found,) = (each for each in find_sets(parser.parse_args().data, None) if each.name == "MR")
    rows = []
    for name, change in WAYS.items():
        results = []
        for seed in SEEDS:
            with tempfile.TemporaryDirectory() as place:
                settings = (*found.overrides, *KIM, f"training.epochs={EPOCHS}", f"seed={seed}")
                results.append(moved(Ours(settings, Path(place)), change))
            print(f"{name}, seed {seed}: {results[-1]}", flush=True)
        means = [statistics.mean(each) for each in zip(*(r[0] for r in results), strict=True)]
        right = [each[1] for each in results]
        spread = (max(right) - min(right)) / 2
        accuracy = f"{statistics.mean(right):.1%} ± {spread:.1%}".replace("%", " %")
        rows.append((name, *(f"{mean:.3f}" for mean in means), accuracy))
    head = ["", *(f"{a}–{b}" if a < b else f"{a} times" for a, b in OCCURRENCES), "test accuracy"]
    print(table(head, rows))


if __name__ == "__main__":
    main()
