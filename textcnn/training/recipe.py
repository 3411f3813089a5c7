"""A training run, from the configuration to `metrics.json`: what is done, in order."""

import resource
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import datasets
import torch
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list, set_seed

import textcnn
from textcnn.atomic import existing, new_file, write_json
from textcnn.checkpoint import (
    Checkpoint,
    load_checkpoint,
    load_training_state,
    save_checkpoint,
    update_manifest,
)
from textcnn.config import TrainConfig, WordConfig, dump, walk
from textcnn.data.batching import EncodedTexts
from textcnn.data.description import data_markdown, data_table, describe_data
from textcnn.data.prepare import prepare_texts
from textcnn.data.splits import load_splits
from textcnn.errors import InputError
from textcnn.evaluation.examples import example_predictions
from textcnn.evaluation.figures import confusion_figure
from textcnn.evaluation.metrics import Scores, score_texts
from textcnn.evaluation.tables import class_table, summary
from textcnn.inference import Classifier, load
from textcnn.models.classifier import build_model
from textcnn.run_dir import CONFIG, METRICS, claim
from textcnn.terminal import argument, build_console
from textcnn.text.tokenizers import build_tokenizer
from textcnn.text.vectors import TokenVectors, load_vectors
from textcnn.training.curves import Curves
from textcnn.training.loop import Interrupted, fit
from textcnn.training.optimizers import build_optimizer
from textcnn.training.progress import TrainingProgress
from textcnn.training.state import TrainingState

GOLDEN_TEXTS = 3


def train(config: TrainConfig, run_dir: Path, resume: bool) -> None:
    """Train, keep the best checkpoint, test it, and say how it went.

    Raises:
        InputError: data or run directory can't be used; nothing has been written then.
        KeyboardInterrupt: after Ctrl-C or SIGTERM, with `last/` saved.
    """
    run = TrainingRun(config, run_dir, resume)
    if resume:
        run.go_on()
    else:
        run.begin()
    try:
        run.fit()
    except Interrupted:
        run.console.print(
            f"interrupted in epoch {run.state.epoch + 1} after step {run.state.step}; all is saved "
            f"in {run_dir / 'last'}; go on with",
            f"  python -m textcnn.train {argument('resume', run_dir)}",
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
        # the default directory has the time in it, and every process reads its own clock
        self.run_dir: Path = broadcast_object_list([run_dir])[0]
        self.console = build_console(quiet=not self.accelerator.is_main_process)
        self.state = TrainingState()
        self.curves: Curves | None = None
        self.coverage: float | None = None  # share of the vocabulary with pretrained vectors
        datasets.disable_progress_bars()
        set_seed(config.seed, device_specific=True)

        text = config.text
        tokenizer = build_tokenizer(text.unit, **text.tokenizer_settings())
        with self.accelerator.main_process_first():  # the first fills the cache for the others
            self.splits = load_splits(**asdict(config.data), seed=config.seed)
        self.texts = prepare_texts(
            self.splits,
            tokenizer,
            max_length=text.max_length,
            truncate=text.truncate,
            **text.vocabulary_settings(),
        )
        self.vocabulary = self.texts.encoder.vocabulary
        vectors = None if resume else self.load_vectors()
        model = build_model(
            vocabulary_size=len(self.vocabulary),
            num_classes=len(self.splits.labels),
            **asdict(config.model),
        )
        if vectors is not None:
            model.set_vectors(torch.from_numpy(vectors.values))
        self.classifier = Classifier(model, self.texts.encoder, self.splits.labels)
        self.description = describe_data(self.splits, self.texts, model.receptive_field)
        self.tell_data()
        optimizer = build_optimizer(parameters=model.parameters(), **asdict(config.optimizer))
        self.model, self.optimizer = self.accelerator.prepare(model, optimizer)

    def tell_data(self) -> None:
        self.console.print(data_table(self.description))
        for line in (*self.splits.notes, *(f"warning: {w}" for w in self.description.warnings)):
            self.console.print(line)

    def load_vectors(self) -> TokenVectors | None:
        """The pretrained vectors, if some are asked for; the embedding takes their dimension."""
        text = self.config.text
        if not isinstance(text, WordConfig) or text.vectors is None:
            return None
        vectors = load_vectors(text.vectors, self.vocabulary.tokens, self.config.seed)
        self.config.model.embedding_dim = vectors.values.shape[1]
        self.coverage = float(vectors.found.mean())
        self.console.print(
            f"{text.vectors}: vectors of {vectors.values.shape[1]} numbers for "
            f"{100 * self.coverage:.1f} % of {len(vectors.found):,} tokens, the others random"
        )
        return vectors

    def begin(self) -> None:
        """Start in a fresh run directory."""
        if self.accelerator.is_main_process:
            claim(self.run_dir, dump(self.config), self.config.overwrite)
            self.save("last")  # from here on the run can be resumed
            self.curves = Curves(self.run_dir)
            self.curves.text("data", data_markdown(self.description))
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
            self.accelerator.unwrap_model(self.model).load_state_dict(checkpoint.weights)
            self.optimizer.load_state_dict(stored["optimizer"])
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
        model = self.classifier.model
        parameters = sum(parameter.numel() for parameter in model.parameters())
        self.console.print(
            f"{self.config.model.name}: {parameters:,} parameters, {len(self.vocabulary):,} token "
            f"ids, receptive field {model.receptive_field} tokens",
            f"curves: tensorboard --logdir {self.run_dir}",
            sep="\n",
        )

    def fit(self) -> None:
        training = self.config.training
        progress = TrainingProgress(self.console, training.epochs, len(self.texts.train))
        with progress:
            fit(
                self.model,
                self.optimizer,
                self.texts.train,
                self.validate,
                self.save,
                accelerator=self.accelerator,
                state=self.state,
                progress=progress,
                curves=self.curves,
                seed=self.config.seed,
                **asdict(training),
            )

    def validate(self) -> Scores:
        return self.score(self.classifier, self.texts.validation)

    def score(self, classifier: Classifier, texts: EncodedTexts) -> Scores:
        """In several processes each scores a part; all get the scores of the whole."""
        device = self.accelerator.device
        model = classifier.model.to(device)
        rank, count = self.accelerator.process_index, self.accelerator.num_processes
        return score_texts(model, texts, classifier.labels, device, rank=rank, count=count)

    def save(self, name: str) -> None:
        """Write the checkpoint `best` or `last`."""
        if not self.accelerator.is_main_process:
            return
        if self.curves:
            self.curves.flush()  # a run that goes on from here must not lack points before it
        model = self.accelerator.unwrap_model(self.model)
        golden = [*self.splits.validation["text"][:GOLDEN_TEXTS], ""]
        logits = self.classifier.logits(golden).tolist()
        manifest: dict[str, Any] = {
            "data": self.splits.fingerprints(),
            "epoch": self.state.epoch,
            "step": self.state.step,
            "metrics": self.state.history[-1] if self.state.history else {},
            "golden": [{"text": t, "logits": row} for t, row in zip(golden, logits, strict=True)],
        }
        weights = {key: tensor.contiguous() for key, tensor in model.state_dict().items()}
        state = {
            "state": asdict(self.state),
            "optimizer": self.optimizer.state_dict(),
            "random": torch.get_rng_state(),
        }
        save_checkpoint(
            self.run_dir / name,
            Checkpoint(dump(self.config), weights, self.vocabulary, self.splits.labels, manifest),
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
        metrics = self.metrics(test, validation)
        write_json(self.run_dir / METRICS, metrics)
        self.show_curves(best, test, validation)
        self.tell_result(test, validation, metrics)

    def tell_result(self, test: Scores, validation: Scores, metrics: dict[str, Any]) -> None:
        train, state = metrics["train"], self.state
        self.console.print(class_table(test, "Test"))
        self.console.print(
            f"best epoch {state.best_epoch} of {state.epoch}: validation {summary(validation)}",
            f"test {summary(test)}",
            f"{metrics['seconds']:.1f} s in all, {train['seconds']:.1f} s of training at "
            f"{train['texts_per_second']:,.0f} texts/s, "
            f"peak memory {metrics['peak_memory_bytes'] / 1e6:,.0f} MB",
            f"saved in {self.run_dir}; label new texts with",
            f"  python -m textcnn.predict {argument('checkpoint', self.run_dir)} input=texts.txt",
            sep="\n",
        )

    def metrics(self, test: Scores, validation: Scores) -> dict[str, Any]:
        state, splits = self.state, self.splits
        parameters = sum(p.numel() for p in self.classifier.model.parameters())
        return {
            "test": test.as_json(),
            "validation": validation.as_json(),
            "train": {
                "epochs": state.epoch,
                "best_epoch": state.best_epoch,
                "steps": state.step,
                "seconds": state.seconds,
                "texts_per_second": state.texts / max(state.train_seconds, 1e-9),
            },
            "seconds": time.perf_counter() - self.started,
            "peak_memory_bytes": peak_memory_bytes(),
            "data": {
                "labels": splits.labels,
                "notes": splits.notes,
                "vectors_coverage": self.coverage,
                **self.description.as_json(),
            },
            "model": {
                "parameters": parameters,
                "token_ids": len(self.vocabulary),
                "receptive_field": self.classifier.model.receptive_field,
            },
            "history": state.history,
            "textcnn": textcnn.__version__,
        }

    def show_curves(self, best: Classifier, test: Scores, validation: Scores) -> None:
        assert self.curves is not None
        step = self.state.step
        self.curves.scores("test", test, step)
        self.curves.figure("confusion/validation", confusion_figure(validation), step)
        self.curves.figure("confusion/test", confusion_figure(test), step)
        self.curves.text("examples", example_predictions(best, self.splits.validation), step)
        values = {
            k: v for k, _, v in walk(self.config) if k not in {"run_dir", "resume", "overwrite"}
        }
        final = {"test/accuracy": test.accuracy, "test/macro_f1": test.macro_f1}
        self.curves.hyper_parameters(values, final)
        self.curves.close()


def peak_memory_bytes() -> int:
    """The most memory that this process has held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
