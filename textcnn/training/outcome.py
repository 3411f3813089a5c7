"""The results of a run: `metrics.json`, the last points of its curves, the closing report."""

import resource
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

import textcnn
from textcnn.data.description import Description
from textcnn.data.splits import Splits
from textcnn.evaluation.examples import example_predictions
from textcnn.evaluation.figures import confusion_figure
from textcnn.evaluation.metrics import Scores
from textcnn.evaluation.tables import class_table, summary
from textcnn.inference import BaseClassifier
from textcnn.models.summary import Summary
from textcnn.system.terminal import argument
from textcnn.training.curves import Curves
from textcnn.training.state import TrainingState

# The examples in TensorBoard are chosen from this many validation texts.
EXAMPLES_FROM = 2000


@dataclass(frozen=True)
class Outcome:
    """A finished run."""

    best: BaseClassifier[Any]  # as read back from the disk
    test: Scores
    validation: Scores
    state: TrainingState
    seconds: float  # from start to end, over all parts of a resumed run

    def as_json(
        self,
        splits: Splits,
        description: Description,
        model: Summary,
        vectors_coverage: float | None,
    ) -> dict[str, Any]:
        """
        Args:
            vectors_coverage: fraction of the vocabulary that has pretrained vectors.
        """
        state = self.state
        return {
            "test": self.test.as_json(),
            "validation": self.validation.as_json(),
            "train": {
                "epochs": state.epoch,
                "best_epoch": state.best_epoch,
                "steps": state.step,
                "seconds": state.seconds,
                "texts_per_second": state.texts / max(state.train_seconds, 1e-9),
            },
            "seconds": self.seconds,
            "peak_memory_bytes": peak_memory_bytes(),
            "data": {
                "labels": splits.labels,
                "notes": splits.notes,
                "vectors_coverage": vectors_coverage,
                **description.as_json(),
            },
            "model": model.as_json() | {"token_ids": len(self.best.encoder.vocabulary)},
            "history": state.history,
            "textcnn": textcnn.__version__,
        }

    def report(self, console: Console, run_dir: Path) -> None:
        state = self.state
        speed = state.texts / max(state.train_seconds, 1e-9)
        console.print(class_table(self.test, "Test"))
        console.print(
            f"best epoch {state.best_epoch} of {state.epoch}: validation "
            f"{summary(self.validation)}",
            f"test {summary(self.test)}",
            f"{self.seconds:.1f} s in total, {state.seconds:.1f} s of training and validation at "
            f"{speed:,.0f} texts/s, peak memory {peak_memory_bytes() / 1e6:,.0f} MB",
            f"saved in {run_dir}; to label new texts, run",
            f"  python -m textcnn.predict {argument('checkpoint', run_dir)} input=texts.txt",
            sep="\n",
        )

    def log(self, curves: Curves, splits: Splits, hyper_parameters: dict[str, Any]) -> None:
        """Write the last points of the curves, confusion matrices, examples and settings."""
        step, rows = self.state.step, splits.validation
        curves.scores("test", self.test, step)
        for name, scores in (("validation", self.validation), ("test", self.test)):
            if scores.confusion is not None:
                curves.figure(f"confusion/{name}", confusion_figure(scores), step)
        texts = rows.texts(EXAMPLES_FROM)
        examples = example_predictions(self.best, texts, rows.labels[:EXAMPLES_FROM])
        curves.text("examples", examples, step)
        final = {"test/accuracy": self.test.accuracy, "test/macro_f1": self.test.macro_f1}
        curves.hyper_parameters(hyper_parameters, final)
        curves.close()


def peak_memory_bytes() -> int:
    """The peak resident memory of this process."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
