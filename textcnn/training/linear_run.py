"""A run of `model=ngrams`: trained in one go instead of in steps."""

import time

from textcnn.checkpoint import save_checkpoint
from textcnn.config.stored import dump
from textcnn.system.run_dir import create_run_dir
from textcnn.training.curves import Curves
from textcnn.training.parts import train_ngrams
from textcnn.training.recipe import TrainingRun


class LinearRun(TrainingRun):
    """It takes seconds, so a run that was interrupted trains again when it is resumed."""

    def prepare_training(self) -> None:
        """Nothing: there are no steps."""

    def read_last(self) -> None:
        """Nothing: there is no progress to resume from."""

    @property
    def progress(self) -> str:
        return "before the n-grams were trained"

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

    def learn(self) -> None:
        start = time.perf_counter()
        train_ngrams(self.classifier.model, self.config, self.data)
        self.state.texts = len(self.data.texts.train)
        self.state.train_seconds = time.perf_counter() - start
        self.state.end_epoch(self.validate(), self.config.training.metric)
        self.state.seconds = time.perf_counter() - start
        self.state.history.clear()  # it has no curve
        self.console.print(f"trained the n-grams in {self.state.train_seconds:.1f} s")
        self.save("best")

    def save(self, name: str) -> None:
        if self.is_first:
            save_checkpoint(self.run_dir / name, self.checkpoint())
