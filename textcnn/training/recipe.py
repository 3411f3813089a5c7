"""The recipe of `textcnn.train`: from a configuration to `metrics.json`, step by step."""

import time
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from accelerate.utils import broadcast_object_list, set_seed
from rich.console import Console

from textcnn.builders.data import build_joined_data
from textcnn.builders.models import with_embedding_size
from textcnn.checkpoint import (
    Checkpoint,
    load_checkpoint,
    save_checkpoint,
)
from textcnn.config.programs import TrainConfig
from textcnn.config.stored import dump
from textcnn.data.batching import EncodedTexts
from textcnn.data.prepare import PreparedData
from textcnn.data.sources.memory import Rows
from textcnn.data.splits import parts_of
from textcnn.evaluation.metrics import Scores
from textcnn.evaluation.scoring import score_classifier
from textcnn.inference import BaseClassifier, rebuild
from textcnn.system.atomic import existing, new_file
from textcnn.system.run_dir import CONFIG, create_run_dir
from textcnn.system.terminal import build_console
from textcnn.text.vectors import TokenVectors
from textcnn.text.vocabulary import Vocabulary
from textcnn.training.calibrating import calibration_of, selected_calibration
from textcnn.training.current import checkpoint_of
from textcnn.training.curves import Curves
from textcnn.training.final import Selection
from textcnn.training.finishing import finish
from textcnn.training.growing.forgetting import load_old_test
from textcnn.training.growing.origin import load_origin
from textcnn.training.loop import Stopping, fit
from textcnn.training.many_runs.teacher import load_teacher
from textcnn.training.ngrams.parts import train_ngrams
from textcnn.training.parts import (
    build_parts,
    load_data,
    opening_report,
    vectors_for,
)
from textcnn.training.processes import join_processes
from textcnn.training.progress import TrainingProgress
from textcnn.training.report import Outcome
from textcnn.training.resuming import (
    read_tokenizer,
    read_words,
    restore,
    save_tokenizer,
    save_words,
    state_to_resume,
)
from textcnn.training.state import TrainingState

SELECTED = "selected"  # the checkpoint of a member that validation chose, before final training


class TrainingRun:
    """The parts of a run, built in the order in which they are needed.

    Building reads the data but writes and prints nothing. Then come `start`, `learn`, `finish`.
    """

    def __init__(
        self,
        config: TrainConfig,
        run_dir: Path,
        resume: bool = False,
        *,
        console: Console | None = None,
        memory: Mapping[str, Rows] | None = None,
        keep: bool = True,
        data: PreparedData | None = None,
    ):
        """
        Args:
            console: where to report; None: the terminal, for the first process only.
            memory: rows given from Python in place of `data.source`, as `build_data` takes them;
                no test texts are drawn from them.
            keep: the run directory stays: write curves into it, and say where it is.
            data: of this configuration, if they are in memory already.
        """
        self.started = time.perf_counter()
        self.accelerator = join_processes()
        # every process reads its own clock, and the default directory's name has the time in it
        self.run_dir: Path = broadcast_object_list([run_dir])[0]
        self.resume, self.keep, self.memory = resume, keep, memory
        self.console = console or build_console(quiet=not self.is_first)
        set_seed(config.network_seed, device_specific=True)

        # read first: a checkpoint that can't be resumed is refused before hours of data
        self.last = self.read_last() if resume else None
        words = read_words(self.run_dir) if resume else None
        copied = read_tokenizer(self.run_dir) if resume else None
        self.origin = load_origin(config)
        known = None if self.origin is None else self.origin.known
        if self.origin is not None and not resume:
            copied = self.origin.checkpoint.tokenizer
        self.data = data or load_data(config, self.accelerator, memory, words, copied, known)
        # members leave it to their ensemble
        part = config.training.member or config.training.teacher_fold
        self.old_test = None
        if self.origin is not None and not part:
            self.old_test = load_old_test(self.origin, config.init_from_test)
        self.teacher = None
        if config.teacher is not None:
            self.teacher = load_teacher(config.teacher, self.data.splits)
        elif config.is_student:  # refuse too many parts before anything is written
            parts_of(self.data.splits.train, config.training.teacher_folds, config.seed)
        # a resumed run has its vectors in the checkpoint
        vectors = None if resume else vectors_for(config, self.data)
        self.vectors_coverage = None if vectors is None else vectors.coverage
        self.config = config = replace(config, model=with_embedding_size(config.model, vectors))
        self.selection: Selection | None = None  # once the final training has begun
        self.build(self.data, vectors)
        self.opening = opening_report(
            self.data, self.classifier.model, vectors, self.precision, config.model, self.origin
        )
        self.earlier_seconds = 0.0  # of the parts before this one was resumed
        self.curves: Curves | None = None

    def build(self, data: PreparedData, vectors: TokenVectors | None) -> None:
        """Build a new network, and what trains it on these data."""
        self.trained_on, self.state = data, TrainingState()
        parts = build_parts(
            self.config, data, vectors, self.accelerator, self.selection, self.origin
        )
        self.classifier, self.precision, self.batches, self.learner, self.training = parts

    @property
    def is_first(self) -> bool:
        """Whether this process writes and reports."""
        return bool(self.accelerator.is_main_process)

    @property
    def progress(self) -> str:
        """How far the run has come, for the user who interrupts it."""
        return (
            f"in epoch {self.state.epoch + 1} after step {self.state.step}; progress is saved in "
            f"{self.run_dir / 'last'}"
        )

    @property
    def vocabulary(self) -> Vocabulary:
        return self.trained_on.texts.encoder.vocabulary

    @cached_property
    def config_yaml(self) -> str:
        return dump(self.config)

    def start(self) -> None:
        """Report data and model; begin in a fresh run directory or continue from `last/`."""
        self.opening.report_data(self.console)
        if self.resume:
            self.restore_last()
        else:
            train_ngrams(self.classifier.model, self.config, self.data, origin=self.origin)
        if self.is_first and not self.resume:
            self.begin()
        name, token_ids = self.config.model.title, len(self.vocabulary)
        self.opening.report_model(self.console, name, token_ids)
        if self.keep:
            self.console.print(f"curves: tensorboard --logdir {self.run_dir}")
        if self.resume:
            self.console.print(f"resuming after epoch {self.state.epoch}, step {self.state.step}")

    def begin(self) -> None:
        """Make the run directory, with a first checkpoint, so that the run can be resumed."""
        create_run_dir(self.run_dir, self.config_yaml, self.config.overwrite)
        save_words(self.run_dir, self.data.more_words)
        save_tokenizer(self.run_dir, self.data.texts.encoder.tokenizer)
        self.save("last")
        if self.keep:
            self.curves = Curves(self.run_dir, every=self.config.training.log_every)
            self.opening.log(self.curves, self.config_yaml)

    @property
    def teacher_fingerprint(self) -> str | None:
        return None if self.teacher is None else self.teacher.fingerprint

    def store_config(self) -> None:
        """Write the configuration of a resumed run: `training.epochs` may have changed."""
        with new_file(self.run_dir / CONFIG) as file:
            file.write_text(self.config_yaml, encoding="utf-8")

    def read_last(self) -> Checkpoint | None:
        """The checkpoint to resume from."""
        return load_checkpoint(existing(self.run_dir / "last"))

    def restore_last(self) -> None:
        """Take weights, optimizer, random numbers and counters from `last/`."""
        checkpoint, self.last = self.last, None
        assert checkpoint is not None
        restore(self, checkpoint)
        self.earlier_seconds = self.state.run_seconds
        self.vectors_coverage = checkpoint.manifest.get("vectors_coverage")
        if self.opening.growth is not None:
            growth = self.opening.growth.as_before(checkpoint.manifest["init_from"])
            self.opening = replace(self.opening, growth=growth)
        if self.is_first:
            self.store_config()
            every = self.config.training.log_every
            before = 0 if self.selection is None else self.selection.state.step
            self.curves = Curves(self.run_dir, every=every, first_step=before + self.state.step)
            if self.selection is not None:
                self.curves.begin_final(before)

    def learn(self) -> None:
        """
        Raises:
            Interrupted: after Ctrl-C or SIGTERM, once `last/` is saved.
        """
        if self.config.is_student:
            from textcnn.training.many_runs.students import teach  # which builds on this module

            teach(self)
        if self.selection is None:
            self.fit()
            if self.config.training.final == "all":
                self.begin_final()
        if self.selection is not None:
            self.fit()
            self.save("best")

    def begin_final(self) -> None:
        """Go on to the training on train + validation; from here on it is what is resumed."""
        self.accelerator.wait_for_everyone()
        chosen = load_checkpoint(existing(self.run_dir / "best"))
        if self.config.training.member is not None and self.is_first:
            save_checkpoint(self.run_dir / SELECTED, chosen)
        assert self.batches.steps is not None
        calibration = calibration_of(self, rebuild(chosen, str(self.run_dir))[0])
        selection = Selection(self.state, self.batches.steps, calibration)
        self.enter_final(selection, vectors=True)
        self.classifier.thresholds = chosen.thresholds
        train_ngrams(
            self.classifier.model, self.config, self.trained_on, chosen.weights, self.origin
        )
        if self.curves is not None:
            self.curves.begin_final(selection.state.step)
        self.save("last")
        self.console.print(selection.announcement(self.trained_on.texts))

    def enter_final(self, selection: Selection, vectors: bool) -> None:
        """Build a new network for the final training.

        Args:
            vectors: begin from pretrained vectors, if the configuration names them.
        """
        self.selection = selection
        self.accelerator.free_memory()
        set_seed(self.config.network_seed, device_specific=True)
        data = build_joined_data(self.data, self.config.text)
        self.build(data, vectors_for(self.config, data) if vectors else None)

    def fit(self) -> None:
        """Train the network, with or without validation."""
        training = self.training
        final = self.selection is not None
        epochs = None if final or self.data.stream is not None else training.epochs
        steps = self.batches.steps
        self.console.print(f"training starts: {steps or 'an unknown number of'} steps")
        with TrainingProgress(self.console, epochs, steps) as progress:
            fit(
                self.learner,
                self.batches,
                None if final else self.validate,
                self.save,
                state=self.state,
                stopping=Stopping(training.max_steps, training.patience, training.metric),
                progress=progress,
                curves=self.curves,
            )

    def validate(self) -> Scores:
        """Scores on the validation texts, which also tune the thresholds of label sets."""
        with self.learner.averaged():
            return self.score(self.classifier, self.trained_on.texts.validation, tune=True)

    def score(
        self, classifier: BaseClassifier[Any], texts: EncodedTexts, tune: bool = False
    ) -> Scores:
        """Every process scores a part and gets the scores of the whole."""
        return score_classifier(
            classifier,
            texts,
            self.accelerator.device,
            tune=tune,
            rank=self.accelerator.process_index,
            count=self.accelerator.num_processes,
        )

    @property
    def seconds(self) -> float:
        """Since the start, over all parts of a resumed run."""
        return self.earlier_seconds + time.perf_counter() - self.started

    def save(self, name: str) -> None:
        """Write the checkpoint `best` or `last`."""
        if not self.is_first:
            return
        if self.curves:
            self.curves.flush()  # a run resumed from here must not lack earlier points
        self.state.run_seconds = self.seconds
        state = state_to_resume(self)
        with self.learner.averaged():
            checkpoint = self.checkpoint()
            save_checkpoint(self.run_dir / name, checkpoint, state if name == "last" else None)

    def checkpoint(self) -> Checkpoint:
        """The model as it is now."""
        return checkpoint_of(
            self.classifier,
            self.data.splits,
            self.state,
            config=self.config_yaml,
            vectors_coverage=self.vectors_coverage,
            selection=self.selection,
            teacher=self.teacher_fingerprint,
            calibration=selected_calibration(self),
            known_texts=None if self.origin is None else self.origin.known.texts,
            growth=self.opening.growth,
        )

    def outcome(
        self, best: BaseClassifier[Any], test: Scores | None, validation: Scores | None
    ) -> Outcome:
        """What `metrics.json` and the terminal report."""
        return Outcome(best, test, validation, self.state, self.seconds)

    def finish(self) -> None:
        """Test the best checkpoint, and report."""
        finish(self)
