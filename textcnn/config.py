"""Every key that a user can set: its type, default, limits, unit and meaning.

The dataclasses are Hydra's schemas, so a misspelt key or a wrong type stops a program before it
does anything. `check` adds the limits, and `--help` prints what stands here. Beyond the entry
points nobody sees these classes: builders take plain keyword arguments.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from operator import ge, gt, le, lt
from typing import Any, get_args, get_origin

from textcnn.errors import InputError

LIMITS = {"at_least": ge, "above": gt, "at_most": le, "below": lt}

# OmegaConf has no union of a string and a list, so these keys are Any here and checked by `check`.
StringOrList = Any


def key(default: Any, meaning: str, **limits: Any) -> Any:
    """A dataclass field that knows its meaning and its limits.

    `limits` are any of `at_least`, `at_most`, `above`, `below` (numbers; for a list, of each
    element), `choices` (values), `length` (of a list), `strings` (a string or a list of strings),
    `optional` (None is allowed).
    """
    metadata = {"meaning": meaning, "limits": limits}
    if isinstance(default, list):
        return field(default_factory=lambda: list(default), metadata=metadata)
    return field(default=default, metadata=metadata)


def group(schema: type, meaning: str) -> Any:
    """A dataclass field that holds a group of keys, described by `schema`."""
    return field(default_factory=schema, metadata={"meaning": meaning, "limits": {}})


@dataclass
class DataConfig:
    source: str = key("bundled", "where the rows come from", choices=("bundled", "files", "hub"))
    path: str | None = key(
        None, "a Hugging Face Hub dataset, owner/name, or a directory in its layout"
    )
    name: str | None = key(None, "the Hub dataset's configuration; needed where it has several")
    revision: str | None = key(
        None, "the Hub dataset's commit, tag or branch; a commit gives the same rows for ever"
    )
    train: StringOrList = key(
        None,
        "files to train on (.csv, .tsv, .jsonl, .parquet): a path, a glob or a list of them; of a "
        "Hub dataset the split, also train[:10%]; without, its train",
        strings=True,
        optional=True,
    )
    validation: StringOrList = key(
        None,
        "files or Hub split to validate on; without, the Hub's validation, else a share of train",
        strings=True,
        optional=True,
    )
    test: StringOrList = key(
        None,
        "files or Hub split to test on; without, the Hub's test, else a share of train",
        strings=True,
        optional=True,
    )
    text: StringOrList = key(
        "text", "the text column, or a list of columns joined in order", strings=True
    )
    label: str = key("label", "the column of class names")
    validation_fraction: float = key(
        0.1, "share of the rows to validate on where none are given", above=0.0, below=1.0
    )
    test_fraction: float = key(
        0.1, "share of the rows to test on where none are given", above=0.0, below=1.0
    )
    duplicates: str = key(
        "drop",
        "texts that two splits share, but for case and white space: drop them from the earlier of "
        "train, validation, test; keep them; or refuse them",
        choices=("drop", "keep", "error"),
    )
    max_examples: int | None = key(
        None,
        "rows kept of each split, the same share of every class; null keeps all",
        at_least=2,
        optional=True,
    )


@dataclass
class TextConfig:
    unit: str = key("word", "what a token is", choices=("word", "char", "byte"))
    max_length: int | None = key(500, "tokens kept of a text; null keeps all", at_least=1)
    truncate: str = key(
        "head",
        "which tokens of a longer text are kept: the first, the last, or half from each end",
        choices=("head", "tail", "both"),
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
class ModelConfig:
    name: str = key("multi_width", "the architecture", choices=("multi_width",))
    embedding_dim: int = key(
        64,
        "numbers per token; with text.vectors it is that of the vectors",
        at_least=1,
        at_most=65_536,
    )


@dataclass
class MultiWidthConfig(ModelConfig):
    kernel_sizes: list[int] = key(
        [1, 2, 3], "window widths side by side, in tokens", at_least=1, at_most=65_536, length=1
    )
    num_filters: int = key(64, "filters of each width", at_least=1, at_most=65_536)
    dropout: float = key(0.5, "share of pooled features dropped in training", at_least=0, below=1)


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
    batch_size: int = key(50, "texts per step (and per process)", at_least=1)
    patience: int | None = key(
        3, "epochs without a better `metric` before training stops; null: never", at_least=1
    )
    metric: str = key(
        "loss",
        "the validation metric that chooses the best checkpoint",
        choices=("accuracy", "macro_f1", "loss"),
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


@dataclass
class EvaluateConfig:
    checkpoint: str = key("", "a run directory (its best checkpoint) or a checkpoint directory")
    data: DataConfig = group(DataConfig, "what to score; without, the checkpoint's own test split")
    batch_size: int = key(64, "texts scored at a time", at_least=1)
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
    batch_size: int = key(128, "texts predicted at a time; 1 answers line by line", at_least=1)
    overwrite: bool = key(False, "replace an output file that is there")


@dataclass
class DescribeConfig:
    data: DataConfig = group(DataConfig, "the texts and their classes")
    text: TextConfig = group(TextConfig, "from texts to tokens")
    model: ModelConfig = group(ModelConfig, "the network, for its receptive field")
    seed: int = key(0, "draws the splits, as in training", at_least=0, at_most=2**32 - 1)
    output: str | None = key(None, "a JSON file for what is shown; null writes none")


SCHEMAS = {
    "train": TrainConfig,
    "evaluate": EvaluateConfig,
    "predict": PredictConfig,
    "describe": DescribeConfig,
}
GROUP_SCHEMAS = {
    ("text", "word"): WordConfig,
    ("text", "char"): CharConfig,
    ("text", "byte"): ByteConfig,
    ("model", "multi_width"): MultiWidthConfig,
    ("optimizer", "adam"): AdamConfig,
    ("optimizer", "adadelta"): AdadeltaConfig,
}


def register_schemas() -> None:
    """Tell Hydra the schemas, under the names that the YAML files' defaults lists use."""
    from hydra.core.config_store import ConfigStore

    store = ConfigStore.instance()
    for program, schema in SCHEMAS.items():
        store.store(name=f"{program}_schema", node=schema)
    for (group_name, name), schema in GROUP_SCHEMAS.items():
        store.store(group=group_name, name=f"{name}_schema", node=schema)


def parse_train_config(text: str) -> TrainConfig:
    """A stored configuration; it is data, so nothing in it is looked up or run.

    Raises:
        InputError: it is not YAML, or holds keys or values that this version doesn't know.
    """
    import yaml
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        for token in yaml.scan(text, yaml.SafeLoader):
            # an escape may hide an interpolation, and aliases of aliases would never end
            if "${" in getattr(token, "value", ""):
                raise InputError("a stored configuration holds plain values, got ${...}")
            if isinstance(token, yaml.AliasToken):
                raise InputError("a stored configuration holds plain values, got an alias")
        stored = yaml.safe_load(text)
        config = OmegaConf.structured(TrainConfig)
        for (group_name, name), schema in GROUP_SCHEMAS.items():
            chosen = stored[group_name]
            if name == chosen.get("name", chosen.get("unit")):
                config[group_name] = OmegaConf.structured(schema)
        typed = OmegaConf.to_object(OmegaConf.merge(config, stored))
    except (yaml.YAMLError, OmegaConfBaseException, KeyError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"a stored configuration can't be used: {reason}") from error
    assert isinstance(typed, TrainConfig)
    check(typed)
    return typed


def dump(config: Any) -> str:
    """A config as YAML."""
    from omegaconf import OmegaConf

    return OmegaConf.to_yaml(OmegaConf.structured(config))


def walk(config: Any, prefix: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Every key below a config object: (dotted name, dataclass field, value)."""
    for entry in fields(config):
        value = getattr(config, entry.name)
        if is_dataclass(value):
            yield from walk(value, f"{prefix}{entry.name}.")
        else:
            yield prefix + entry.name, entry, value


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
    if problems:
        raise InputError("\n".join(problems))


def fix(name: str, entry: Any, value: Any) -> str:
    """An override to give instead."""
    group_name, _, last = name.rpartition(".")
    if last == "name" and (group_name, value) in GROUP_SCHEMAS:
        return f"{group_name}={value}"  # another schema, with keys of its own
    return f"{name}={example(entry)}"


def unchosen(config: Any) -> Iterator[str]:
    """A line for every group that is none of its schemas: Hydra's `~model` leaves such."""
    for group_name in dict.fromkeys(group_name for group_name, _ in GROUP_SCHEMAS):
        names = {name: cls for (of, name), cls in GROUP_SCHEMAS.items() if of == group_name}
        if hasattr(config, group_name) and type(getattr(config, group_name)) not in names.values():
            default = next(iter(names))
            known = join_or(list(names))
            yield f"{group_name} takes {known}, got nothing; try {group_name}={default}"


def unknown(config: Any, prefix: str = "") -> Iterator[str]:
    """A line for every attribute that is not in the schema: Hydra's `+key=value` adds such."""
    known = [entry.name for entry in fields(config)]
    for name, value in vars(config).items():
        if name not in known:
            yield f"{prefix}{name}={value}: no such key; there are {', '.join(known)}"
        elif is_dataclass(value):
            yield from unknown(value, f"{prefix}{name}.")


def allowed(value: Any, entry: Any) -> bool:
    limits = entry.metadata["limits"]
    if value is None:
        return bool(is_optional(entry))
    if limits.get("strings"):
        values = value if isinstance(value, list) else [value]
        return bool(values) and all(isinstance(item, str) and item for item in values)
    if isinstance(value, list):
        shortest, longest = bounds(limits)
        if not shortest <= len(value) <= longest:
            return False
    return all(within(item, limits) for item in (value if isinstance(value, list) else [value]))


def within(value: Any, limits: dict[str, Any]) -> bool:
    if isinstance(value, list | dict):  # a list in a list, of which OmegaConf makes nothing
        return False
    if isinstance(value, float) and not math.isfinite(value):
        return False
    if value not in limits.get("choices", [value]):
        return False
    return all(test(value, limits[name]) for name, test in LIMITS.items() if name in limits)


def bounds(limits: dict[str, Any]) -> tuple[float, float]:
    """How many elements a list may have: (least, most)."""
    length = limits.get("length", 0)
    return length if isinstance(length, tuple) else (length, math.inf)


def is_optional(entry: Any) -> bool:
    return entry.metadata["limits"].get("optional", False) or type(None) in get_args(entry.type)


def takes(entry: Any) -> str:
    """What a key accepts, in words: `a whole number, at least 1, or null`."""
    limits = entry.metadata["limits"]
    kind = next((a for a in get_args(entry.type) if a is not type(None)), entry.type)
    names = {int: "a whole number", float: "a number", str: "a string", bool: "true or false"}
    if "choices" in limits:
        words = join_or(limits["choices"])
    elif limits.get("strings"):
        words = "a string or a list of strings"
    elif get_origin(entry.type) is list:
        shortest, longest = bounds(limits)
        count = f"{shortest}" if shortest == longest else f"at least {shortest}"
        words = f"a list of {count}, {names[kind].replace('a ', 'each a ')}{limit_words(limits)}"
    else:
        words = names[kind] + limit_words(limits)
    return words + (", or null" if is_optional(entry) else "")


def limit_words(limits: dict[str, Any]) -> str:
    words = {name.replace("_", " "): limits[name] for name in LIMITS if name in limits}
    return "".join(f", {name} {limit}" for name, limit in words.items())


def join_or(words: Sequence[str]) -> str:
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def example(entry: Any) -> str:
    """The default of a key, written as on the command line."""
    return command_line(entry.default if entry.default is not MISSING else entry.default_factory())


def command_line(value: Any) -> str:
    """A value as one writes it in an override."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ",".join(command_line(item) for item in value) + "]"
    return str(value) if value != "" else "''"
