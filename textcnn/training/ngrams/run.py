"""A run of `model=ngrams`: trained in one go instead of in steps."""

import time
from collections.abc import Callable

from textcnn.builders.data import build_joined_data
from textcnn.checkpoint import find_checkpoint, load_checkpoint, save_checkpoint
from textcnn.config.stored import dump
from textcnn.data.prepare import PreparedData
from textcnn.evaluation.metrics import Scores
from textcnn.system.run_dir import create_run_dir
from textcnn.text.vectors import TokenVectors
from textcnn.training.calibrating import calibration_of
from textcnn.training.curves import Curves
from textcnn.training.final import Selection
from textcnn.training.initial import initial_classifier
from textcnn.training.loop import Interrupted, interruption
from textcnn.training.ngrams.parts import train_ngrams, weights_of_classes
from textcnn.training.precision import Precision
from textcnn.training.recipe import TrainingRun
from textcnn.training.state import TrainingState


class LinearRun(TrainingRun):
    """It takes seconds, so a run that was interrupted trains again when it is resumed."""

    def build(self, data: PreparedData, vectors: TokenVectors | None) -> None:
        """Count the n-grams of these data; there are no steps to prepare.

        Raises:
            InputError: `training.class_weights` doesn't fit the classes.
        """
        weights_of_classes(self.config, data)  # refused now, before anything is written
        self.trained_on, self.state = data, TrainingState()
        self.classifier = initial_classifier(self.config, data, vectors, self.origin)
        self.precision = Precision("fp32", self.accelerator.device)

    def read_last(self) -> None:
        """Nothing: there is no progress to resume from."""

    @property
    def progress(self) -> str:
        return f"while n-grams were trained, which a resumed run does again in {self.run_dir}"

    def start(self) -> None:
        """Report data and model; make the run directory."""
        self.opening.report_data(self.console)
        if self.is_first and self.resume:
            self.store_config()
        elif self.is_first:
            create_run_dir(self.run_dir, dump(self.config), self.config.overwrite)
        if self.is_first and self.keep:
            self.curves = Curves(self.run_dir)
            self.opening.log(self.curves, dump(self.config))
        self.opening.report_model(self.console, self.config.model.name, len(self.vocabulary))
        if self.keep:
            self.console.print(f"curves: tensorboard --logdir {self.run_dir}")

    def learn(self) -> None:
        """
        Raises:
            Interrupted: after Ctrl-C or SIGTERM.
        """
        with interruption() as asked:
            self.learn_at_once(asked)

    def learn_at_once(self, asked: Callable[[], bool]) -> None:
        start = time.perf_counter()
        train_ngrams(self.classifier.model, self.config, self.data, origin=self.origin)
        if asked():
            raise Interrupted
        self.state.texts = len(self.data.texts.train)
        self.state.train_seconds = time.perf_counter() - start
        self.state.end_epoch(self.validate(), self.config.training.metric)
        self.state.seconds = time.perf_counter() - start
        self.console.print(f"trained the n-grams in {self.state.train_seconds:.1f} s")
        self.save("best")
        if self.config.training.final == "all":
            self.accelerator.wait_for_everyone()
            chosen = load_checkpoint(find_checkpoint(self.run_dir))
            self.selection = Selection(self.state, 0, calibration_of(self, self.classifier))
            self.build(build_joined_data(self.data, self.config.text), None)
            self.classifier.thresholds = chosen.thresholds
            train_ngrams(
                self.classifier.model, self.config, self.trained_on, chosen.weights, self.origin
            )
            if asked():
                raise Interrupted
            self.console.print("trained again on train + validation")
            self.save("best")

    def validate(self) -> Scores:
        """Scores on the validation texts, which also tune the thresholds of label sets."""
        return self.score(self.classifier, self.data.texts.validation, tune=True)

    def save(self, name: str) -> None:
        if self.is_first:
            save_checkpoint(self.run_dir / name, self.checkpoint())
