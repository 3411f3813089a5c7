"""The keys: each has a meaning, defaults are within their limits, and limits are enforced."""

from dataclasses import asdict, fields
from typing import Any

import pytest

from textcnn.config.check import check
from textcnn.config.data import DataConfig
from textcnn.config.keys import command_line, takes, walk
from textcnn.config.model import InstalledConfig, MultiWidthConfig
from textcnn.config.programs import PredictConfig, TrainConfig
from textcnn.config.schemas import CHOSEN_BY, GROUP_SCHEMAS, SCHEMAS
from textcnn.config.serving import ServeConfig
from textcnn.config.stored import dump, parse_train_config
from textcnn.config.synthetic import SyntheticConfig
from textcnn.config.text import WordConfig
from textcnn.config.training import AdadeltaConfig, AdamConfig, TrainingConfig
from textcnn.errors import InputError

EVERY_SCHEMA = [*SCHEMAS.values(), *GROUP_SCHEMAS.values()]


def complete(**given: Any) -> TrainConfig:
    """A configuration with a choice for every group, as the files in configs/ make it."""
    values: dict[str, Any] = {
        "text": WordConfig(),
        "model": MultiWidthConfig(),
        "optimizer": AdamConfig(),
    }
    return TrainConfig(**values | given)


def problems(config: Any) -> list[str]:
    try:
        check(config)
    except InputError as error:
        return str(error).splitlines()
    return []


def stored(**given: Any) -> str:
    """A stored configuration in which the first key of each given name has another value."""
    lines = dump(complete()).splitlines()
    for key, value in given.items():
        place = next(n for n, line in enumerate(lines) if line.strip().startswith(f"{key}:"))
        lines[place] = lines[place].partition(":")[0] + f": {value}"
    return "\n".join(lines)


def refusal(text: str) -> str:
    with pytest.raises(InputError) as caught:
        parse_train_config(text)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# The schemas


@pytest.mark.parametrize("schema", EVERY_SCHEMA)
def test_every_key_has_a_meaning_and_states_what_it_accepts(schema: type) -> None:
    for key, entry, _ in walk(schema()):
        assert entry.metadata["meaning"], key
        assert takes(entry), key


@pytest.mark.parametrize("schema", EVERY_SCHEMA)
def test_every_default_is_within_its_own_limits(schema: type) -> None:
    groups = {entry.name for entry in fields(schema)}
    if issubclass(schema, DataConfig):
        groups -= {"text"}  # here a column
    chosen = {"text": WordConfig(), "model": MultiWidthConfig(), "optimizer": AdamConfig()}
    given: dict[str, Any] = {name: value for name, value in chosen.items() if name in groups}
    given |= {"name": "theirs"} if schema is InstalledConfig else {}
    assert problems(schema(**given)) == []


def test_a_group_schema_is_registered_under_its_own_name() -> None:
    assert GROUP_SCHEMAS
    for (group, name), schema in GROUP_SCHEMAS.items():
        if schema is InstalledConfig:  # its name is the name of an encoder in another package
            continue
        chosen = schema()
        assert getattr(chosen, CHOSEN_BY.get(group, "name")) == name


def test_list_defaults_are_not_shared_between_instances() -> None:
    one, other = MultiWidthConfig(), MultiWidthConfig()
    one.kernel_sizes.append(9)
    assert other.kernel_sizes == [1, 2, 3]


def test_walk_yields_every_key_by_its_dotted_name() -> None:
    values = {key: value for key, _, value in walk(complete(seed=7))}
    assert values["seed"] == 7
    assert values["model.kernel_sizes"] == [1, 2, 3]
    assert values["optimizer.betas"] == [0.9, 0.999]
    assert values["data.text"] == "text"
    assert "model" not in values


@pytest.mark.parametrize(
    ("schema", "key", "words"),
    [
        (TrainingConfig, "epochs", "a whole number, at least 1"),
        (TrainingConfig, "patience", "a whole number, at least 1, or null"),
        (TrainingConfig, "metric", "accuracy, macro_f1, micro_f1 or loss"),
        (WordConfig, "unit", "word"),
        (WordConfig, "max_length", "a whole number, at least 1, or null"),
        (DataConfig, "validation_fraction", "a number, above 0.0, below 1.0"),
        (DataConfig, "train", "a string or a list of strings, or null"),
        (DataConfig, "text", "a string or a list of strings"),
        (DataConfig, "label", "a string or a list of strings"),
        (
            MultiWidthConfig,
            "kernel_sizes",
            "a list of 1 to 128, each a whole number, at least 1, at most 65536",
        ),
        (ServeConfig, "hosts", "a list of any length, each a string"),
        (AdamConfig, "betas", "a list of 2, each a number, at least 0.0, below 1.0"),
        (TrainConfig, "overwrite", "true or false"),
        (PredictConfig, "format", "lines, jsonl, csv or tsv, or null"),
    ],
)
def test_what_a_key_accepts_is_stated_in_words(schema: type, key: str, words: str) -> None:
    entries = {name: entry for name, entry, _ in walk(schema())}
    assert takes(entries[key]) == words


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "null"),
        (True, "true"),
        (3, "3"),
        (0.5, "0.5"),
        ("", "''"),
        ("a", "a"),
        ([], "[]"),
        ([1, 2], "[1,2]"),
        (["a", None, False], "[a,null,false]"),
    ],
)
def test_values_are_written_as_on_the_command_line(value: object, written: str) -> None:
    assert command_line(value) == written


# The limits


@pytest.mark.parametrize(
    ("config", "key", "got"),
    [
        (complete(training=TrainingConfig(epochs=0)), "training.epochs", "0"),
        (complete(training=TrainingConfig(epochs=-3)), "training.epochs", "-3"),
        (complete(training=TrainingConfig(batch_size=0)), "training.batch_size", "0"),
        (complete(training=TrainingConfig(patience=0)), "training.patience", "0"),
        (complete(training=TrainingConfig(metric="f1")), "training.metric", "f1"),
        (complete(training=TrainingConfig(log_every=0)), "training.log_every", "0"),
        (complete(model=MultiWidthConfig(kernel_sizes=[])), "model.kernel_sizes", "[]"),
        (complete(model=MultiWidthConfig(kernel_sizes=[3, 0])), "model.kernel_sizes", "[3,0]"),
        (complete(model=MultiWidthConfig(embedding_dim=0)), "model.embedding_dim", "0"),
        (complete(model=MultiWidthConfig(num_filters=0)), "model.num_filters", "0"),
        (complete(model=MultiWidthConfig(dropout=1.5)), "model.dropout", "1.5"),
        (complete(model=MultiWidthConfig(dropout=1.0)), "model.dropout", "1.0"),
        (complete(model=MultiWidthConfig(dropout=-0.1)), "model.dropout", "-0.1"),
        (complete(model=MultiWidthConfig(dropout=float("nan"))), "model.dropout", "nan"),
        (complete(optimizer=AdamConfig(learning_rate=0.0)), "optimizer.learning_rate", "0.0"),
        (
            complete(optimizer=AdamConfig(learning_rate=float("inf"))),
            "optimizer.learning_rate",
            "inf",
        ),
        (complete(optimizer=AdamConfig(weight_decay=-1.0)), "optimizer.weight_decay", "-1.0"),
        (complete(optimizer=AdamConfig(betas=[0.9])), "optimizer.betas", "[0.9]"),
        (complete(optimizer=AdamConfig(betas=[0.9, 1.0])), "optimizer.betas", "[0.9,1.0]"),
        (complete(optimizer=AdamConfig(eps=0.0)), "optimizer.eps", "0.0"),
        (complete(optimizer=AdadeltaConfig(rho=1.0)), "optimizer.rho", "1.0"),
        (complete(text=WordConfig(max_length=0)), "text.max_length", "0"),
        (complete(text=WordConfig(min_frequency=0)), "text.min_frequency", "0"),
        (complete(text=WordConfig(max_vocabulary=0)), "text.max_vocabulary", "0"),
        (complete(text=WordConfig(unit="letter")), "text.unit", "letter"),
        (complete(data=DataConfig(source="web")), "data.source", "web"),
        (complete(data=SyntheticConfig(task="rhyme")), "data.task", "rhyme"),
        (complete(data=SyntheticConfig(length=2)), "data.length", "2"),
        (complete(data=SyntheticConfig(distance=0)), "data.distance", "0"),
        (complete(data=SyntheticConfig(window=0)), "data.window", "0"),
        (complete(data=SyntheticConfig(couples=1)), "data.couples", "1"),
        (complete(data=DataConfig(train=[])), "data.train", "[]"),
        (complete(data=DataConfig(train=3)), "data.train", "3"),
        (complete(data=DataConfig(test=["a", 3])), "data.test", "[a,3]"),
        (complete(data=DataConfig(text="")), "data.text", "''"),
        (complete(data=DataConfig(text=None)), "data.text", "null"),
        (complete(data=DataConfig(validation_fraction=0.0)), "data.validation_fraction", "0.0"),
        (complete(data=DataConfig(test_fraction=1.0)), "data.test_fraction", "1.0"),
        (complete(seed=-1), "seed", "-1"),
        (complete(seed=2**32), "seed", "4294967296"),
        (PredictConfig(batch_size=0), "batch_size", "0"),
        (PredictConfig(format="xml"), "format", "xml"),
    ],
)
def test_an_impossible_value_is_refused_with_its_key_the_value_and_what_is_accepted(
    config: Any, key: str, got: str
) -> None:
    entries = {name: entry for name, entry, _ in walk(config)}
    (problem,) = problems(config)
    assert problem.startswith(f"{key} takes {takes(entries[key])}, got {got}; try {key}=")


@pytest.mark.parametrize(
    "config",
    [
        complete(model=MultiWidthConfig(dropout=0.0, kernel_sizes=[1], num_filters=1)),
        complete(model=MultiWidthConfig(dropout=0.999, kernel_sizes=[5, 5])),
        complete(optimizer=AdamConfig(betas=[0.0, 0.0], weight_decay=0.0)),
        complete(training=TrainingConfig(epochs=1, batch_size=1, patience=None, metric="loss")),
        complete(text=WordConfig(max_length=None, max_vocabulary=1)),
        complete(data=DataConfig("files", train=["a.csv", "b.csv"], test="c.csv", text=["d"])),
        complete(seed=2**32 - 1),
        PredictConfig(format=None),
    ],
)
def test_values_at_their_limits_are_accepted(config: Any) -> None:
    assert problems(config) == []


def test_all_problems_are_reported_together() -> None:
    config = complete(training=TrainingConfig(epochs=0, batch_size=0), seed=-1)
    keys = [problem.partition(" ")[0] for problem in problems(config)]
    assert keys == ["training.epochs", "training.batch_size", "seed"]


def test_the_name_of_another_schema_is_refused_with_the_group_to_choose() -> None:
    (problem,) = problems(complete(optimizer=AdamConfig(name="adadelta")))
    assert problem == "optimizer.name takes adam, got adadelta; try optimizer=adadelta"


@pytest.mark.parametrize(
    ("tokenizer", "suggested"), [("englisch", "english"), ("unicod", "unicode"), ("x", "basic")]
)
def test_a_misspelt_choice_gets_the_nearest_one_or_the_default(
    tokenizer: str, suggested: str
) -> None:
    (problem,) = problems(complete(text=WordConfig(tokenizer=tokenizer)))
    assert problem.endswith(f"got {tokenizer}; try text.tokenizer={suggested}")


def test_a_source_with_its_own_schema_is_refused_with_the_group_to_choose() -> None:
    (problem,) = problems(complete(data=DataConfig(source="synthetic")))
    assert problem == "data.source takes bundled, files or hub, got synthetic; try data=synthetic"


def test_an_attribute_that_is_no_key_is_refused() -> None:
    config = complete()
    config.training.epoch = 3  # type: ignore[attr-defined]
    (problem,) = problems(config)
    assert problem.startswith("training.epoch=3: no such key; the keys are epochs, max_steps, ")


# Stored configurations


@pytest.mark.parametrize(
    "config",
    [
        complete(),
        complete(optimizer=AdadeltaConfig(learning_rate=1.0), seed=5, run_dir="out/a: b"),
        complete(data=DataConfig("files", train=["a.csv", "b*.csv"], text=["title", "body"])),
        complete(data=DataConfig("hub", path="a/b", name="synthetic")),
        complete(data=SyntheticConfig(task="count", copies=3, pairs=False)),
        complete(text=WordConfig(max_length=None), training=TrainingConfig(patience=None)),
        complete(model=MultiWidthConfig(kernel_sizes=[7], dropout=0.0)),
        complete(data=DataConfig("files", train=["${x}.csv", "${", r"\${x}", "\\"], text="$ {}")),
        complete(training=TrainingConfig(class_weights={"${x}": 2.0, "b": 1.0})),
    ],
)
def test_a_stored_configuration_is_read_back_with_equal_values_and_types(
    config: TrainConfig,
) -> None:
    again = parse_train_config(dump(config))
    assert asdict(again) == asdict(config)
    assert type(again.optimizer) is type(config.optimizer)
    assert type(again.model) is type(config.model)
    assert type(again.data) is type(config.data)


def test_a_stored_configuration_may_lack_keys_that_have_defaults() -> None:
    config = parse_train_config(
        "text: {unit: word}\nmodel: {name: multi_width}\noptimizer: {name: adadelta}\n"
    )
    assert config.optimizer == AdadeltaConfig()
    assert config.training == TrainingConfig()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "just words",
        "[1, 2]",
        "a: [1",
        "model: {name: multi_width}",
        "model: multi_width\noptimizer: adam",
        "model: [name]\noptimizer: [name]",
        "data: [source]",
        "text: word",
        "!!python/object/apply:os.system ['true']",
        stored(epochs="many"),
        stored(dropout="[0.5]"),
        stored(seed="null"),
        dump(complete()).replace("name: multi_width", "name: transformer"),
        dump(complete()) + "\n_target_: os.system\n",
        dump(complete()) + "\nthreads: 3\n",
        dump(complete()).replace("num_filters", "num_filtres"),
    ],
)
def test_a_text_that_is_no_stored_configuration_is_refused_in_one_line(text: str) -> None:
    assert refusal(text).startswith("a stored configuration can't be used: ")


def test_a_stored_value_outside_its_limits_is_refused() -> None:
    assert refusal(stored(epochs=0)).startswith("training.epochs takes a whole number, at least 1")


def test_a_stored_configuration_resolves_no_interpolation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "7")
    expected = "a stored configuration holds plain values, got ${...}"
    assert refusal(stored(seed="${oc.env:SECRET}")) == expected
    assert refusal(stored(run_dir="${data.source}")) == expected
    assert refusal(stored(run_dir=r"\\${data.source}")) == expected  # an escaped backslash


def test_a_group_of_keys_is_no_value() -> None:
    (said,) = problems(complete(data=DataConfig(text=DataConfig())))
    assert said.startswith("data.text takes a string or a list of strings, got a group of keys")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (DataConfig(label_separator="|"), "data.label_separator needs data.multi_label=true"),
        (DataConfig(label_separator="", multi_label=True), "data.label_separator takes a string"),
        (DataConfig(fold=3), "data.fold=3 needs data.folds"),
        (DataConfig(folds=5, fold=6), "data.fold takes 1 to 5 (data.folds), got 6"),
        (
            DataConfig(source="files", folds=5, streaming=True),
            "data.folds needs all rows in memory",
        ),
        (
            DataConfig(streaming=True),
            "data.streaming needs data=files or data=hub, got data=bundled",
        ),
        (
            SyntheticConfig(streaming=True),
            "data.streaming needs data=files or data=hub, got data=syn",
        ),
        (SyntheticConfig(folds=3), "data.folds=3 would separate the pairs of data=synthetic"),
        (SyntheticConfig(max_examples=9), "data.max_examples=9 would separate the pairs"),
        (SyntheticConfig(length=501), "data.length=501 exceeds text.max_length=500"),
    ],
)
def test_keys_that_contradict_each_other_are_refused(data: DataConfig, said: str) -> None:
    (problem,) = problems(complete(data=data))
    assert problem.startswith(said)


@pytest.mark.parametrize("weights", [None, "balanced", {"rare": 5, "common": 0.5}, [1, 2.5]])
def test_class_weights_are_balanced_or_numbers(weights: Any) -> None:
    assert problems(complete(training=TrainingConfig(class_weights=weights))) == []


@pytest.mark.parametrize("weights", ["even", {}, [], {"a": 0}, [1, -1], [True], {"a": "b"}, 3])
def test_other_class_weights_are_refused(weights: Any) -> None:
    (problem,) = problems(complete(training=TrainingConfig(class_weights=weights)))
    assert problem.startswith("training.class_weights takes balanced, {class:number} or a list")
