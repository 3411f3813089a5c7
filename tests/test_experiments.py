"""The papers' experiments: lab notes, settings and sizes, and a step of training with each."""

import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from test_papers import CLASSES, SPECIALS, count, shapes
from tiny_data import rows, run, write_csv
from torch import nn

import textcnn
from textcnn.config.compose import compose
from textcnn.config.explain import group_options
from textcnn.config.schedules import HalvingConfig, PlateauConfig
from textcnn.config.text import CharConfig, WordConfig
from textcnn.models.build import build_model
from textcnn.models.classifier import TextCNN
from textcnn.models.layers.convolution import Convolution
from textcnn.training.optimization.schedules import build_schedule

pytest_plugins = ("tiny_run",)

CONFIGS = Path(__file__).parent.parent / "configs" / "experiment"
KIM = ["kim2014_rand", "kim2014_static", "kim2014_nonstatic", "kim2014_multichannel"]
ZHANG = ["zhang2015_small", "zhang2015_large"]
CONNEAU = ["conneau2017_9", "conneau2017_17", "conneau2017_29", "conneau2017_49"]
JOHNSON = ["johnson2015_seq", "johnson2015_bow", "johnson2015_seq2"]
OTHERS = ["kalchbrenner2014", "gehring2017", "strubell2017", "bai2018", "johnson2017"]
NETWORKS = [*KIM, *ZHANG, *CONNEAU, *JOHNSON, *OTHERS]
PAPERS = [*NETWORKS, "wang2012_nbsvm"]
PARTS = ("What it is:", "Settings of the paper", "What differs:", "Command:", "Paper's ")


def note(name: str) -> list[str]:
    """The lines of the comment at the top, after Hydra's own."""
    first, *lines = (CONFIGS / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    assert first == "# @package _global_"
    end = next(at for at, line in enumerate(lines) if not line.startswith("#"))
    return lines[:end]


def commands(name: str) -> list[list[str]]:
    """The overrides of each command in a note."""
    text = "\n".join(note(name)).replace("\\\n#", "")
    return [line.split() for line in re.findall(r"python -m textcnn\.train (.*)", text)]


@cache
def composed(name: str) -> Any:  # a TrainConfig, whose groups have the keys of their choices
    return compose("train", [f"experiment={name}"])


def network(name: str, *overrides: str, tokens: int = 1000, dim: int | None = None) -> TextCNN:
    """The network of an experiment, its weights without memory.

    Args:
        tokens: of the vocabulary.
        dim: of pretrained vectors.
    """
    config = compose("train", [f"experiment={name}", *overrides]) if overrides else composed(name)
    model = config.model if dim is None else replace(config.model, embedding_dim=dim)
    with torch.device("meta"):
        return build_model(
            vocabulary_size=tokens + SPECIALS,
            num_classes=CLASSES,
            **model.settings(config.text.max_length),
        )


def test_every_paper_has_an_experiment_and_a_line_in_the_docs() -> None:
    assert set(PAPERS) <= {*group_options("experiment")}
    page = (CONFIGS.parent.parent / "docs" / "models.md").read_text(encoding="utf-8")
    table = page[page.index("## Experiments") : page.index("## One-hot networks")]
    assert set(PAPERS) <= {*re.findall(r"`(\w+)`", table)}


@pytest.mark.parametrize("name", group_options("experiment"))
def test_an_experiment_is_valid_and_can_be_described(name: str) -> None:
    config = composed(name)
    assert compose("describe", [f"experiment={name}"]).model == config.model


@pytest.mark.parametrize("name", PAPERS)
def test_a_note_names_paper_command_differences_numbers_and_measurement(name: str) -> None:
    lines = note(name)
    author, year = re.findall(r"^([a-z]+)(\d{4})", name)[0]
    paper = " ".join(line.removeprefix("# ") for line in lines[: lines.index("#")])
    # authors, year, title, venue
    assert re.match(rf"Paper: {author.title()}\b.* {year}, .+, [\w:. ]+\.", paper)
    for part in PARTS:
        assert any(line.startswith(f"# {part}") for line in lines), part
    assert lines[-1].startswith(("# Measured: ", "#   "))
    assert any(line.startswith("# Measured: ") for line in lines)


@pytest.mark.parametrize("name", PAPERS)
def test_the_commands_of_a_note_are_valid(name: str) -> None:
    assert commands(name)
    for overrides in commands(name):
        assert overrides[0] == f"experiment={name}"
        compose("train", overrides)


@pytest.mark.parametrize("name", KIM[1:])
def test_kims_vectors_are_exchanged_with_one_key(name: str) -> None:
    (added,) = re.findall(r"add (text\.vectors=\S+)", "\n".join(note(name)))
    assert compose("train", [f"experiment={name}", added]).text.vectors == (
        "GoogleNews-vectors-negative300.bin"
    )


@pytest.mark.parametrize("name", PAPERS)
def test_a_reproduction_has_nothing_that_its_paper_lacks(name: str) -> None:
    config = composed(name)
    training = config.training
    assert config.model.ngrams == (2 if name == "wang2012_nbsvm" else 0)
    assert not config.uses_subwords
    assert (training.members, training.average, training.final) == (1, "none", "best")
    assert (training.label_smoothing, training.r_drop, training.mixup) == (0, 0, 0)
    if name in NETWORKS:
        assert (training.patience, training.metric) == (None, "accuracy")


@pytest.mark.parametrize(
    ("names", "differ"),
    [
        (KIM, {"text.vectors", "text.vectors_std", "text.min_frequency", "model.embedding"}),
        (KIM[1:], {"text.min_frequency", "model.embedding"}),
        (ZHANG, {"model.num_filters", "model.hidden_sizes", "model.init_std"}),
        (CONNEAU, {"model.depth"}),
        (JOHNSON, {"model.region", "model.kernel_sizes", "optimizer.learning_rate"}),
    ],
)
def test_experiments_of_a_paper_differ_only_in_what_it_compares(
    names: list[str], differ: set[str]
) -> None:
    first, *others = (composed(name) for name in names)
    found = set()
    for other in others:
        for group in ("data", "text", "model", "optimizer", "schedule", "training"):
            one, two = vars(getattr(first, group)), vars(getattr(other, group))
            assert one.keys() == two.keys()
            found |= {f"{group}.{key}" for key in one if one[key] != two[key]}
    assert found == differ


def test_kim_trains_with_adadelta_in_batches_of_50_for_25_epochs() -> None:
    config = composed("kim2014_rand")
    optimizer = config.optimizer
    assert (optimizer.name, optimizer.learning_rate) == ("adadelta", 1.0)
    assert (optimizer.rho, optimizer.eps, optimizer.weight_decay) == (0.95, 1e-6, 0.0)
    assert (config.training.batch_size, config.training.epochs) == (50, 25)
    assert config.data.validation_fraction == 0.1
    assert isinstance(config.text, WordConfig)
    assert config.text.tokenizer == "kim"


@pytest.mark.parametrize(
    ("name", "dim", "channels"),
    [
        ("kim2014_rand", None, 300),
        ("kim2014_static", 50, 50),
        ("kim2014_nonstatic", 300, 300),
        ("kim2014_multichannel", 50, 100),
    ],
)
def test_kims_filters_are_counted_by_hand(name: str, dim: int | None, channels: int) -> None:
    model = network(name, dim=dim)
    expected = [(100, channels, width) for width in (3, 4, 5)]
    assert shapes(model, Convolution) == expected
    filters = 100 * (channels * (3 + 4 + 5) + 3)
    assert count(model.encoder) == filters
    tables = 1002 * channels  # two tables of 50 have as many numbers as one of 100
    assert count(model) == tables + filters + CLASSES * (300 + 1)
    learned = sum(each.numel() for each in model.parameters() if each.requires_grad)
    frozen = {"kim2014_static": 1002 * 50, "kim2014_multichannel": 1002 * 50}.get(name, 0)
    assert count(model) - learned == frozen
    assert (model.max_norm, model.dropout.p, model.receptive_field) == (3.0, 0.5, 5)


@pytest.mark.parametrize(("name", "filters"), [*zip(ZHANG, (256, 1024), strict=True)])
def test_zhangs_network_has_34_frames_and_its_rate_halves_every_3_epochs(
    name: str, filters: int
) -> None:
    model = network(name, tokens=70)
    (frames,) = model.encoder.positions(torch.tensor(1014))
    assert int(frames) == 34
    hidden = {256: 1024, 1024: 2048}[filters]
    assert shapes(model, nn.Linear) == [(hidden, 34 * filters), (hidden, hidden), (CLASSES, hidden)]
    assert (model.receptive_field, model.stride) == (123, 27)
    config = composed(name)
    assert isinstance(config.text, CharConfig)
    assert (config.text.alphabet, config.text.max_length) == ("zhang", 1014)
    assert factors(config.schedule, 30) == pytest.approx([0.5 ** (at // 3) for at in range(30)])
    assert (config.optimizer.learning_rate, config.optimizer.momentum) == (0.01, 0.9)
    assert config.training.batch_size == 128


def factors(schedule: Any, epochs: int) -> list[float]:
    """Of the rate in each epoch."""
    assert isinstance(schedule, HalvingConfig)
    rate = build_schedule("halving", steps=None, metric="accuracy", **settings(schedule))
    history = [{"step": epoch, "validation": {}} for epoch in range(1, epochs + 1)]
    return [rate(epoch, history) for epoch in range(epochs)]


def settings(schedule: Any) -> dict[str, Any]:
    return {key: value for key, value in vars(schedule).items() if key != "name"}


@pytest.mark.parametrize(("name", "field"), [*zip(CONNEAU, (77, 137, 173, 289), strict=True)])
def test_conneaus_networks_see_the_papers_numbers_of_characters(name: str, field: int) -> None:
    model = network(name, tokens=70)
    depth = int(name.rpartition("_")[2])
    assert len(shapes(model.encoder, Convolution)) == depth
    assert shapes(model, nn.Linear) == [(2048, 4096), (2048, 2048), (CLASSES, 2048)]
    assert (model.receptive_field, model.stride) == (field, 8)
    assert f"A feature sees {field} characters." in " ".join(
        line.removeprefix("# ") for line in note(name)
    )


def test_kalchbrenners_network_keeps_4_positions_of_14_maps_and_12_rows() -> None:
    model = network("kalchbrenner2014")
    assert shapes(model.encoder, Convolution) == [(48 * 6, 1, 7), (24 * 14, 6, 5)]
    assert shapes(model, nn.Linear) == [(CLASSES, 4 * 12 * 14)]


def test_gehrings_encoder_sees_25_tokens() -> None:
    model = network("gehring2017")
    assert shapes(model.encoder, Convolution) == [(128, 128, 1)] + 6 * [(256, 128, 5)]
    assert model.receptive_field == 25
    assert isinstance(composed("gehring2017").schedule, PlateauConfig)


def test_strubells_shared_kernel_sees_31_tokens_and_its_repeated_block_61() -> None:
    model = network("strubell2017")
    assert shapes(model.encoder, Convolution) == [(300, 100, 1), (300, 300, 3)]
    assert model.receptive_field == 31
    papers = ("model.share_weights=false", "model.iterations=2")
    assert all(key in "\n".join(note("strubell2017")) for key in papers)
    assert network("strubell2017", *papers).receptive_field == 61


def test_bais_field_is_that_of_the_papers_formula() -> None:
    model = network("bai2018")
    assert model.receptive_field == 1 + 2 * (3 - 1) * (2**4 - 1) == 61
    assert model.field.start == -60
    assert len(shapes(model.encoder, Convolution)) == 1 + 2 * 4


@pytest.mark.parametrize(
    ("name", "per_word", "pooled"),
    [("johnson2015_seq", 3, 1000), ("johnson2015_bow", 1, 1000), ("johnson2015_seq2", 5, 2000)],
)
def test_johnsons_words_have_weights_for_each_place_and_filter(
    name: str, per_word: int, pooled: int
) -> None:
    model = network(name, tokens=30_000)
    assert model.embedding.table is not None
    assert tuple(model.embedding.table.weight.shape) == (30_002 * per_word, 1000)
    assert shapes(model.head, nn.Linear) == [(CLASSES, pooled)]
    config = composed(name)
    assert factors(config.schedule, 100) == pytest.approx([1.0] * 80 + [0.1] * 20)
    assert (config.training.loss, config.training.batch_size) == ("squared", 100)


def test_johnsons_pyramid_has_15_layers_and_its_rate_falls_for_the_last_fifth() -> None:
    kernels = shapes(network("johnson2017").encoder, Convolution)
    assert kernels == 15 * [(250, 250, 3)]
    config = composed("johnson2017")
    assert factors(config.schedule, 50) == pytest.approx([1.0] * 40 + [0.1] * 10)


# Overrides that make an experiment small; its siblings have the same parts.
SMALL = {
    **dict.fromkeys(KIM, ("model.num_filters=2",)),
    "zhang2015_small": (
        *("model.num_filters=2", "model.hidden_sizes=[4]"),
        *("model.max_positions=150", "text.max_length=150"),
    ),
    "conneau2017_9": ("model.num_filters=1", "model.hidden_sizes=[4]"),
    **dict.fromkeys(JOHNSON, ("model.num_filters=4",)),
    "kalchbrenner2014": ("model.embedding_dim=8",),
    **dict.fromkeys(OTHERS[1:], ("model.num_filters=4", "model.embedding_dim=4")),
    "wang2012_nbsvm": (),
}


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_csv(tmp_path_factory.mktemp("few") / "train.csv", rows(60))


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("vectors") / "vectors.txt"
    path.write_text("goal 0.1 0.2 -0.3\nmatch 0.2 0.2 -0.1\nchip -0.3 0.1 0.2\n")
    return str(path)


@pytest.mark.parametrize("name", SMALL)
def test_an_experiment_trains_and_its_checkpoint_predicts(
    name: str, few: Path, vectors: str, tmp_path: Path
) -> None:
    config = composed(name)
    given = [f"text.vectors={vectors}"] if getattr(config.text, "vectors", None) else []
    short = ["training.max_steps=1", "training.batch_size=20", "baseline=false"]
    data = ["data=files", f"data.train={few}", f"run_dir={tmp_path / 'run'}"]
    assert run("train", f"experiment={name}", *SMALL[name], *given, *short, *data) == 0
    (prediction,) = textcnn.load(tmp_path / "run").predict(["a goal"])
    assert sum(prediction.probabilities.values()) == pytest.approx(1, abs=1e-5)


def test_an_experiment_is_chosen_from_python_too() -> None:
    texts, labels = zip(*rows(60), strict=True)
    keys: dict[str, Any] = {"model__num_filters": 4, "training__max_steps": 2}
    classifier = textcnn.fit(texts, labels, experiment="kim2014_rand", **keys)
    assert isinstance(classifier, textcnn.Classifier)
    assert shapes(classifier.model.encoder, Convolution) == [(4, 300, k) for k in (3, 4, 5)]
