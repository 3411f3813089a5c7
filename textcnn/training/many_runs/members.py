"""An ensemble: a run for each member, and one checkpoint that holds them all."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import mean
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from textcnn.builders.data import build_joined_data
from textcnn.checkpoint import Checkpoint, load_checkpoint
from textcnn.config.programs import TrainConfig
from textcnn.config.stored import dump
from textcnn.errors import InputError
from textcnn.evaluation.metrics import Scores
from textcnn.evaluation.tables import class_table, summary
from textcnn.inference import BaseClassifier, rebuild
from textcnn.models.ngrams.beside import ngrams_of
from textcnn.models.ngrams.ngrams import Ngrams
from textcnn.runtime.calibration import Calibration
from textcnn.system.atomic import existing
from textcnn.system.memory import peak_memory_bytes
from textcnn.system.run_dir import METRICS, create_run_dir
from textcnn.training.calibrating import calibration_of
from textcnn.training.curves import Curves
from textcnn.training.final import Selection
from textcnn.training.many_runs.jobs import Job, train_all
from textcnn.training.many_runs.spread import mean_cells, over_runs, score_cells
from textcnn.training.many_runs.students import out_of_fold_logits
from textcnn.training.ngrams.parts import train_ngrams
from textcnn.training.recipe import SELECTED, TrainingRun
from textcnn.training.report import Opening, Outcome
from textcnn.training.resuming import data_changed, save_tokenizer, save_words

TRAIN = ("epochs", "best_epoch", "steps", "seconds", "texts_per_second")


class EnsembleRun(TrainingRun):
    """A run for each of `training.members`, in `member-1` and so on, and their ensemble.

    Its own network is never trained: it shows the shape of the members.
    """

    def __init__(self, config: TrainConfig, run_dir: Path, resume: bool = False, **options: Any):
        super().__init__(config, run_dir, resume, **options)
        self.jobs = member_jobs(self.config, self.run_dir)

    def read_last(self) -> None:
        """Nothing: each member has a checkpoint of its own to resume from."""

    @property
    def progress(self) -> str:
        done = sum(job.finished for job in self.jobs)
        return f"after {done} of {len(self.jobs)} members; progress is saved in {self.run_dir}"

    @property
    def seconds(self) -> float:
        """The sum over the members."""
        return sum(float(each["seconds"]) for each in self.member_metrics())

    def start(self) -> None:
        """Report data and model; write the configuration of all members."""
        self.opening.report_data(self.console)
        if self.is_first and self.resume:
            self.store_config()
        elif self.is_first:
            create_run_dir(self.run_dir, dump(self.config), self.config.overwrite)
            save_words(self.run_dir, self.data.more_words)
            save_tokenizer(self.run_dir, self.data.texts.encoder.tokenizer)
        self.opening.report_model(self.console, self.config.model.title, len(self.vocabulary))
        self.console.print(
            f"{len(self.jobs)} such networks, in {self.run_dir / 'member-1'} and so on"
        )
        if self.keep:
            self.console.print(f"curves: tensorboard --logdir {self.run_dir}")

    def learn(self) -> None:
        """
        Raises:
            InputError: a member can't be trained.
            Interrupted: after Ctrl-C or SIGTERM, once every member's progress is saved.
        """
        if self.config.training.out_of_fold:
            out_of_fold_logits(self)  # the same for all members
        train_all(self.jobs, self, self.data)

    def finish(self) -> None:
        """Save the ensemble of the members' best checkpoints, test it, write `metrics.json`."""
        self.accelerator.wait_for_everyone()
        final = self.config.training.final == "all"
        train_ngrams(self.classifier.model, self.config, self.data, origin=self.origin)
        self.merge(SELECTED if final else "best")
        scores = self.validate()  # which tunes weights of n-grams and thresholds of label sets
        if final:
            self.state.end_epoch(scores, self.config.training.metric)
            self.merge_final(calibration_of(self, self.classifier))
        if self.keep and self.is_first:
            self.curves = Curves(self.run_dir)
            self.opening.log(self.curves, dump(self.config))
        self.save("best")
        super().finish()

    def merge_final(self, calibration: Calibration | None) -> None:
        """Make the ensemble of the members that were trained on train + validation.

        Args:
            calibration: of the members that were not.
        """
        chosen, thresholds = self.classifier.model.state_dict(), self.classifier.thresholds
        self.selection = Selection(self.state, 0, calibration)
        self.build(build_joined_data(self.data, self.config.text), None)
        self.classifier.thresholds = thresholds
        train_ngrams(self.classifier.model, self.config, self.trained_on, chosen, self.origin)
        self.merge("best", chosen.get("weights"))

    def merge(self, name: str, weights: Tensor | None = None) -> None:
        """Make the ensemble of checkpoints of the members.

        Args:
            name: of the checkpoints in the members' directories.
            weights: of the ensemble and of n-grams beside it; None: 1.

        Raises:
            InputError: the members were trained on other data.
        """
        members = [load_checkpoint(existing(job.directory / name)) for job in self.jobs]
        if any(each.manifest.get("data") != self.data.splits.fingerprints() for each in members):
            raise InputError(data_changed(self.run_dir))
        self.vectors_coverage = members[0].manifest.get("vectors_coverage")
        ngrams, thresholds = ngrams_of(self.classifier.model), self.classifier.thresholds
        merged = merge_members(members, ngrams, weights, dump(self.config))
        self.classifier, _ = rebuild(merged, str(self.run_dir), table_memory=0)
        if self.selection is not None:
            self.classifier.thresholds = thresholds

    def outcome(
        self, best: BaseClassifier[Any], test: Scores | None, validation: Scores | None
    ) -> "EnsembleOutcome":
        metrics = self.member_metrics()
        names = [job.directory.name for job in self.jobs]
        state, seconds = self.state, self.seconds
        return EnsembleOutcome(best, test, validation, state, seconds, names=names, members=metrics)

    def member_metrics(self) -> list[dict[str, Any]]:
        """The `metrics.json` of each member."""
        files = [job.directory / METRICS for job in self.jobs]
        return [json.loads(file.read_text(encoding="utf-8")) for file in files]


def member_jobs(config: TrainConfig, run_dir: Path) -> list[Job]:
    """A run for each member."""
    count = config.training.members
    return [
        Job(
            f"member {number} of {count}",
            # n-grams have no seed: there is one set beside all members
            replace(
                config,
                model=config.model.without_ngrams(),
                training=replace(config.training, member=number),
            ),
            run_dir / f"member-{number}",
        )
        for number in range(1, count + 1)
    ]


def merge_members(
    members: Sequence[Checkpoint],
    ngrams: Ngrams | None,
    beside: Tensor | None,
    config_yaml: str,
) -> Checkpoint:
    """The checkpoint of an ensemble, without a manifest.

    Args:
        members: trained on the same texts, so that vocabulary and labels are the same.
        ngrams: beside the ensemble.
        beside: the weights of both; None: 1, until validation chooses them.
        config_yaml: of the ensemble.
    """
    first = members[0]
    assert all(each.vocabulary.tokens == first.vocabulary.tokens for each in members)
    prefix = "" if ngrams is None else "network."
    weights = {
        f"{prefix}members.{number}.{name}": tensor
        for number, member in enumerate(members)
        for name, tensor in member.weights.items()
    }
    if ngrams is not None:
        weights |= {f"ngrams.{name}": tensor for name, tensor in ngrams.state_dict().items()}
        weights["weights"] = torch.ones(2) if beside is None else beside
    return replace(first, config=config_yaml, weights=weights, manifest={}, calibration=None)


@dataclass(frozen=True)
class EnsembleOutcome(Outcome):
    """A finished ensemble, and what its members report."""

    names: list[str] = field(kw_only=True)  # of the members' directories
    members: list[dict[str, Any]] = field(kw_only=True)  # their metrics.json

    def as_json(self, opening: Opening, vectors_coverage: float | None) -> dict[str, Any]:
        """As of a single network; what concerns training is the mean over the members."""
        result = super().as_json(opening, vectors_coverage)
        del result["history"]
        count = len(self.members)
        once = sum(each.parameters for each in opening.model.layers if each.kind == "Ngrams")
        for name in ("parameters", "trained_parameters"):
            result["model"][name] = count * (result["model"][name] - once) + once
        result["model"]["multiply_adds_per_token"] *= count
        result["train"] = {
            name: mean(each["train"][name] for each in self.members) for name in TRAIN
        }
        of_each = [
            {"run_dir": run_dir, **{name: each[name] for name in ("test", "validation", "train")}}
            for run_dir, each in zip(self.names, self.members, strict=True)
        ]
        peaks = [result["peak_memory_bytes"], *(each["peak_memory_bytes"] for each in self.members)]
        return result | {"peak_memory_bytes": max(peaks), "members": of_each}

    def report(self, console: Console) -> None:
        lines = []
        if self.final is not None:
            accuracy = self.state.history[0]["validation"]["accuracy"]
            lines.append(
                f"before the final training, a validation accuracy of {100 * accuracy:.2f} %; the "
                "members were then trained on these texts too, so they have no validation score"
            )
        for split in list(self.scores)[-1:]:  # the test, if there is one
            scores, of_each = self.scores[split], [each[split] for each in self.members]
            console.print(class_table(scores, split.capitalize()))
            console.print(member_table(self.names, of_each, scores))
            lines.append(f"ensemble of {len(self.members)}: {split} {summary(scores)}")
        seconds = [each["train"]["seconds"] for each in self.members]
        console.print(
            *lines,
            *([] if self.baseline is None else [self.baseline.line()]),
            f"{self.seconds:.1f} s over all members, {sum(seconds):.1f} s of training and "
            f"validation, peak memory of this process {peak_memory_bytes() / 1e6:,.0f} MB",
            sep="\n",
        )


def member_table(names: Sequence[str], members: Sequence[dict[str, Any]], scores: Scores) -> Table:
    """The scores of each member, their mean and deviation, and those of the ensemble."""
    table = Table(title="Members", title_justify="left")
    table.add_column("")
    for name in ("accuracy %", "macro-F1 %", "loss"):
        table.add_column(name, justify="right")
    for name, each in zip(names, members, strict=True):
        table.add_row(name, *score_cells(each))
    table.add_section()
    table.add_row("mean ± sd", *mean_cells(over_runs(members)))
    table.add_row("ensemble", *score_cells(scores.summary()), style="bold")
    return table
