"""Every key that a user can set: its type, default, limits, unit and meaning.

The dataclasses are Hydra's schemas, so a misspelt key or a wrong type stops a program before it
does anything. `check` adds the limits, and `--help` prints what stands here. Beyond the entry
points nobody sees these classes: builders take plain keyword arguments.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from textcnn.config.data import DataConfig, StringOrList, SyntheticConfig
from textcnn.config.keys import (
    command_line,
    group,
    key,
    walk,
)
from textcnn.config.model import ModelConfig
from textcnn.config.text import TextConfig
from textcnn.config.training import OptimizerConfig, TrainingConfig

# in the order of the tour
STUDIES = (
    *("pointwise", "order", "position", "counting", "nesting", "boundary"),
    *("symmetry", "audio", "translation", "language", "checkpoint"),
)
PRESET_SEEDS = {"full": 3, "quick": 1}  # of studies
TABLE_MEMORY = 1024  # megabytes


@dataclass
class TrainConfig:
    data: DataConfig = group(DataConfig, "the texts and their classes")
    text: TextConfig = group(TextConfig, "from texts to tokens")
    model: ModelConfig = group(ModelConfig, "the network")
    optimizer: OptimizerConfig = group(OptimizerConfig, "how weights are updated")
    training: TrainingConfig = group(TrainingConfig, "the loop")
    seed: int = key(0, "one number for every source of randomness", at_least=0, at_most=2**32 - 1)
    run_dir: str = key("outputs/run", "directory of everything this run makes")
    overwrite: bool = key(False, "replace a run directory that already holds a run")
    resume: str | None = key(None, "a run directory to go on with, instead of run_dir")

    def conflicts(self) -> Iterator[str]:
        if self.data.streaming and self.training.sampling != "shuffle":
            yield (
                f"training.sampling={self.training.sampling} needs all rows, which "
                "data.streaming=true never has; try training.class_weights=balanced"
            )
        yield from length_conflicts(self.data, self.text)
        yield from embedding_conflicts(self.text, self.model)


@dataclass
class EvaluateConfig:
    checkpoint: str = key("", "a run directory (its best checkpoint) or a checkpoint directory")
    data: DataConfig = group(DataConfig, "what to score; without, the checkpoint's own test split")
    batch_size: int = key(512, "texts scored at a time, at most", at_least=1)
    table_memory: int = key(
        TABLE_MEMORY,
        "megabytes that tables may take, of which embedding and first convolution are looked up; "
        "if they need more, texts with rare tokens are not looked up; 0: no tables",
        at_least=0,
        at_most=2**20,
    )
    half: bool = key(False, "tables of 16-bit numbers: half the memory, logits off by about 0.01")
    run_dir: str = key("outputs/evaluation", "directory for evaluation.json")
    overwrite: bool = key(False, "replace an evaluation.json that is there")


@dataclass
class ColumnsConfig:
    text: StringOrList = key(
        None,
        "the text column or columns of JSON Lines, CSV or TSV; null: as in training",
        strings=True,
        optional=True,
    )


@dataclass
class PredictConfig:
    checkpoint: str = key("", "a run directory (its best checkpoint) or a checkpoint directory")
    input: str = key("-", "a file of texts; - is standard input")
    output: str = key("-", "a file for JSON Lines; - is standard output")
    format: str | None = key(
        None,
        "how to read the input; null goes by its ending, else lines",
        choices=("lines", "jsonl", "csv", "tsv"),
        optional=True,
    )
    # not `text`: Hydra would take `text=body` for an option of the group `text`
    data: ColumnsConfig = group(ColumnsConfig, "where in a row the text is")
    batch_size: int | None = key(
        None,
        "texts that are read, and answered, at a time; 1 answers line by line; null: 1 at a "
        "terminal, else as many as are fastest",
        at_least=1,
    )
    table_memory: int = key(
        TABLE_MEMORY,
        "megabytes that tables may take, of which embedding and first convolution are looked up; "
        "if they need more, texts with rare tokens are not looked up; 0: no tables",
        at_least=0,
        at_most=2**20,
    )
    half: bool = key(False, "tables of 16-bit numbers: half the memory, logits off by about 0.01")
    overwrite: bool = key(False, "replace an output file that is there")


@dataclass
class DescribeConfig:
    data: DataConfig = group(DataConfig, "the texts and their classes")
    text: TextConfig = group(TextConfig, "from texts to tokens")
    model: ModelConfig = group(ModelConfig, "the network")
    seed: int = key(0, "draws the splits, as in training", at_least=0, at_most=2**32 - 1)
    output: str | None = key(None, "a JSON file for what is shown; null writes none")

    def conflicts(self) -> Iterator[str]:
        yield from length_conflicts(self.data, self.text)
        yield from embedding_conflicts(self.text, self.model)


@dataclass
class IllustrateConfig:
    study: str = key("all", "the question, or all of them", choices=(*STUDIES, "all"))
    preset: str = key(
        "full", "all points and three seeds, or a quick look at few", choices=("full", "quick")
    )
    seeds: int | None = key(
        None, "networks for each point that chance draws; null: full 3, quick 1", at_least=1
    )
    seed: int = key(0, "the first of the seeds", at_least=0, at_most=2**32 - 1001)
    checkpoint: str = key(
        "", "a run or checkpoint directory, of which study=checkpoint asks the same questions"
    )
    data: DataConfig = group(
        DataConfig,
        "real texts; without, the bundled ones for language, a checkpoint's own for checkpoint",
    )
    workers: int | None = key(None, "processes that measure; null: one for each core", at_least=1)
    run_dir: str = key("outputs/run", "directory of results, figures and report")
    overwrite: bool = key(False, "replace a run directory that already holds a run")
    resume: str | None = key(None, "a run directory to go on with, instead of run_dir")

    def conflicts(self) -> Iterator[str]:
        """What the chosen study has no use for, and what it can't do without."""
        default, study = DataConfig(), self.study
        data = [
            f"data.{name}={command_line(value)}"
            for name, _, value in walk(self.data)
            if value != getattr(default, name, None)
        ]
        if data and study not in ("language", "checkpoint", "all"):
            yield (
                f"study={study} reads no texts of yours, got {data[0]}; leave data out, or try "
                "study=language"
            )
        if self.checkpoint and study not in ("checkpoint", "all"):
            yield (
                f"study={study} asks no checkpoint, got checkpoint={self.checkpoint}; leave it "
                "out, or try study=checkpoint"
            )
        if study == "checkpoint" and not self.checkpoint:
            yield (
                "study=checkpoint needs a trained classifier; give checkpoint=<run or checkpoint "
                "directory>"
            )
        if study == "checkpoint" and self.seeds is not None:
            yield (
                f"study=checkpoint asks one classifier once, got seeds={self.seeds}; leave it out: "
                "seed draws which texts are asked"
            )
        if study in ("language", "all"):
            yield from self.language_conflicts()

    def language_conflicts(self) -> Iterator[str]:
        if self.data.multi_label:
            yield (
                "study=language takes texts of one class each, got data.multi_label=true; ask a "
                "trained model: study=checkpoint checkpoint=<run>"
            )
        for name in ("folds", "streaming"):
            if value := getattr(self.data, name):
                yield (
                    f"study=language trains on a few hundred texts, split once, got "
                    f"data.{name}={command_line(value)}; leave it out"
                )


def length_conflicts(data: DataConfig, text: TextConfig) -> Iterator[str]:
    if not isinstance(data, SyntheticConfig) or text.unit != "word" or text.max_length is None:
        return
    if data.length > text.max_length:
        yield (
            f"data.length={data.length} is more than text.max_length={text.max_length}, which "
            f"would cut what a text is about; try text.max_length={data.length}"
        )


def embedding_conflicts(text: TextConfig, model: ModelConfig) -> Iterator[str]:
    vectors = getattr(text, "vectors", None)
    if vectors is None and model.embedding in ("static", "multichannel"):
        yield (
            f"model.embedding={model.embedding} needs pretrained vectors, of words: try "
            "text.vectors=glove, or model.embedding=nonstatic"
        )
    if vectors is not None and model.embedding in ("random", "onehot"):
        yield (
            f"model.embedding={model.embedding} has no use for text.vectors={vectors}; "
            "try model.embedding=nonstatic"
        )
    if text.unit == "word" and model.embedding == "onehot":
        yield (
            "model.embedding=onehot has a channel for each token, too many with text=word; "
            "try text=char, or model.embedding=nonstatic"
        )
    for name, value in (("position", "learned"), ("pooling", "flatten")):
        if getattr(model, name) == value and (model.max_positions or text.max_length) is None:
            yield (
                f"model.{name}={value} needs to know how many tokens a text has at most: set "
                "model.max_positions or text.max_length"
            )
