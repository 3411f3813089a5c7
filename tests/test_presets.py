"""The presets for Hub datasets: each loads a local data set with the layout of the Hub's."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hydra
import pytest
from datasets import ClassLabel, Dataset, Features, Value
from hub_layout import write_card, write_parquet
from omegaconf import OmegaConf

from textcnn.config.check import check
from textcnn.config.data import DataConfig
from textcnn.config.schemas import register_schemas
from textcnn.data.sources.source import Source
from textcnn.data.splits import Division, load_splits

CONFIGS = Path(__file__).parent.parent / "configs" / "data"
PRESETS = sorted(
    {file.stem for file in CONFIGS.glob("*.yaml")} - {"bundled", "files", "hub", "synthetic"}
)
YAHOO = (
    "Society & Culture,Science & Mathematics,Health,Education & Reference,Computers & Internet,"
    "Sports,Business & Finance,Entertainment & Music,Family & Relationships,Politics & Government"
)
DBPEDIA = (
    "Company,EducationalInstitution,Artist,Athlete,OfficeHolder,MeanOfTransportation,Building,"
    "NaturalPlace,Village,Animal,Plant,Album,Film,WrittenWork"
)
STARS = "1 star,2 star,3 stars,4 stars,5 stars"


@dataclass(frozen=True)
class Repository:
    """The contents of a Hub repository, as its page shows them: columns, classes and splits."""

    path: str
    format: str  # parquet, jsonl or csv
    text: tuple[str, ...]
    label: str  # the label column
    classes: tuple[str | int, ...]  # in the Hub's order
    splits: tuple[str, ...]
    others: tuple[str, ...] = ()  # columns that are not used


def parquet(
    path: str, classes: str, *more: str, text: str = "text", label: str = "label"
) -> Repository:
    """Parquet with named classes, like the datasets that the Hub's staff converted."""
    names = tuple(classes.split(","))
    return Repository(
        path, "parquet", tuple(text.split(",")), label, names, ("train", "test", *more)
    )


def setfit(path: str, classes: str, *more: str, label: str = "label_text") -> Repository:
    """JSON Lines with class numbers in one column and class names in another."""
    names = tuple(classes.split(","))
    return Repository(path, "jsonl", ("text",), label, names, ("train", "test", *more), ("label",))


REPOSITORIES = {
    "ag_news": parquet("fancyzhx/ag_news", "World,Sports,Business,Sci/Tech"),
    "imdb": parquet("stanfordnlp/imdb", "neg,pos", "unsupervised"),
    "sst2": setfit("SetFit/sst2", "negative,positive", "validation"),
    "sst5": setfit(
        "SetFit/sst5", "very negative,negative,neutral,positive,very positive", "validation"
    ),
    "trec": setfit("SetFit/TREC-QC", "DESC,ENTY,ABBR,HUM,NUM,LOC", label="label_coarse_original"),
    "rotten_tomatoes": parquet(
        "cornell-movie-review-data/rotten_tomatoes", "neg,pos", "validation"
    ),
    "subj": setfit("SetFit/subj", "objective,subjective"),
    "cr": setfit("SetFit/CR", "negative,positive"),
    "dbpedia_14": parquet("fancyzhx/dbpedia_14", DBPEDIA, text="title,content"),
    "yelp_polarity": parquet("fancyzhx/yelp_polarity", "1,2"),
    "yelp_review_full": parquet("Yelp/yelp_review_full", STARS),
    "yahoo_answers_topics": parquet(
        "community-datasets/yahoo_answers_topics",
        YAHOO,
        text="question_title,question_content,best_answer",
        label="topic",
    ),
    "amazon_polarity": parquet(
        "fancyzhx/amazon_polarity", "negative,positive", text="title,content"
    ),
    "amazon_full": Repository(
        "yassiracharki/Amazon_Reviews_for_Sentiment_Analysis_fine_grained_5_classes",
        "csv",
        ("review_title", "review_text"),
        "class_index",
        (1, 2, 3, 4, 5),
        ("train", "test"),
    ),
    "20_newsgroups": setfit("SetFit/20_newsgroups", "alt.atheism,comp.graphics,sci.space"),
}


def build(repository: Repository, directory: Path) -> str:
    """A small data set with the repository's columns, features, splits and kind of files."""
    splits = {name: columns(repository, name) for name in repository.splits}
    if repository.format == "parquet":
        named = ClassLabel(names=list(repository.classes))
        texts = {name: Value("string") for name in repository.text}
        return write_parquet(directory, splits, Features({**texts, repository.label: named}))
    write_card(directory, [])
    for name, split in splits.items():
        rows = Dataset.from_dict(split)
        if repository.format == "csv":
            rows.to_csv(directory / f"{name}.csv")
        else:
            # `datasets` accepts "dev" as a name of validation
            file = directory / f"{'dev' if name == 'validation' else name}.jsonl"
            file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(directory)


def columns(repository: Repository, split: str) -> dict[str, list[Any]]:
    """Ten rows of each class; the first text column is empty in the first row."""
    ids = list(range(len(repository.classes))) * 10
    texts = {
        name: [f"{split} {name} {row}" if row else "" for row in range(len(ids))]
        for name in repository.text
    }
    texts[repository.text[-1]][0] = f"{split} first"
    others = {name: list(ids) for name in repository.others}
    if repository.format == "parquet":
        labels: list[Any] = [-1] * len(ids) if split == "unsupervised" else ids
    else:
        labels = [repository.classes[id] for id in ids]
    return texts | others | {repository.label: labels}


@pytest.fixture(scope="module", autouse=True)
def _composing() -> Iterator[None]:
    register_schemas()
    with hydra.initialize_config_module("textcnn.configs", version_base="1.3"):
        yield


def compose(program: str, preset: str, *overrides: str) -> DataConfig:
    typed = OmegaConf.to_object(hydra.compose(program, [f"data={preset}", *overrides]))
    check(typed)
    data = typed.data  # type: ignore[union-attr]
    assert isinstance(data, DataConfig)
    return data


def test_every_preset_is_tested() -> None:
    assert set(PRESETS) == set(REPOSITORIES)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_names_its_repository_and_is_the_same_for_every_program(preset: str) -> None:
    data = compose("train", preset)
    assert (data.source, data.path) == ("hub", REPOSITORIES[preset].path)
    assert compose("evaluate", preset) == data


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_documents_its_contents_paper_and_sizes(preset: str) -> None:
    comment = [
        line for line in (CONFIGS / f"{preset}.yaml").read_text().splitlines() if "#" in line
    ]
    assert any(re.match(r"# Paper: .* \d{4}, ", line) for line in comment)
    sizes = re.findall(r"([\d,]+) (train|validation|test)\b", "\n".join(comment))
    named = {name for _, name in sizes}
    assert named == set(REPOSITORIES[preset].splits) - {"unsupervised"}


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_loads_a_data_set_with_the_layout_of_the_hub(preset: str, tmp_path: Path) -> None:
    repository = REPOSITORIES[preset]
    data = compose("train", preset, f"data.path={build(repository, tmp_path / preset)}")
    splits = load_splits(
        Source(**data.source_settings()), Division(**data.split_settings(), seed=0)
    )
    assert splits.labels == tuple(sorted(str(name) for name in repository.classes))
    assert splits.test.text(0) == " " * (len(repository.text) - 1) + "test first"
    assert splits.test.text(1) == " ".join(f"test {name} 1" for name in repository.text)
    assert splits.labels[splits.test.labels[1]] == str(repository.classes[1])
    rows = 10 * len(repository.classes)
    own = "validation" in repository.splits
    assert len(splits.test) == rows
    assert len(splits.validation) == (rows if own else rows // 10)
    assert len(splits.train) == rows - (0 if own else rows // 10)
    kind = "validation" if own else "train"
    assert all(text.strip().startswith(kind) for text in splits.validation.texts())
