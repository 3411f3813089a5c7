"""The keys of `textcnn.illustrate`."""

from collections.abc import Iterator
from dataclasses import dataclass

from textcnn.config.data import DataConfig
from textcnn.config.keys import command_line, group, key, walk
from textcnn.config.programs import CHECKPOINT

# In the order of the tour.
STUDIES = (
    *("pointwise", "order", "position", "counting", "nesting", "boundary"),
    *("symmetry", "audio", "translation", "language", "checkpoint"),
)
PRESET_SEEDS = {"full": 3, "quick": 1}  # networks for each random point of a study


@dataclass
class IllustrateConfig:
    study: str = key(
        "all", "the study to run; all: every study that applies", choices=(*STUDIES, "all")
    )
    preset: str = key(
        "full",
        "full: all points with 3 seeds (minutes); quick: few points with 1 seed (about a minute)",
        choices=("full", "quick"),
    )
    seeds: int | None = key(
        None,
        "number of networks to train for each random point; null: 3 with preset=full, 1 with quick",
        at_least=1,
        at_most=1000,
    )
    seed: int = key(
        0,
        "the first seed; the next networks use the seeds that follow",
        at_least=0,
        at_most=2**32 - 1001,
    )
    checkpoint: str = key("", f"study=checkpoint: {CHECKPOINT}")
    data: DataConfig = group(
        DataConfig,
        "study=language and study=checkpoint: the texts; the default is the bundled texts for "
        "language, and the test split of the checkpoint for checkpoint",
    )
    workers: int | None = key(
        None, "number of processes that measure; null: one per core", at_least=1, at_most=1024
    )
    run_dir: str = key("outputs/run", "directory for results, figures and report")
    overwrite: bool = key(False, "replace the run that run_dir holds, if any")
    resume: str | None = key(
        None, "the directory of a run to resume; only workers may be changed; null: a new run"
    )

    def conflicts(self) -> Iterator[str]:
        """Keys that the chosen study does not use, and keys that it needs."""
        default, study = DataConfig(), self.study
        data = [
            f"data.{name}={command_line(value)}"
            for name, _, value in walk(self.data)
            if value != getattr(default, name, None)
        ]
        if data and study not in ("language", "checkpoint", "all"):
            yield (
                f"study={study} does not read data, got {data[0]}; leave it out, or try "
                "study=language"
            )
        if self.checkpoint and study not in ("checkpoint", "all"):
            yield (
                f"study={study} does not use a checkpoint, got checkpoint={self.checkpoint}; leave "
                "it out, or try study=checkpoint"
            )
        if study == "checkpoint" and not self.checkpoint:
            yield (
                "study=checkpoint needs a trained classifier, got none; try checkpoint=<run or "
                "checkpoint directory>"
            )
        if study == "checkpoint" and self.seeds is not None:
            yield (
                f"study=checkpoint examines one classifier, got seeds={self.seeds}; leave it out "
                "(seed chooses the texts)"
            )
        if study in ("language", "all"):
            yield from self.language_conflicts()

    def language_conflicts(self) -> Iterator[str]:
        if self.data.multi_label:
            yield (
                "study=language needs texts with one class each, got data.multi_label=true; try a "
                "trained model: study=checkpoint checkpoint=<run>"
            )
        for name in ("folds", "streaming"):
            if value := getattr(self.data, name):
                yield (
                    f"study=language trains on a few hundred texts of one split, got "
                    f"data.{name}={command_line(value)}; leave it out"
                )
