"""The keys of `textcnn.label`."""

from collections.abc import Iterator
from dataclasses import dataclass

from textcnn.config.keys import group, key
from textcnn.config.programs import (
    CHECKPOINT,
    INPUT_FORMAT,
    ColumnsConfig,
    half,
    seed,
    table_memory,
)

ENDING = ".csv"


@dataclass
class LabelConfig:
    checkpoint: str = key("", CHECKPOINT)
    input: str = key("-", "the file of texts without labels; -: standard input")
    output: str = key(
        "to_label.csv",
        "the CSV file to write (-: standard output), with an empty column for the labels; "
        "textcnn.train reads it with data.train, and leaves out the rows without a label",
    )
    count: int = key(100, "number of texts to choose", at_least=1, at_most=100_000)
    candidates: int = key(
        2,
        "choose among the candidates × count least sure texts, so that the chosen ones differ; "
        "more candidates: texts that differ more but are less unsure; 1: only the least sure "
        "texts, however alike",
        at_least=1,
        at_most=100,
    )
    format: str | None = key(
        None,
        INPUT_FORMAT,
        choices=("lines", "jsonl", "csv", "tsv"),
        optional=True,
    )
    # not `text`: Hydra would read `text=body` as an option of the config group `text`
    data: ColumnsConfig = group(ColumnsConfig, "the columns of the text")
    seed: int = seed("the seed of the clusters")
    table_memory: int = table_memory()
    half: bool = half()
    overwrite: bool = key(False, "replace an existing output file")

    def conflicts(self) -> Iterator[str]:
        if self.output != "-" and not self.output.endswith(ENDING):
            yield f"output takes a file *{ENDING}, got {self.output}; try output=to_label.csv"
