"""The keys of each program, and the combinations that it refuses."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from textcnn.config.data import DataConfig, StringOrList, SyntheticConfig
from textcnn.config.keys import command_line, group, key, walk
from textcnn.config.model_keys import ModelConfig
from textcnn.config.text import TextConfig
from textcnn.config.training import OptimizerConfig, TrainingConfig

# In the order of the tour.
STUDIES = (
    *("pointwise", "order", "position", "counting", "nesting", "boundary"),
    *("symmetry", "audio", "translation", "language", "checkpoint"),
)
PRESET_SEEDS = {"full": 3, "quick": 1}  # networks for each random point of a study
TABLE_MEMORY = 1024  # MB

CHECKPOINT = "a run directory (its best checkpoint is used) or a checkpoint directory"
TEXTS, TOKENS = "the texts and their classes", "how texts are split into tokens"


def seed(meaning: str = "the seed of every random choice") -> Any:
    return key(0, meaning, at_least=0, at_most=2**32 - 1)


def table_memory() -> Any:
    return key(
        TABLE_MEMORY,
        "memory limit in MB for the lookup tables that replace the embedding and the first "
        "convolution; beyond it, texts with rare tokens are computed without tables; 0: no tables",
        at_least=0,
        at_most=2**20,
    )


def half() -> Any:
    return key(
        False,
        "store the lookup tables in float16: half the memory, but logits change by about 0.01",
    )


@dataclass
class TrainConfig:
    data: DataConfig = group(DataConfig, TEXTS)
    text: TextConfig = group(TextConfig, TOKENS)
    model: ModelConfig = group(ModelConfig, "the network")
    optimizer: OptimizerConfig = group(OptimizerConfig, "how the weights are updated")
    training: TrainingConfig = group(TrainingConfig, "the training loop")
    teacher: str | None = key(
        None,
        "a run directory (its best checkpoint is used) or a checkpoint directory, from whose "
        "probabilities the network learns too; null: from labels only",
    )
    seed: int = seed()
    run_dir: str = key("outputs/run", "directory for everything that this run writes")
    overwrite: bool = key(False, "replace the run that run_dir holds, if any")
    resume: str | None = key(
        None,
        "the directory of a run to resume; only training.epochs may be changed; null: a new run",
    )

    @property
    def network_seed(self) -> int:
        """The seed of weights, batches and dropout; the splits have `seed` in every member."""
        other = (self.training.member or 1) - 1 + (self.training.teacher_fold or 0)
        return (self.seed + other) % 2**32

    @property
    def is_student(self) -> bool:
        """Whether the network learns from a teacher's probabilities too."""
        own = self.training.out_of_fold and self.training.teacher_fold is None
        return own or self.teacher is not None

    def conflicts(self) -> Iterator[str]:
        if self.data.streaming and self.training.sampling != "shuffle":
            yield (
                f"training.sampling={self.training.sampling} needs all rows in memory, got "
                "data.streaming=true; try training.class_weights=balanced"
            )
        yield from teacher_conflicts(self)
        yield from length_conflicts(self.data, self.text)
        yield from embedding_conflicts(self.text, self.model)


@dataclass
class EvaluateConfig:
    checkpoint: str = key("", CHECKPOINT)
    data: DataConfig = group(
        DataConfig, "the texts to score; the default is the checkpoint's own test split"
    )
    batch_size: int = key(512, "maximum number of texts to score at a time", at_least=1)
    table_memory: int = table_memory()
    half: bool = half()
    run_dir: str = key("outputs/evaluation", "directory for evaluation.json")
    overwrite: bool = key(False, "replace an existing evaluation.json")


@dataclass
class ColumnsConfig:
    text: StringOrList = key(
        None,
        "the text column, or a list of columns, of JSON Lines, CSV and TSV; null: as in training",
        strings=True,
        optional=True,
    )


@dataclass
class PredictConfig:
    checkpoint: str = key("", CHECKPOINT)
    input: str = key("-", "the file of texts; -: standard input")
    output: str = key("-", "the JSON Lines file to write; -: standard output")
    format: str | None = key(
        None,
        "format of the input; null: by the file's ending, else lines (one text per line)",
        choices=("lines", "jsonl", "csv", "tsv"),
        optional=True,
    )
    # not `text`: Hydra would read `text=body` as an option of the config group `text`
    data: ColumnsConfig = group(ColumnsConfig, "the columns of the text")
    batch_size: int | None = key(
        None,
        "number of texts to read and answer at a time; 1: answer each line at once; null: 1 at a "
        "terminal, otherwise chosen for speed",
        at_least=1,
    )
    table_memory: int = table_memory()
    half: bool = half()
    overwrite: bool = key(False, "replace an existing output file")


@dataclass
class DescribeConfig:
    data: DataConfig = group(DataConfig, TEXTS)
    text: TextConfig = group(TextConfig, TOKENS)
    model: ModelConfig = group(ModelConfig, "the network")
    seed: int = seed("the seed of the splits; the same seed gives the same splits in training")
    output: str | None = key(None, "a JSON file to write the description to; null: none")

    def conflicts(self) -> Iterator[str]:
        yield from length_conflicts(self.data, self.text)
        yield from embedding_conflicts(self.text, self.model)


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
    )
    seed: int = key(
        0,
        "the first seed; the next networks use the seeds that follow",
        at_least=0,
        at_most=2**32 - 1001,
    )
    checkpoint: str = key("", "study=checkpoint: the run or checkpoint directory to examine")
    data: DataConfig = group(
        DataConfig,
        "study=language and study=checkpoint: the texts; the default is the bundled texts for "
        "language, and the test split of the checkpoint for checkpoint",
    )
    workers: int | None = key(
        None, "number of processes that measure; null: one per core", at_least=1
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


def teacher_conflicts(config: TrainConfig) -> Iterator[str]:
    training, data = config.training, config.data
    if training.out_of_fold and config.teacher is not None:
        yield (
            f"training.out_of_fold=true trains its own teachers, got teacher={config.teacher}; "
            "leave out one of the two"
        )
    if training.out_of_fold and data.streaming:
        yield (
            "training.out_of_fold needs all rows in memory, got data.streaming=true; leave out "
            "one of the two"
        )
    if data.unlabelled is not None and not config.is_student and training.teacher_fold is None:
        yield (
            f"data.unlabelled={command_line(data.unlabelled)} needs a teacher, got none; add "
            "teacher=<run>, or training.out_of_fold=true"
        )
    if data.unlabelled is not None and training.sampling != "shuffle":
        yield (
            f"training.sampling={training.sampling} draws texts by their labels, got "
            f"data.unlabelled={command_line(data.unlabelled)}; leave out one of the two"
        )
    if config.is_student or training.out_of_fold:
        return
    usual = TrainingConfig()
    for name in ("temperature", "teacher_weight", "teacher_folds"):
        if (value := getattr(training, name)) != getattr(usual, name):
            yield (
                f"training.{name}={command_line(value)} needs a teacher, got none; add "
                "teacher=<run>, or training.out_of_fold=true"
            )


def length_conflicts(data: DataConfig, text: TextConfig) -> Iterator[str]:
    if not isinstance(data, SyntheticConfig) or text.unit != "word" or text.max_length is None:
        return
    if data.length > text.max_length:
        yield (
            f"data.length={data.length} exceeds text.max_length={text.max_length}, which would cut "
            f"off markers; try text.max_length={data.length}"
        )


def embedding_conflicts(text: TextConfig, model: ModelConfig) -> Iterator[str]:
    vectors = getattr(text, "vectors", None)
    if vectors is None and model.embedding in ("static", "multichannel"):
        yield (
            f"model.embedding={model.embedding} needs pretrained word vectors; try "
            "text.vectors=glove, or model.embedding=nonstatic"
        )
    if vectors is not None and model.embedding in ("random", "onehot"):
        yield (
            f"model.embedding={model.embedding} ignores text.vectors={vectors}; "
            "try model.embedding=nonstatic"
        )
    if text.unit == "word" and model.embedding == "onehot":
        yield (
            "model.embedding=onehot needs one channel per token, too many with text=word; "
            "try text=char, or model.embedding=nonstatic"
        )
    for name, value in (("position", "learned"), ("pooling", "flatten")):
        if getattr(model, name) == value and (model.max_positions or text.max_length) is None:
            yield (
                f"model.{name}={value} needs a maximum length; try model.max_positions=500 or "
                "text.max_length=500"
            )
