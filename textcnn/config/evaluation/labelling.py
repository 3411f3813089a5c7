"""The keys of `textcnn.label`."""

from collections.abc import Iterator
from dataclasses import dataclass

from textcnn.config.keys import group, key
from textcnn.config.programs import CHECKPOINT, ColumnsConfig, half, seed, table_memory

ENDING = ".csv"


@dataclass
class LabelConfig:
    checkpoint: str = key("", CHECKPOINT)
    input: str = key("-", "the file of texts without labels; -: standard input")
    output: str = key(
        "to_label.csv",
        "the CSV file to write (-: standard output), whose empty column of labels is to be filled "
        "in; textcnn.train reads it with data.train, and leaves out the rows that are still empty",
    )
    count: int = key(100, "number of texts to choose", at_least=1, at_most=100_000)
    candidates: int = key(
        2,
        "choose among so many times `count` texts, the least sure ones: more of them differ more "
        "from each other and are surer; 1: the least sure ones, however alike",
        at_least=1,
        at_most=100,
    )
    format: str | None = key(
        None,
        "format of the input; lines: each line is a text; null: by the file's ending, else lines "
        "without the labels of fastText's format (__label__a)",
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
