"""What a run reports: data and model when it starts, `metrics.json` and scores when it ends."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

import textcnn
from textcnn.data.description import Description, data_markdown, data_table
from textcnn.data.splits import Splits
from textcnn.evaluation.figures import MOST_LEGIBLE, confusion_figure, most_confused
from textcnn.evaluation.metrics import Scores
from textcnn.evaluation.strongest import strongest_markdown, strongest_ngrams
from textcnn.evaluation.tables import class_table, summary
from textcnn.evaluation.verdicts import score_warnings
from textcnn.explanation.learned.summary import brief
from textcnn.explanation.shown.summary_tables import summary_markdown as learned_markdown
from textcnn.inference import BaseClassifier
from textcnn.models.summary import Summary, field_line, summary_markdown, summary_table
from textcnn.system.arguments import argument
from textcnn.system.memory import peak_memory_bytes
from textcnn.system.terminal import build_table, markdown
from textcnn.training.curves import Curves
from textcnn.training.growing.forgetting import Forgetting
from textcnn.training.growing.growth import Growth
from textcnn.training.ngrams.baseline import Baseline
from textcnn.training.state import TrainingState
from textcnn.training.tensorboard.examples import example_predictions
from textcnn.training.tensorboard.precision_recall import one_against_others
from textcnn.training.tensorboard.projector import write_projector

# what `Outcome.forgetting` was measured on
TEXTS = {"validation": "validation", "test": "test", "old_test": "checkpoint's own test"}
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
    growth: Growth | None = None  # what is kept of a checkpoint; None: the run starts from none

    def report_data(self, console: Console) -> None:
        console.print(data_table(self.description))
        for line in (*self.notes, *(f"warning: {warning}" for warning in self.warnings)):
            console.print(line)
        if self.growth is not None:
            title = f"Started from {self.growth.checkpoint}, with its settings of model and text"
            console.print(build_table(title, self.growth.rows()))

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
        if self.growth is not None:
            curves.text("growth", markdown(self.growth.rows()))


@dataclass(frozen=True)
class Outcome:
    """A finished run."""

    best: BaseClassifier[Any]  # as read back from the disk
    test: Scores | None  # None: no test texts
    validation: Scores | None  # None: the validation texts were trained on
    state: TrainingState  # of the run that validation ended
    seconds: float  # from start to end, over all parts of a resumed run
    final: TrainingState | None = None  # of the training on train + validation that followed
    baseline: Baseline | None = None  # the linear model on the same texts; None: not trained
    forgetting: Mapping[str, Forgetting] = field(default_factory=dict)  # by the name of the texts

    @property
    def scores(self) -> dict[str, Scores]:
        """By split, the test scores last if there are any."""
        by_split = {"validation": self.validation, "test": self.test}
        return {name: scores for name, scores in by_split.items() if scores is not None}

    @property
    def parts(self) -> list[TrainingState]:
        """The trainings of this run."""
        return [self.state] if self.final is None else [self.state, self.final]

    @property
    def step(self) -> int:
        """The number of all steps."""
        return sum(part.step for part in self.parts)

    @property
    def train_seconds(self) -> float:
        """Of training and validation."""
        return sum(part.seconds for part in self.parts)

    @property
    def texts_per_second(self) -> float:
        """Of training alone."""
        seconds = sum(part.train_seconds for part in self.parts)
        return sum(part.texts for part in self.parts) / max(seconds, 1e-9)

    def as_json(self, opening: Opening, vectors_coverage: float | None) -> dict[str, Any]:
        """
        Args:
            vectors_coverage: fraction of the vocabulary that has pretrained vectors.
        """
        state, ngrams = self.state, strongest_ngrams(self.best)
        return {
            "test": None if self.test is None else self.test.as_json(),
            "validation": None if self.validation is None else self.validation.as_json(),
            **({} if self.baseline is None else {"baseline": self.baseline.as_json()}),
            **self.final_json(),
            **self.growth_json(opening),
            **({} if ngrams is None else {"ngrams": ngrams}),
            "calibration": self.best.calibration.summary(),
            "train": {
                "epochs": state.epoch,
                "best_epoch": state.best_epoch,
                "steps": state.step,
                "seconds": self.train_seconds,
                "texts_per_second": self.texts_per_second,
            },
            "seconds": self.seconds,
            "peak_memory_bytes": peak_memory_bytes(),
            "data": {
                "labels": opening.splits.labels,
                "notes": opening.splits.notes,
                "vectors_coverage": vectors_coverage,
                **opening.description.as_json(),
                "warnings": opening.warnings,
            },
            "model": opening.model.as_json() | {"token_ids": len(self.best.encoder.vocabulary)},
            "history": state.history,
            "textcnn": textcnn.__version__,
        }

    def final_json(self) -> dict[str, Any]:
        """The final training, and what the run before it chose; empty without one."""
        if self.final is None:
            return {}
        return {
            "selection": self.state.history[self.state.best_epoch - 1],
            "final": {"steps": self.final.step, "history": self.final.history},
        }

    def growth_json(self, opening: Opening) -> dict[str, Any]:
        """What was kept of a checkpoint, and what was forgotten; empty without one."""
        if opening.growth is None:
            return {}
        forgotten = {name: each.as_json() for name, each in self.forgetting.items()}
        return {"init_from": {**opening.growth.as_json(), "forgetting": forgotten}}

    def report_forgetting(self, console: Console) -> None:
        for name, each in self.forgetting.items():
            title = f"Old classes on the {TEXTS[name]} texts, before and after this training"
            console.print(build_table(title, each.rows(self.measure)))

    @property
    def measure(self) -> str:
        """What is measured of an old class."""
        return "recall" if self.best.thresholds is None else "F1"

    def report(self, console: Console) -> None:
        if self.test is not None:
            console.print(class_table(self.test, "Test"))
        elif self.validation is not None:
            console.print(class_table(self.validation, "Validation"))
        console.print(
            self.chosen_line(),
            *([f"test {summary(self.test)}"] if self.test else []),
            *self.warnings(),
            *([] if self.baseline is None else [self.baseline.line()]),
            f"{self.seconds:.1f} s in total, {self.train_seconds:.1f} s of training and validation "
            f"at {self.texts_per_second:,.0f} texts/s, peak memory "
            f"{peak_memory_bytes() / 1e6:,.0f} MB",
            sep="\n",
        )

    def warnings(self) -> list[str]:
        """What the scores can't say."""
        return [
            f"warning: {line}"
            for name, scores in self.scores.items()
            for line in score_warnings(scores, name)
        ]

    def chosen_line(self) -> str:
        """What validation chose."""
        state = self.state
        chosen = f"best epoch {state.best_epoch} of {state.epoch}"
        if self.validation is not None:
            return f"{chosen}: validation {summary(self.validation)}"
        accuracy = state.history[state.best_epoch - 1]["validation"]["accuracy"]
        return (
            f"{chosen}, with a validation accuracy of {100 * accuracy:.2f} %; the final model was "
            "trained on these texts too, so it has no validation score"
        )

    def log(
        self, curves: Curves, splits: Splits, hyper_parameters: dict[str, Any], metric: str
    ) -> None:
        """Write the last points of the curves, confusion matrices, examples and settings.

        Args:
            metric: that chose the best checkpoint; it comes first in the HPARAMS tab.
        """
        step = self.step
        rows = splits.test if self.validation is None else splits.validation
        for name, scores in self.scores.items():
            if name == "test":
                curves.scores("test", scores, step)
            if scores.confusion is not None:
                curves.figure(f"confusion/{name}", confusion_figure(scores), step)
                if len(scores.classes) > MOST_LEGIBLE:
                    figure = confusion_figure(most_confused(scores))
                    curves.figure(f"most_confused/{name}", figure, step)
        if self.baseline is not None:
            own = self.baseline.test or self.baseline.validation
            curves.scores("baseline", own, step)
        if len(rows):
            texts, labels = rows.texts(EXAMPLES_FROM), rows.labels[:EXAMPLES_FROM]
            logits = self.best.logits(texts)
            examples = example_predictions(self.best, texts, labels, rows.names, logits)
            curves.text("examples", examples, step)
            if (learned := brief(self.best, texts)) is not None:
                curves.text("explanation", learned_markdown(learned), step)
            probabilities = self.best.probabilities(logits).numpy()
            for curve in one_against_others(labels, probabilities, self.best.labels):
                curves.precision_recall(*curve, step)
        for name, each in self.forgetting.items():
            curves.text(f"old_classes/{name}", markdown(each.rows(self.measure)), step)
            curves.scalars("old_classes", {name: each.before}, 0)
            curves.scalars("old_classes", {name: each.after}, step)
        write_projector(curves.run_dir, self.best.model, self.best.encoder.vocabulary)
        if (ngrams := strongest_ngrams(self.best)) is not None:
            curves.text("ngrams", strongest_markdown(ngrams), step)
        final = {
            f"{name}/{measure}": getattr(scores, measure)
            for name, scores in [*self.scores.items()][-1:]
            for measure in dict.fromkeys((metric, "accuracy", "macro_f1"))
        }
        curves.hyper_parameters(hyper_parameters, final)
        curves.close()


def saved_line(run_dir: Path) -> str:
    """Where the run is, and what to do with it."""
    checkpoint = argument("checkpoint", run_dir)
    return (
        f"saved in {run_dir}; to label new texts, run\n"
        f"  python -m textcnn.predict {checkpoint} input=texts.txt"
    )
