"""Every key that a user can set: its type, default, limits, unit and meaning.

The dataclasses are Hydra's schemas, so a misspelt key or a wrong type stops a program before it
does anything. `check` adds the limits, and `--help` prints what stands here. Beyond the entry
points nobody sees these classes: builders take plain keyword arguments.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from textcnn.data_config import DataConfig, StringOrList, SyntheticConfig
from textcnn.errors import InputError
from textcnn.limits import allowed, command_line, example, group, join_or, key, takes, unknown, walk
from textcnn.model_config import MODEL_SCHEMAS, ModelConfig

# in the order of the tour
STUDIES = (
    *("pointwise", "order", "position", "counting", "nesting", "boundary"),
    *("symmetry", "audio", "translation", "language", "checkpoint"),
)
PRESET_SEEDS = {"full": 3, "quick": 1}  # of studies
FOLD_MEMORY = 1024  # megabytes
ClassWeights = Any  # a string, a list or numbers by name, of which OmegaConf has no union


@dataclass
class TextConfig:
    unit: str = key("word", "what a token is", choices=("word", "char", "byte"))
    max_length: int | None = key(500, "tokens kept of a text; null keeps all", at_least=1)
    truncate: str = key(
        "head",
        "which tokens of a longer text are kept: the first, the last, or half from each end",
        choices=("head", "tail", "both"),
    )
    vocabulary_examples: int = key(
        100_000,
        "texts at the start of a stream (data.streaming) that teach vocabulary and classes, and "
        "that validation and test are drawn from where none are given",
        at_least=10,
    )

    def tokenizer_settings(self) -> dict[str, Any]:
        return {}

    def vocabulary_settings(self) -> dict[str, Any]:
        return {}


@dataclass
class LearntTextConfig(TextConfig):
    """Units whose vocabulary is learnt from the training texts."""

    min_frequency: int = key(
        2, "a token rarer than this in the training texts is unknown", at_least=1
    )
    max_vocabulary: int | None = key(
        None,
        "most frequent tokens kept, padding and unknown not counted; null keeps all",
        at_least=1,
    )

    def vocabulary_settings(self) -> dict[str, Any]:
        return {"min_frequency": self.min_frequency, "max_vocabulary": self.max_vocabulary}


@dataclass
class WordConfig(LearntTextConfig):
    unit: str = key("word", "chosen by text=word", choices=("word",))
    tokenizer: str = key(
        "basic_english",
        "how words are split; spacy, moses, toktok, revtok and subword need packages of their own",
        choices=(
            "basic_english",
            "whitespace",
            "kim",
            "spacy",
            "moses",
            "toktok",
            "revtok",
            "subword",
        ),
    )
    vectors: str | None = key(
        None,
        "pretrained vectors: a GloVe or word2vec text file, glove (the extra), or torchtext's name",
    )

    def tokenizer_settings(self) -> dict[str, Any]:
        return {"tokenizer": self.tokenizer}


@dataclass
class CharConfig(LearntTextConfig):
    unit: str = key("char", "chosen by text=char", choices=("char",))
    max_length: int | None = key(1014, "characters kept of a text; null keeps all", at_least=1)
    alphabet: str = key(
        "zhang", "zhang (of Zhang 2015), learnt (from the training texts), or the characters"
    )
    fold_case: bool = key(True, "make texts lower case first")

    def tokenizer_settings(self) -> dict[str, Any]:
        return {"alphabet": self.alphabet, "fold_case": self.fold_case}


@dataclass
class ByteConfig(TextConfig):
    unit: str = key("byte", "chosen by text=byte", choices=("byte",))
    max_length: int | None = key(1014, "bytes kept of a text; null keeps all", at_least=1)


@dataclass
class OptimizerConfig:
    name: str = key("adam", "the optimizer, chosen by optimizer=adam and the like")
    learning_rate: float = key(0.003, "step size", above=0.0, at_most=1e30)
    weight_decay: float = key(0.0, "L2 penalty", at_least=0.0)


@dataclass
class AdamConfig(OptimizerConfig):
    name: str = key("adam", "chosen by optimizer=adam", choices=("adam",))
    betas: list[float] = key(
        [0.9, 0.999], "decay of the two running means", at_least=0.0, below=1.0, length=(2, 2)
    )
    eps: float = key(1e-8, "added to the denominator", above=0.0)


@dataclass
class AdadeltaConfig(OptimizerConfig):
    name: str = key("adadelta", "chosen by optimizer=adadelta", choices=("adadelta",))
    rho: float = key(0.95, "decay of the running means", at_least=0.0, below=1.0)
    eps: float = key(1e-6, "added to the denominator", above=0.0)


@dataclass
class TrainingConfig:
    epochs: int = key(12, "passes over the training texts, at most", at_least=1)
    max_steps: int | None = key(
        None,
        "steps, at most; null: as many as the epochs have, or one pass over a stream",
        at_least=1,
    )
    validate_every: int = key(
        1000, "steps between two validations of a stream, which has no epochs", at_least=1
    )
    batch_size: int = key(50, "texts per step (and per process)", at_least=1)
    batch_tokens: int | None = key(
        None,
        "tokens per step, padding counted, in place of batch_size: many short texts or a few long "
        "ones; a text longer than that is alone in its batch",
        at_least=1,
    )
    precision: str = key(
        "fp32",
        "of the matrix products in training; weights, optimizer, losses, validation and test are "
        "fp32 in each. bf16 is for CPUs and GPUs that have it, fp16 for GPUs",
        choices=("fp32", "bf16", "fp16"),
    )
    patience: int | None = key(
        3, "validations without a better `metric` before training stops; null: never", at_least=1
    )
    metric: str = key(
        "loss",
        "the validation metric that chooses the best checkpoint",
        choices=("accuracy", "macro_f1", "micro_f1", "loss"),
    )
    class_weights: ClassWeights = key(
        None,
        "how much a text counts in the loss by its class: `balanced`, the rarer the more; or "
        "given, {rare:5,other:1} or a list in the order of the classes' names",
        weights=True,
        optional=True,
    )
    sampling: str = key(
        "shuffle",
        "each text once in an epoch; or drawn with replacement, each class as often as the others",
        choices=("shuffle", "balanced"),
    )
    label_smoothing: float = key(
        0.0, "share of the target that is spread evenly over the classes", at_least=0.0, below=1.0
    )
    log_every: int = key(10, "steps between two points of a training curve", at_least=1)


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
    fold_memory: int = key(
        FOLD_MEMORY,
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
    fold_memory: int = key(
        FOLD_MEMORY,
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


SCHEMAS = {
    "train": TrainConfig,
    "evaluate": EvaluateConfig,
    "predict": PredictConfig,
    "describe": DescribeConfig,
    "illustrate": IllustrateConfig,
}
GROUP_SCHEMAS = {
    ("data", "bundled"): DataConfig,  # and of files and hub
    ("data", "synthetic"): SyntheticConfig,
    ("text", "word"): WordConfig,
    ("text", "char"): CharConfig,
    ("text", "byte"): ByteConfig,
    **{("model", name): schema for name, schema in MODEL_SCHEMAS.items()},
    ("optimizer", "adam"): AdamConfig,
    ("optimizer", "adadelta"): AdadeltaConfig,
}

# The key by which a group's schema is known, where it is not `name`.
CHOSEN_BY = {"data": "source", "text": "unit"}


def register_schemas() -> None:
    """Tell Hydra the schemas, under the names that the YAML files' defaults lists use."""
    from hydra.core.config_store import ConfigStore

    store = ConfigStore.instance()
    for program, schema in SCHEMAS.items():
        store.store(name=f"{program}_schema", node=schema)
    for (group_name, name), schema in GROUP_SCHEMAS.items():
        store.store(group=group_name, name=f"{name}_schema", node=schema)


def check(config: Any) -> None:
    """Hold every value against its limits.

    Raises:
        InputError: with one line for each key that is out of them.
    """
    problems = [*unknown(config), *unchosen(config)]
    problems += [
        f"{name} takes {takes(entry)}, got {command_line(value)}; try {fix(name, entry, value)}"
        for name, entry, value in walk(config)
        if not allowed(value, entry)
    ]
    problems = problems or [*conflicts(config)]
    if problems:
        raise InputError("\n".join(problems))


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


def conflicts(config: Any) -> Iterator[str]:
    """A line for every two keys, each allowed by itself, that don't go together."""
    for entry in fields(config):
        value = getattr(config, entry.name)
        if is_dataclass(value):
            yield from conflicts(value)
    if hasattr(config, "conflicts"):
        yield from config.conflicts()


def fix(name: str, entry: Any, value: Any) -> str:
    """An override to give instead."""
    group_name, _, last = name.rpartition(".")
    if last == CHOSEN_BY.get(group_name, "name") and (group_name, value) in GROUP_SCHEMAS:
        return f"{group_name}={value}"  # another schema, with keys of its own
    return f"{name}={example(entry)}"


def unchosen(config: Any) -> Iterator[str]:
    """A line for every group that is none of its schemas: Hydra's `~model` leaves such."""
    declared: dict[str, Any] = {entry.name: entry.type for entry in fields(config)}
    for group_name in dict.fromkeys(group_name for group_name, _ in GROUP_SCHEMAS):
        names = {name: cls for (of, name), cls in GROUP_SCHEMAS.items() if of == group_name}
        # `data` of predict is another group, with no schemas to choose from
        here = all(issubclass(cls, declared.get(group_name, ())) for cls in names.values())
        if here and type(getattr(config, group_name)) not in names.values():
            default = next(iter(names))
            known = join_or(list(names))
            yield f"{group_name} takes {known}, got nothing; try {group_name}={default}"
