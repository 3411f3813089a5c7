"""Compare the time of a training step with each regularizer.

    python scripts/bench/regularizers.py

Prints the table in docs/guide.md: processor time of the default network, on synthetic ids; ± is
half the range of the middle half of the repetitions.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from accelerate import Accelerator
from measure import alternate
from steps import Size, make_ids
from tables import table

from textcnn.data.batching import Batch
from textcnn.models.build import build_model
from textcnn.training.learner import Learner
from textcnn.training.objectives.adversarial import Adversary
from textcnn.training.objectives.losses import build_loss
from textcnn.training.objectives.mixup import mixup
from textcnn.training.objectives.objective import plain
from textcnn.training.objectives.r_drop import drops_before_pooling, r_drop
from textcnn.training.optimization.optimizers import build_optimizer, takes_rows
from textcnn.training.precision import Precision

SIZE = Size(time=25, vocabulary=18_000, filters=64, batch=50)
CLASSES = 6
WAYS: dict[str, dict[str, Any]] = {
    "none": {},
    "label smoothing": {"label_smoothing": 0.1},
    "word dropout": {"word_dropout": 0.1},
    "R-Drop": {"r_drop": 1.0},
    "R-Drop, with word dropout": {"r_drop": 1.0, "word_dropout": 0.1},
    "mixup": {"mixup": 1.0},
    "adversarial": {"adversarial": 1.0},
}


def build(
    *,
    label_smoothing: float = 0.0,
    word_dropout: float = 0.0,
    r_drop: float = 0.0,
    mixup: float = 0.0,
    adversarial: float = 0.0,
) -> Callable[[], None]:
    """A training step."""
    network = build_model(
        "multi_width",
        vocabulary_size=SIZE.vocabulary + 2,
        num_classes=CLASSES,
        embedding_dim=64,
        kernel_sizes=(1, 2, 3),
        num_filters=SIZE.filters,
        dropout=0.5,
        word_dropout=word_dropout,
    )
    network.train()
    optimizer = build_optimizer("adam", network.parameters(), learning_rate=0.003)
    assert network.embedding.table is not None
    network.embedding.table.sparse = takes_rows(optimizer, network.embedding.table)
    learner = Learner(
        network,
        optimizer,
        build_loss(multi_label=False, class_weights=None, label_smoothing=label_smoothing),
        Precision("fp32", torch.device("cpu")),
        Accelerator(cpu=True),
        objective=objective(r_drop, mixup, drops_before_pooling(network)),
        adversary=Adversary(network, adversarial) if adversarial else None,
    )
    lengths = torch.full((SIZE.batch,), SIZE.time)
    batch = Batch(make_ids(SIZE), lengths, torch.arange(SIZE.batch) % CLASSES)

    def step() -> None:
        learner.step(batch)

    return step


def objective(divergence: float, alpha: float, whole: bool) -> Any:
    if divergence:
        return partial(r_drop, weight=divergence, whole=whole)
    return partial(mixup, alpha=alpha) if alpha else plain


def milliseconds(step: Callable[[], None], steps: int = 50) -> float:
    """Processor time of a step, in one thread: other programs disturb it least."""
    start = time.process_time()
    for _ in range(steps):
        step()
    return 1000 * (time.process_time() - start) / steps


def main() -> None:
    parser = argparse.ArgumentParser(prog="python scripts/bench/regularizers.py")
    parser.add_argument("--repetitions", type=int, default=20, metavar="N")
    options = parser.parse_args()
    torch.set_num_threads(1)
    steps = {name: partial(milliseconds, build(**settings)) for name, settings in WAYS.items()}
    measured = alternate(steps, options.repetitions)
    rows = []
    for name, each in measured.items():
        # against the step without regularizers of the same repetition
        pairs = zip(each.values, measured["none"].values, strict=True)
        ratios = sorted(own / without for own, without in pairs)
        quarter = len(ratios) // 4
        spread = (ratios[-1 - quarter] - ratios[quarter]) / 2
        ratio = f"{statistics.median(ratios):.2f} × ± {spread:.2f}"
        rows.append((name, f"{each.median:.2f} ms", ratio))
    print(table(["regularizer", "step", "vs. none"], rows))


if __name__ == "__main__":
    main()
