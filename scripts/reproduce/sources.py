"""The data sets, from files or from the Hub, and the runs on each: folds or seeds."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from textcnn.config.compose import override
from textcnn.errors import InputError

FOLDS, SEEDS = 10, 3  # runs of a row


def set_path(key: str, path: Path) -> str:
    """`key=path` for Hydra, whatever characters the path holds."""
    if re.fullmatch(r"[\w./-]+", str(path)):
        return f"{key}={path}"
    return override(key, str(path))


@dataclass(frozen=True)
class Run:
    """One division of a data set, and one seed."""

    name: str  # fold-1 or seed-0
    keys: tuple[tuple[str, int], ...]  # keys of textcnn.train, with their values

    @property
    def overrides(self) -> tuple[str, ...]:
        return tuple(f"{key}={value}" for key, value in self.keys)


@dataclass(frozen=True)
class DataSet:
    """A data set, and how it is divided.

    Attributes:
        title: as papers call it.
        files: names of files by the key data.*; empty: the bundled texts.
        hub: the keys that read the same rows from the Hub.
        folds: of a cross-validation; None: the data have test rows, or a seed draws them.
        longest: tokens of the longest n-gram that NBSVM counts.
        cost: training time of a run, compared with MR's; the longest runs start first.
        asked: whether it takes part only if the user asks for it.
    """

    title: str
    files: dict[str, str]
    hub: tuple[str, ...] = ()
    folds: int | None = None
    longest: int = 2
    cost: float = 1.0
    asked: bool = False

    def overrides(self, folder: Path | None) -> tuple[str, ...]:
        """The keys that say where the rows are.

        Args:
            folder: of the files; None: the Hub.
        """
        if not self.files:
            return ("data=bundled",)
        if folder is None:
            return self.hub
        return ("data=files", *(set_path(key, folder / name) for key, name in self.files.items()))

    def missing(self, folder: Path | None) -> list[str]:
        """The files that the folder lacks."""
        if folder is None:
            return []
        return [name for name in self.files.values() if not (folder / name).is_file()]

    def runs(self, folds: int, seeds: int) -> list[Run]:
        """The first folds, or the first seeds."""
        if self.folds is None:
            return [Run(f"seed-{seed}", (("seed", seed),)) for seed in range(seeds)]
        return [
            Run(f"fold-{fold}", (("data.folds", self.folds), ("data.fold", fold)))
            for fold in range(1, min(folds, self.folds) + 1)
        ]


DATA: dict[str, DataSet] = {
    "mr": DataSet(
        "MR",
        {"data.train": "mr.csv"},
        (
            *("data=rotten_tomatoes", "data.train=train+validation+test"),
            *("data.validation=null", "data.test=null"),
        ),
        folds=10,
    ),
    "subj": DataSet(
        "Subj",
        {"data.train": "subj.csv"},
        ("data=subj", "data.train=train+test", "data.test=null"),
        folds=10,
    ),
    "sst2": DataSet(
        "SST-2",
        {
            "data.train": "sst2_train.csv",
            "data.validation": "sst2_validation.csv",
            "data.test": "sst2_test.csv",
        },
        ("data=sst2",),
        cost=0.9,
    ),
    "trec": DataSet(
        "TREC",
        {"data.train": "trec_train.csv", "data.test": "trec_test.csv"},
        ("data=trec",),
        cost=0.4,
    ),
    "imdb": DataSet(
        "IMDB",
        {"data.train": "imdb_train.parquet", "data.test": "imdb_test.parquet"},
        ("data=imdb",),
        longest=3,
        cost=20.0,
    ),
    "bundled": DataSet("bundled news articles", {}, cost=3.0),
    "ag_news": DataSet(
        "AG's news",
        {"data.train": "ag_news_train.csv", "data.test": "ag_news_test.csv"},
        ("data=ag_news",),
        cost=50.0,
        asked=True,
    ),
}


def available(names: Collection[str] | None, folder: Path | None) -> tuple[list[str], list[str]]:
    """The data sets to use, and lines about those whose files are missing.

    Args:
        names: those the user asks for; None: all that are there.

    Raises:
        InputError: a file of a data set that the user asks for is missing.
    """
    found, lines = [], []
    for name in names or [name for name, rows in DATA.items() if not rows.asked]:
        lacking = DATA[name].missing(folder)
        line = f"{DATA[name].title} is left out: {folder} has no {', '.join(lacking)}"
        if lacking and names is not None:
            raise InputError(f"{line}; add it, or use --hub")
        if lacking:
            lines.append(line)
        else:
            found.append(name)
    return found, lines
