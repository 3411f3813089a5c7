"""The data sets of the benchmark, and textcnn's training runs on them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from hydra import compose, initialize_config_module
from omegaconf import OmegaConf

from textcnn.config.check import check
from textcnn.config.programs import TrainConfig
from textcnn.config.schemas import register_schemas
from textcnn.data.labelled import LabelledTexts
from textcnn.data.splits import Splits
from textcnn.errors import InputError
from textcnn.system.terminal import build_console
from textcnn.training.recipe import TrainingRun
from textcnn.training.state import TrainingState

KIM = (
    "model=multi_width",
    "model.kernel_sizes=[3,4,5]",
    "model.num_filters=100",
    "model.embedding_dim=300",
    "optimizer.learning_rate=0.001",
    "training.batch_size=50",
)
CHARS = (
    "model=char_cnn",
    "optimizer.learning_rate=0.001",
    "training.batch_size=32",
)


TESTED = 1000  # texts of each test split, the same for all programs


@dataclass(frozen=True)
class Set:
    """A data set, with the overrides that select it."""

    name: str
    overrides: tuple[str, ...]
    max_length: int | None  # tokens


def find_sets(folder: Path | None, cap: int | None) -> list[Set]:
    """The bundled texts, then those of MR, TREC and IMDB that the folder holds.

    Args:
        cap: maximum number of texts per split.

    Raises:
        InputError: the folder holds none of them, or only a part of one.
    """
    files = {
        "MR": ("mr.csv", None, 100),
        "TREC": ("trec_train.csv", "trec_test.csv", 100),
        "IMDB": ("imdb_train.parquet", "imdb_test.parquet", 400),
    }
    found = [Set("bundled", (), 400)]
    for name, (train, test, max_length) in files.items():
        if folder is None or not (folder / train).exists():
            continue
        if test and not (folder / test).exists():
            raise InputError(f"--data {folder} holds {train} but not {test}; add it")
        overrides = ["data=files", f"data.train={folder / train}"]
        overrides += [f"data.test={folder / test}"] if test else []
        found.append(Set(name, tuple(overrides), max_length))
    if folder is not None and len(found) == 1:
        names = ", ".join(train for train, _, _ in files.values())
        raise InputError(f"--data {folder} holds none of {names}; give the folder that does")
    capped = (f"data.max_examples={cap}",) if cap else ()
    return [
        replace(
            each,
            overrides=(*each.overrides, *capped, f"text.max_length={each.max_length}"),
        )
        for each in found
    ]


def configure(overrides: tuple[str, ...]) -> TrainConfig:
    """The configuration that `python -m textcnn.train` makes of these overrides."""
    register_schemas()
    with initialize_config_module("textcnn.configs", version_base="1.3"):
        config = OmegaConf.to_object(compose("train", [*overrides, "run_dir=unused"]))
    assert isinstance(config, TrainConfig)
    check(config)
    return config


def sample(rows: LabelledTexts, count: int) -> tuple[list[str], list[int]]:
    """A fixed random sample of `count` texts and their labels.

    Not the first rows, since a file may be sorted by class.
    """
    chosen = np.random.default_rng(0).permutation(len(rows))[:count]
    some = rows.select(chosen)
    return some.texts(), some.labels.tolist()


def accuracy_of(predicted: Sequence[int], labels: Sequence[int]) -> float:
    return sum(p == y for p, y in zip(predicted, labels, strict=True)) / len(labels)


class Ours:
    """A training run of textcnn that trains a few steps at a time and saves nothing."""

    def __init__(self, overrides: tuple[str, ...], place: Path):
        config = configure((*overrides, "training.patience=null"))
        self.run = TrainingRun(config, place, console=build_console(quiet=True))
        scores = self.run.validate()  # only once, so that validation costs no time later
        self.run.validate = lambda: scores  # type: ignore[method-assign]
        self.keep = self.run.save
        self.run.save = lambda name: None  # type: ignore[method-assign]

    @property
    def splits(self) -> Splits:
        return self.run.data.splits

    def train(self, steps: int) -> float:
        """Train on from the present weights; returns texts per second."""
        run = self.run
        run.state = TrainingState()
        run.batches.go_to({"epoch": 0, "batch": 0})
        run.config.training.max_steps = steps
        run.learn()
        return run.state.texts / run.state.train_seconds

    def predict(self, texts: list[str]) -> list[int]:
        """The class number of each text."""
        numbers: list[int] = self.run.classifier.logits(texts).argmax(dim=1).tolist()
        return numbers

    def sizes(self) -> dict[str, Any]:
        model = self.run.config.model
        return {
            "vocabulary": len(self.run.vocabulary),
            "embedding_dim": model.embedding_dim,
            "classes": len(self.splits.labels),
        }
