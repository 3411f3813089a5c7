"""The keys of each program, and the combinations that it refuses."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from textcnn.config.combinations import (
    embedding_conflicts,
    final_conflicts,
    length_conflicts,
    ngram_conflicts,
    origin_conflicts,
    rate_conflicts,
    regularizer_conflicts,
    teacher_conflicts,
    without_network,
)
from textcnn.config.data import DataConfig, StringOrList, as_written, encoding_conflicts
from textcnn.config.keys import group, key
from textcnn.config.model_keys import ModelConfig, NetworkConfig
from textcnn.config.schedules import ScheduleConfig
from textcnn.config.text import TextConfig
from textcnn.config.training import OptimizerConfig, TrainingConfig

TABLE_MEMORY = 1024  # MB

CHECKPOINT = (
    "a run directory (its best checkpoint is used), a checkpoint directory, or hub:owner/name on "
    "the Hugging Face Hub"
)
INPUT_FORMAT = (
    "format of the input; lines: each line is a text; null: by the file's ending (also of Parquet, "
    "Arrow and Feather); other endings: each line is a text, without fastText's labels (__label__a)"
)
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


def report() -> Any:
    return key(True, "write the page report/index.html and the model card report/model_card.md")


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
    schedule: ScheduleConfig = group(ScheduleConfig, "how the learning rate changes")
    training: TrainingConfig = group(TrainingConfig, "the training loop")
    baseline: bool | None = key(
        None,
        "train a linear model over n-grams on the same texts too, and report its scores beside "
        "those of the model; null: if that takes less than about two seconds",
    )
    teacher: str | None = key(
        None,
        f"{CHECKPOINT}, from whose probabilities the network learns too; null: from labels only",
    )
    init_from: str | None = key(
        None,
        f"{CHECKPOINT}, to start from: its words, classes and weights are kept, and its model.*, "
        "text.*, data.multi_label and training.members, unless they are given; null: start from "
        "random weights",
    )
    init_from_test: bool | None = key(
        None,
        "with init_from, score the checkpoint's own test texts too, before and after the training, "
        "to report what is forgotten; null: if they can be read again without the Hub",
    )
    report: bool = report()
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
    def learns_ngrams(self) -> bool:
        """Whether the training loop learns the n-grams."""
        solver = self.model.ngram_solver or ("gradient" if self.data.streaming else "liblinear")
        return bool(self.model.ngrams) and solver == "gradient"

    @property
    def weighs_subwords(self) -> bool:
        """Whether the linear model weighs subwords beside n-grams."""
        possible = bool(self.model.ngrams) and not self.learns_ngrams
        return self.allows_subwords and possible and self.model.ngram_scaling != "tf_idf"

    @property
    def composes_vectors(self) -> bool:
        """Whether unknown words get vectors from their subwords."""
        return self.allows_subwords and getattr(self.text, "vectors", None) is not None

    @property
    def allows_subwords(self) -> bool:
        """Whether subwords are used where the model can use them."""
        return self.text.unit == "word" and getattr(self.text, "subwords", False) is not False

    @property
    def uses_subwords(self) -> bool:
        """Whether the model uses the subwords of unknown words."""
        return self.weighs_subwords or self.composes_vectors

    @property
    def is_student(self) -> bool:
        """Whether the network learns from a teacher's probabilities too."""
        own = self.training.out_of_fold and self.training.teacher_fold is None
        return own or self.teacher is not None

    def depends_on_epochs(self) -> str | None:
        """The setting with which the number of epochs changes what every step does; None: none."""
        if self.data.streaming:
            return None
        if self.schedule.depends_on_steps():
            return f"schedule={self.schedule.name}"
        for name, value in (("average", "tail"), ("final", "all")):
            if getattr(self.training, name) == value:
                return f"training.{name}={value}"
        return None

    def conflicts(self) -> Iterator[str]:
        if self.data.streaming and self.training.sampling != "shuffle":
            yield (
                f"training.sampling={self.training.sampling} needs all rows in memory, got "
                "data.streaming=true; try training.class_weights=balanced"
            )
        if self.baseline and self.data.streaming:
            yield (
                "baseline=true needs all rows in memory, got data.streaming=true; leave it out, or "
                "train model=ngrams on some rows: data.max_examples=100000"
            )
        if self.training.final == "all":
            yield from final_conflicts(self)
        if (
            self.data.streaming
            and self.training.average == "tail"
            and self.training.max_steps is None
        ):
            yield (
                "training.average=tail needs the number of steps, which a stream doesn't have; try "
                "training.max_steps=10000, or training.average=ema"
            )
        yield from teacher_conflicts(self)
        yield from origin_conflicts(self)
        yield from length_conflicts(self.data, self.text)
        yield from self.schedule.misfits(self.training, self.data.streaming)
        yield from ngram_conflicts(self)
        if isinstance(self.model, NetworkConfig):
            yield from embedding_conflicts(self.text, self.model)
            yield from rate_conflicts(self.optimizer, self.text, self.model)
            yield from regularizer_conflicts(self.model, self.training)
        else:
            yield from without_network(self)


@dataclass
class EvaluateConfig:
    checkpoint: str = key("", CHECKPOINT)
    data: DataConfig = group(
        DataConfig, "the texts to score; the default is the checkpoint's own test split"
    )
    batch_size: int = key(2048, "maximum number of texts to score at a time", at_least=1)
    table_memory: int = table_memory()
    half: bool = half()
    errors: int = key(
        0,
        "number of surest mistakes, of least sure texts and of frequent confusions to print; "
        "predictions.jsonl has all texts",
        at_least=0,
    )
    report: bool = report()
    run_dir: str = key(
        "outputs/evaluation", "directory for evaluation.json, predictions.jsonl and the report"
    )
    overwrite: bool = key(False, "replace existing results")


@dataclass
class ColumnsConfig:
    text: StringOrList = key(
        None,
        "the text column, or a list of columns, of all formats but lines; null: as in training",
        strings=True,
        optional=True,
    )
    encoding: str | None = key(
        None,
        "encoding of the input, by Python's name, such as windows-1252; null: UTF-8, or UTF-16 if "
        "the input begins so",
    )
    header: bool = key(
        True,
        "the first row of CSV and TSV names the columns; false: data.text is the number of a "
        "column, from 1",
    )

    def __post_init__(self) -> None:
        self.text = as_written(self.text)

    def conflicts(self) -> Iterator[str]:
        yield from encoding_conflicts(self.encoding)


@dataclass
class PredictConfig:
    checkpoint: str = key("", CHECKPOINT)
    input: str = key("-", "the file of texts; -: standard input")
    output: str = key(
        "-",
        "the file to write, in the format of its ending: .jsonl, .json, .csv, .tsv or .parquet, "
        "also with .gz, .bz2, .xz or .zst; JSON Lines without an ending; -: standard output. Rows "
        "go to <output>.partial, which is renamed at the end",
    )
    format: str | None = key(
        None,
        INPUT_FORMAT,
        choices=("lines", "jsonl", "csv", "tsv"),
        optional=True,
    )
    output_format: str | None = key(
        None,
        "format of the output, such as csv for standard output; null: by the file's ending",
        choices=("jsonl", "json", "csv", "tsv", "parquet"),
        optional=True,
    )
    columns: StringOrList = key(
        None,
        "other columns of the input to write too, such as id; []: none; null: all, except bytes",
        strings=True,
        empty=True,
        optional=True,
    )
    on_error: str = key(
        "stop",
        "what to do with a row that can't be read (no text, wrong encoding, malformed); stop: end "
        "with its place; skip: leave such rows out, and report how many and the first of them",
        choices=("stop", "skip"),
    )
    # not `text`: Hydra would read `text=body` as an option of the config group `text`
    data: ColumnsConfig = group(ColumnsConfig, "the columns of the text")
    batch_size: int | None = key(
        None,
        "number of texts to read and answer at a time; 1: answer each line at once; null: 1 at a "
        "terminal, otherwise chosen for speed",
        at_least=1,
    )
    workers: int | None = key(
        None,
        "number of processes that predict; 1: only this one; null: one per core after the first "
        "4 million characters, which threads of this process predict",
        at_least=1,
        at_most=1024,
    )
    top: int | None = key(
        None,
        "write the probabilities of this many classes only, the most probable first; null: of all",
        at_least=1,
    )
    threshold: float | None = key(
        None,
        "answer only texts whose most probable class has at least this probability; others get "
        "label null and abstained true; null: answer all",
        at_least=0.0,
        at_most=1.0,
    )
    coverage: float | None = key(
        None,
        "instead of threshold, the share of texts to answer: by the threshold that answered this "
        "share of the validation texts; null: answer all",
        above=0.0,
        at_most=1.0,
    )
    unfamiliar: bool = key(
        False,
        "also write the share of each text's n-grams that training never saw, and whether that "
        "makes the text unlike those of training: more than 99 % of the validation texts have",
    )
    table_memory: int = table_memory()
    half: bool = half()
    overwrite: bool = key(False, "replace an existing output file")

    def __post_init__(self) -> None:
        self.columns = as_written(self.columns)

    def conflicts(self) -> Iterator[str]:
        if self.threshold is not None and self.coverage is not None:
            yield (
                f"coverage={self.coverage} chooses the threshold, got threshold={self.threshold}; "
                "leave out one of the two"
            )
        if self.batch_size is not None and (self.workers or 1) > 1:
            yield (
                f"workers={self.workers} reads ahead, but batch_size={self.batch_size} answers "
                "before it reads on; leave out one of the two"
            )
