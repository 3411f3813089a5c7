"""A training run, from the configuration to `metrics.json`: what is done, in order."""

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list, set_seed
from torch import Tensor

from textcnn.builders import build_data
from textcnn.checkpoint import (
    Checkpoint,
    load_checkpoint,
    load_training_state,
    save_checkpoint,
    update_manifest,
)
from textcnn.config.programs import TrainConfig
from textcnn.config.stored import dump
from textcnn.config.text import WordConfig
from textcnn.data.batching import EncodedTexts
from textcnn.data.description import data_markdown, data_table, describe_data
from textcnn.errors import InputError
from textcnn.evaluation.metrics import Scores
from textcnn.evaluation.scoring import score_classifier
from textcnn.inference import Classifier, load
from textcnn.models.build import build_model
from textcnn.models.summary import field_line, summarize, summary_markdown, summary_table
from textcnn.system.atomic import existing, new_file, write_json
from textcnn.system.run_dir import CONFIG, METRICS, create_run_dir
from textcnn.system.terminal import argument, build_console
from textcnn.text.vectors import TokenVectors, load_vectors
from textcnn.training.batches import EpochBatches, StreamBatches, TrainingBatches
from textcnn.training.curves import Curves
from textcnn.training.loop import Interrupted, fit
from textcnn.training.losses import build_loss, class_weights
from textcnn.training.optimizers import build_optimizer, takes_rows
from textcnn.training.outcome import Outcome
from textcnn.training.precision import Precision
from textcnn.training.progress import TrainingProgress
from textcnn.training.state import TrainingState

GOLDEN_TEXTS = 3


def train(config: TrainConfig, run_dir: Path, resume: bool) -> None:
    """Train, keep the best checkpoint, test it, and say how it went.

    Raises:
        InputError: data or run directory can't be used; nothing has been written then.
        KeyboardInterrupt: after Ctrl-C or SIGTERM, with `last/` saved.
    """
    carry_out(TrainingRun(config, run_dir, resume), resume, resume_from=run_dir)


def carry_out(run: "TrainingRun", resume: bool, resume_from: Path) -> None:
    """
    Args:
        resume_from: what to tell a user who interrupts the run.
    """
    if resume:
        run.go_on()
    else:
        run.begin()
    try:
        run.fit()
    except Interrupted:
        run.console.print(
            f"interrupted in epoch {run.state.epoch + 1} after step {run.state.step}; all is saved "
            f"in {run.run_dir / 'last'}; go on with",
            f"  python -m textcnn.train {argument('resume', resume_from)}",
            sep="\n",
        )
        raise KeyboardInterrupt from None
    run.finish()


class TrainingRun:
    """The parts of a run, built from its configuration in the order in which they are needed."""

    def __init__(self, config: TrainConfig, run_dir: Path, resume: bool):
        self.started = time.perf_counter()
        self.config = config
        # without `cpu`, several processes on a machine with no GPU would not find each other
        self.accelerator = Accelerator(cpu=not torch.accelerator.is_available())
        self.precision = Precision(config.training.precision, self.accelerator.device)
        # the default directory has the time in it, and every process reads its own clock
        self.run_dir: Path = broadcast_object_list([run_dir])[0]
        self.console = build_console(quiet=not self.accelerator.is_main_process)
        self.state = TrainingState()
        self.curves: Curves | None = None
        self.coverage: float | None = None  # share of the vocabulary with pretrained vectors
        set_seed(config.seed, device_specific=True)

        with self.accelerator.main_process_first():  # the first fills the cache for the others
            data = build_data(config.data, config.text, config.seed)
        self.splits, self.texts, self.stream = data.splits, data.texts, data.stream
        self.vocabulary = self.texts.encoder.vocabulary
        vectors = None if resume else self.load_vectors()
        model = build_model(
            vocabulary_size=len(self.vocabulary),
            num_classes=len(self.splits.labels),
            **config.model.settings(config.text.max_length),
        )
        if vectors is not None:
            model.embedding.set_vectors(torch.from_numpy(vectors.values))
        labels = self.splits.labels
        thresholds = (0.5,) * len(labels) if config.data.multi_label else None
        self.classifier = Classifier(model, self.texts.encoder, labels, thresholds)
        self.summary = summarize(model, int(self.texts.train.lengths.max()))
        self.description = describe_data(self.splits, self.texts, self.summary.field.size)
        self.tell_data()
        trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        optimizer = build_optimizer(parameters=trained, **asdict(config.optimizer))
        optimizer.register_step_post_hook(lambda *_: model.limit_norms())
        self.model, self.optimizer = model, optimizer
        # not for one process on a CPU, which it changes nothing for: it takes a second, for imports
        if self.accelerator.num_processes > 1 or self.accelerator.device.type != "cpu":
            self.model, self.optimizer = self.accelerator.prepare(model, optimizer)
        elif (table := model.embedding.table) is not None:
            # processes would have to agree on the rows, and a GPU goes through all in no time
            table.sparse = takes_rows(optimizer, table)
        self.batches = self.build_batches()
        self.loss_of = self.build_loss()

    def tell_data(self) -> None:
        self.console.print(data_table(self.description))
        slow = self.precision.warning()
        warnings = [*self.description.warnings, *([slow] if slow else [])]
        for line in (*self.splits.notes, *(f"warning: {warning}" for warning in warnings)):
            self.console.print(line)

    def load_vectors(self) -> TokenVectors | None:
        """The pretrained vectors, if some are asked for; the embedding takes their dimension."""
        text = self.config.text
        if not isinstance(text, WordConfig) or text.vectors is None:
            return None
        vectors = load_vectors(text.vectors, self.vocabulary.known_tokens, self.config.seed)
        self.config.model.embedding_dim = vectors.values.shape[1]
        self.coverage = vectors.coverage
        self.console.print(vectors.summary(text.vectors))
        return vectors

    def begin(self) -> None:
        """Start in a fresh run directory."""
        if self.accelerator.is_main_process:
            create_run_dir(self.run_dir, dump(self.config), self.config.overwrite)
            self.save("last")  # from here on the run can be resumed
            self.curves = Curves(self.run_dir)
            self.curves.text("data", data_markdown(self.description))
            self.curves.text("model", summary_markdown(self.summary))
            self.curves.text("configuration", f"```yaml\n{dump(self.config)}```")
        self.tell_model()

    def go_on(self) -> None:
        """Continue where `last/` stands."""
        directory = existing(self.run_dir / "last")
        checkpoint = load_checkpoint(directory)
        if checkpoint.manifest.get("data") != self.splits.fingerprints():
            raise InputError(
                f"resume={self.run_dir}: the data are not those that the run began with; "
                "restore them, or start a new run"
            )
        stored = load_training_state(directory)
        try:
            self.state = TrainingState.restore(stored["state"])
            self.batches.go_to(stored["batches"])
            self.classifier.model.load_state_dict(checkpoint.weights)
            self.classifier.thresholds = checkpoint.thresholds
            self.optimizer.load_state_dict(stored["optimizer"])
            self.precision.go_to(stored.get("scaler", {}))
            torch.set_rng_state(stored["random"])
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            reason = " ".join(str(error).split())
            raise InputError(f"{directory}: training can't go on from it: {reason}") from error
        if self.accelerator.is_main_process:
            with new_file(self.run_dir / CONFIG) as file:
                file.write_text(dump(self.config), encoding="utf-8")  # epochs may be others
            self.curves = Curves(self.run_dir, first_step=self.state.step)
        self.tell_model()
        self.console.print(f"going on after epoch {self.state.epoch}, step {self.state.step}")

    def tell_model(self) -> None:
        summary = self.summary
        frozen = summary.parameters - summary.trained
        self.console.print(summary_table(summary))
        self.console.print(
            f"{self.config.model.name}: {summary.parameters:,} parameters"
            + (f", {frozen:,} of them frozen" if frozen else "")
            + f"; {len(self.vocabulary):,} token ids",
            field_line(summary, self.description.seen_whole_rate),
            f"curves: tensorboard --logdir {self.run_dir}",
            sep="\n",
        )

    def build_batches(self) -> TrainingBatches:
        training, data = self.config.training, self.config.data
        settings: dict[str, Any] = {
            "max_steps": training.max_steps,
            "batch_size": training.batch_size,
            "batch_tokens": training.batch_tokens,
            "seed": self.config.seed,
            "rank": self.accelerator.process_index,
            "count": self.accelerator.num_processes,
        }
        if self.stream is not None:
            return StreamBatches(
                self.stream,
                self.texts.encoder,
                window=data.shuffle_buffer,
                validate_every=training.validate_every,
                **settings,
            )
        rows = self.splits.train
        # every class as often as the others: each text the rarer the class, the more often
        weights = 1 / np.bincount(rows.strata)[rows.strata]
        return EpochBatches(
            self.texts.train,
            epochs=training.epochs,
            weights=weights if training.sampling == "balanced" else None,
            **settings,
        )

    def build_loss(self) -> Callable[[Tensor, Tensor], Tensor]:
        rows, training = self.splits.train, self.config.training
        weights = class_weights(
            training.class_weights, rows.names, rows.counts, len(rows), rows.multi_label
        )
        return build_loss(
            multi_label=rows.multi_label,
            class_weights=None if weights is None else weights.to(self.accelerator.device),
            label_smoothing=training.label_smoothing,
        )

    def fit(self) -> None:
        training = self.config.training
        epochs = training.epochs if self.stream is None else None
        progress = TrainingProgress(self.console, epochs, self.batches.steps)
        self.console.print(f"training begins: {self.batches.steps or 'an unknown number of'} steps")
        with progress:
            fit(
                self.model,
                self.optimizer,
                self.loss_of,
                self.batches,
                self.validate,
                self.save,
                accelerator=self.accelerator,
                precision=self.precision,
                state=self.state,
                progress=progress,
                curves=self.curves,
                max_steps=training.max_steps,
                patience=training.patience,
                metric=training.metric,
                log_every=training.log_every,
            )

    def validate(self) -> Scores:
        """Scores on the validation texts; the thresholds of several labels are tuned on them."""
        return self.score(self.classifier, self.texts.validation, tune=True)

    def score(self, classifier: Classifier, texts: EncodedTexts, tune: bool = False) -> Scores:
        """In several processes each scores a part; all get the scores of the whole."""
        return score_classifier(
            classifier,
            texts,
            self.accelerator.device,
            tune=tune,
            rank=self.accelerator.process_index,
            count=self.accelerator.num_processes,
        )

    def save(self, name: str) -> None:
        """Write the checkpoint `best` or `last`."""
        if not self.accelerator.is_main_process:
            return
        if self.curves:
            self.curves.flush()  # a run that goes on from here must not lack points before it
        golden = [*self.splits.validation.texts(GOLDEN_TEXTS), ""]
        logits = self.classifier.logits(golden).tolist()
        manifest: dict[str, Any] = {
            "data": self.splits.fingerprints(),
            "epoch": self.state.epoch,
            "step": self.state.step,
            "metrics": self.state.history[-1] if self.state.history else {},
            "golden": [{"text": t, "logits": row} for t, row in zip(golden, logits, strict=True)],
        }
        weights = {
            key: tensor.contiguous() for key, tensor in self.classifier.model.state_dict().items()
        }
        state = {
            "state": asdict(self.state),
            "batches": self.batches.position(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.precision.state(),
            "random": torch.get_rng_state(),
        }
        save_checkpoint(
            self.run_dir / name,
            Checkpoint(
                dump(self.config),
                weights,
                self.vocabulary,
                self.splits.labels,
                manifest,
                self.classifier.thresholds,
            ),
            state if name == "last" else None,
        )

    def finish(self) -> None:
        """Test the best checkpoint, as it is on the disk, and write the last word on the run."""
        self.accelerator.wait_for_everyone()
        best = load(self.run_dir)
        test = self.score(best, self.texts.test)
        validation = self.score(best, self.texts.validation)
        if not self.accelerator.is_main_process:
            return
        update_manifest(
            self.run_dir / "best",
            metrics={"test": test.summary(), "validation": validation.summary()},
        )
        seconds = time.perf_counter() - self.started
        outcome = Outcome(best, test, validation, self.state, seconds)
        metrics = outcome.as_json(self.splits, self.description, self.summary, self.coverage)
        write_json(self.run_dir / METRICS, metrics)
        assert self.curves is not None
        outcome.show(self.curves, self.splits, self.config)
        outcome.tell(self.console, self.run_dir)
