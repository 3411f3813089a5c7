"""The keys of `textcnn.compare`."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from textcnn.config.data import DataConfig, StringOrList, as_written
from textcnn.config.keys import group, join_or, key
from textcnn.config.programs import table_memory

MOST_RUNS = 1000
BEST, FIRST = "best", "first"
ENDINGS = (".csv", ".html", ".json")


@dataclass
class CompareConfig:
    runs: list[str] = key(
        [],
        "directories of runs, checkpoints or sweeps, to compare with each other; also given bare, "
        "without runs=",
        length=(0, MOST_RUNS),
    )
    data: DataConfig = group(
        DataConfig, "the texts to score; the default is the test split of each run"
    )
    reference: str = key(
        BEST,
        "what the others are compared with; best: the highest mean accuracy on validation (on test "
        "if some run has none); first: the first run; or one of the directories",
    )
    paired: bool = key(
        True,
        "score the checkpoints on the same texts and test their difference; false: the table alone",
    )
    speed: bool = key(
        True, "measure how many texts a second each configuration predicts, one after another"
    )
    table_memory: int = table_memory()
    output: StringOrList = key(
        None,
        "a file to write, or a list of files: .csv, .html or .json; null: the terminal alone",
        strings=True,
        optional=True,
    )
    overwrite: bool = key(False, "replace output if it exists")

    def __post_init__(self) -> None:
        self.output = as_written(self.output)

    @property
    def outputs(self) -> list[str]:
        """The files to write."""
        given: Any = self.output or []
        return given if isinstance(given, list) else [given]

    def conflicts(self) -> Iterator[str]:
        for each in self.outputs:
            if not each.lower().endswith(ENDINGS):
                yield f"output takes a file *{join_or(list(ENDINGS))}, got {each}"
