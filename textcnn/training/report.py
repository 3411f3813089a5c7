"""What a run reports: data and model when it starts, `metrics.json` and scores when it ends."""

import resource
import sys
from dataclasses import dataclass
from typing import Any

from rich.console import Console

import textcnn
from textcnn.data.description import Description, data_markdown, data_table
from textcnn.data.splits import Splits
from textcnn.evaluation.examples import example_predictions
from textcnn.evaluation.figures import confusion_figure
from textcnn.evaluation.metrics import Scores
from textcnn.evaluation.tables import class_table, summary
from textcnn.inference import BaseClassifier
from textcnn.models.summary import Summary, field_line, summary_markdown, summary_table
from textcnn.training.curves import Curves
from textcnn.training.state import TrainingState

# The examples in TensorBoard are chosen from this many validation texts.
EXAMPLES_FROM = 2000


@dataclass(frozen=True)
class Opening:
    """Data and model of a run that is about to start."""

    splits: Splits
    description: Description
    model: Summary
    notes: tuple[str, ...]  # about the data and the vectors
    warnings: tuple[str, ...]

    def report_data(self, console: Console) -> None:
        console.print(data_table(self.description))
        for line in (*self.notes, *(f"warning: {warning}" for warning in self.warnings)):
            console.print(line)

    def report_model(self, console: Console, name: str, token_ids: int) -> None:
        """
        Args:
            name: of the architecture.
            token_ids: size of the vocabulary, with padding and unknown.
        """
        frozen = self.model.parameters - self.model.trained
        console.print(summary_table(self.model))
        console.print(
            f"{name}: {self.model.parameters:,} parameters"
            + (f", {frozen:,} of them frozen" if frozen else "")
            + f"; {token_ids:,} token ids",
            field_line(self.model, self.description.seen_whole_rate),
            sep="\n",
        )

    def log(self, curves: Curves, config_yaml: str) -> None:
        curves.text("data", data_markdown(self.description))
        curves.text("model", summary_markdown(self.model))
        curves.text("configuration", f"```yaml\n{config_yaml}```")


@dataclass(frozen=True)
class Outcome:
    """A finished run."""

    best: BaseClassifier[Any]  # as read back from the disk
    test: Scores | None  # None: no test texts
    validation: Scores
    state: TrainingState
    seconds: float  # from start to end, over all parts of a resumed run

    @property
    def scores(self) -> dict[str, Scores]:
        """By split, the test scores last if there are any."""
        return {"validation": self.validation} | ({"test": self.test} if self.test else {})

    def as_json(self, opening: Opening, vectors_coverage: float | None) -> dict[str, Any]:
        """
        Args:
            vectors_coverage: fraction of the vocabulary that has pretrained vectors.
        """
        state = self.state
        return {
            "test": None if self.test is None else self.test.as_json(),
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
                "labels": opening.splits.labels,
                "notes": opening.splits.notes,
                "vectors_coverage": vectors_coverage,
                **opening.description.as_json(),
            },
            "model": opening.model.as_json() | {"token_ids": len(self.best.encoder.vocabulary)},
            "history": state.history,
            "textcnn": textcnn.__version__,
        }

    def report(self, console: Console) -> None:
        state = self.state
        speed = state.texts / max(state.train_seconds, 1e-9)
        if self.test is None:
            console.print(class_table(self.validation, "Validation"))
        else:
            console.print(class_table(self.test, "Test"))
        console.print(
            f"best epoch {state.best_epoch} of {state.epoch}: validation "
            f"{summary(self.validation)}",
            *([f"test {summary(self.test)}"] if self.test else []),
            f"{self.seconds:.1f} s in total, {state.seconds:.1f} s of training and validation at "
            f"{speed:,.0f} texts/s, peak memory {peak_memory_bytes() / 1e6:,.0f} MB",
            sep="\n",
        )

    def log(self, curves: Curves, splits: Splits, hyper_parameters: dict[str, Any]) -> None:
        """Write the last points of the curves, confusion matrices, examples and settings."""
        step, rows = self.state.step, splits.validation
        for name, scores in self.scores.items():
            if name == "test":
                curves.scores("test", scores, step)
            if scores.confusion is not None:
                curves.figure(f"confusion/{name}", confusion_figure(scores), step)
        texts = rows.texts(EXAMPLES_FROM)
        examples = example_predictions(self.best, texts, rows.labels[:EXAMPLES_FROM])
        curves.text("examples", examples, step)
        name, scores = [*self.scores.items()][-1]
        final = {f"{name}/accuracy": scores.accuracy, f"{name}/macro_f1": scores.macro_f1}
        curves.hyper_parameters(hyper_parameters, final)
        curves.close()


def peak_memory_bytes() -> int:
    """The peak resident memory of this process."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
