"""TensorBoard curves: everything goes into one event file in the run directory."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch.utils.tensorboard import SummaryWriter

from textcnn.evaluation.metrics import Scores
from textcnn.system.private_torch import add_hyper_parameters
from textcnn.training.state import TrainingState

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Curves:
    """Scalars over steps (batches), figures and texts."""

    def __init__(self, run_dir: Path, first_step: int | None = None):
        """
        Args:
            first_step: the step from which a run is resumed; later points are dropped.
        """
        purge = None if first_step is None else first_step + 1
        self.writer = SummaryWriter(str(run_dir), purge_step=purge)

    def step(self, state: TrainingState, loss: float, rate: float, gradient_norm: float) -> None:
        values = {"loss": loss, "learning_rate": rate, "gradient_norm": gradient_norm}
        values["texts_per_second"] = state.texts_per_second
        self.scalars("train", values, state.step)

    def scores(self, split: str, scores: Scores, step: int) -> None:
        names = ("loss", "accuracy", "macro_f1", *(("micro_f1",) if scores.multi_label else ()))
        self.scalars(split, {name: getattr(scores, name) for name in names}, step)

    def scalars(self, group: str, values: dict[str, float], step: int) -> None:
        for name, value in values.items():
            self.writer.add_scalar(f"{group}/{name}", value, step)

    def figure(self, name: str, figure: "Figure", step: int) -> None:
        with warnings.catch_warnings():
            # matplotlib's font may lack the script of a class's name
            warnings.filterwarnings("ignore", "Glyph .* missing from font")
            self.writer.add_figure(name, figure, step, close=False)

    def text(self, name: str, markdown: str, step: int = 0) -> None:
        self.writer.add_text(name, markdown, step)

    def hyper_parameters(self, values: dict[str, Any], metrics: dict[str, float]) -> None:
        """A row of the HPARAMS tab. PyTorch's `add_hparams` would show it as a second run."""
        plain = {k: v if isinstance(v, int | float | str) else str(v) for k, v in values.items()}
        add_hyper_parameters(self.writer, plain, metrics)

    def flush(self) -> None:
        """Write to the disk now; otherwise points wait for up to two minutes."""
        self.writer.flush()

    def close(self) -> None:
        self.writer.close()
