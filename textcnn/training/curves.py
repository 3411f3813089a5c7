"""TensorBoard: everything a run shows goes into one event file in the run directory."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from torch.utils.tensorboard import SummaryWriter

from textcnn.evaluation.metrics import Scores
from textcnn.system.escapes import escaped, in_one_line
from textcnn.system.failures import naming
from textcnn.system.memory import peak_memory_bytes
from textcnn.system.private_torch import add_hyper_parameters
from textcnn.training.learner import Learner
from textcnn.training.state import TrainingState
from textcnn.training.tensorboard.norms import layers_of, norms

if TYPE_CHECKING:
    from matplotlib.figure import Figure


LARGE_EVERY = 10  # points of the curves between two norms of large layers


class Curves:
    """Scalars over steps (batches), figures and texts."""

    def __init__(self, run_dir: Path, *, every: int = 1, first_step: int | None = None):
        """
        Args:
            every: steps between two points of the training curves.
            first_step: where a resumed run starts; points logged after it are dropped.
        """
        self.run_dir, self.every = run_dir, every
        self.group, self.steps_before = "train", 0
        self.layers: dict[str, list[nn.Parameter]] | None = None  # of the network in training
        self.points = 0
        purge = None if first_step is None else first_step + 1
        self.writer = SummaryWriter(str(run_dir), purge_step=purge)

    def step(self, state: TrainingState, loss: float, learner: Learner) -> None:
        if state.step % self.every:
            return
        values = {"loss": loss, **learner.learning_rates}
        values |= {"gradient_norm": learner.gradient_norm()}
        values |= {"texts_per_second": state.texts_per_second, **memory(learner)}
        step = self.steps_before + state.step
        self.scalars(self.group, values, step)
        if self.layers is None:
            self.layers = layers_of(learner.model)
        found = norms(self.layers, large=self.points % LARGE_EVERY == 0)
        self.points += 1
        self.scalars("" if self.group == "train" else f"{self.group}_", found, step, between="")

    def begin_final(self, steps_before: int) -> None:
        """Draw the final training as `final/...`, after the steps of the run that selected."""
        self.group, self.steps_before, self.layers = "final", steps_before, None

    def scores(self, split: str, scores: Scores, step: int) -> None:
        names = ("loss", "accuracy", "macro_f1", *(("micro_f1",) if scores.multi_label else ()))
        self.scalars(split, {name: getattr(scores, name) for name in names}, step)

    def scalars(
        self, group: str, values: dict[str, float], step: int, *, between: str = "/"
    ) -> None:
        with naming(self.run_dir):
            for name, value in values.items():
                self.writer.add_scalar(f"{group}{between}{name}", value, step)

    def figure(self, name: str, figure: "Figure", step: int) -> None:
        self.writer.add_figure(name, figure, step, close=False)

    def text(self, name: str, markdown: str, step: int = 0) -> None:
        """Write Markdown, in which texts and labels stay what they are: no HTML begins in it."""
        self.writer.add_text(name, harmless(markdown), step)

    def precision_recall(
        self, name: str, truth: np.ndarray, probabilities: np.ndarray, step: int
    ) -> None:
        """
        Args:
            name: of the class.
            truth: (texts,) bool, which texts have the class.
            probabilities: (texts,) of the class.
        """
        tag = f"precision_recall/{harmless(in_one_line(name))}"
        self.writer.add_pr_curve(tag, truth, probabilities, step)

    def hyper_parameters(self, values: dict[str, Any], metrics: dict[str, float]) -> None:
        """A row of the HPARAMS tab. PyTorch's `add_hparams` would show it as a second run."""
        plain = {k: v if isinstance(v, int | float | str) else str(v) for k, v in values.items()}
        add_hyper_parameters(self.writer, plain, metrics)

    def flush(self) -> None:
        """Write to the disk what would otherwise wait for up to two minutes, or be lost."""
        with naming(self.run_dir):
            self.writer.flush()

    def close(self) -> None:
        with naming(self.run_dir):
            self.writer.close()


def harmless(text: str) -> str:
    """Text in which names from data begin no HTML, and control characters are escapes."""
    return escaped(text).replace("<", "&lt;")


def memory(learner: Learner) -> dict[str, float]:
    """Peaks so far in MB: of this process, and of its GPU."""
    device = learner.accelerator.device
    peaks = {"peak_memory_mb": peak_memory_bytes() / 1e6}
    if device.type == "cuda":
        peaks["peak_gpu_memory_mb"] = torch.cuda.max_memory_allocated(device) / 1e6
    return peaks
