"""The keys of `textcnn.explain`."""

from collections.abc import Iterator
from dataclasses import dataclass

from textcnn.config.data import DataConfig
from textcnn.config.keys import group, join_or, key
from textcnn.config.programs import CHECKPOINT

ENDINGS = (".json", ".jsonl", ".html")
METHODS = ("auto", "exact", "gradients", "occlusion")


@dataclass
class ExplainConfig:
    checkpoint: str = key("", CHECKPOINT)
    texts: list[str] = key(
        [], 'the texts to explain; type text="a fine film", or a text in quotes without a key'
    )
    input: str | None = key(
        None, "a file of texts to explain, as for predict; -: standard input; null: none"
    )
    format: str | None = key(
        None,
        "format of the input; null: by the file's ending, else lines (one text per line)",
        choices=("lines", "jsonl", "csv", "tsv"),
        optional=True,
    )
    summary: bool = key(
        False,
        "explain the classifier instead of texts: the n-grams that decide most over a split, and "
        "what each filter looks for",
    )
    data: DataConfig = group(
        DataConfig,
        "with summary=true, the texts; the default is the checkpoint's own test split. With input, "
        "data.text, data.encoding and data.header say how it is read",
    )
    max_texts: int = key(
        2000, "with summary=true, the texts that are read at most, drawn at random", at_least=1
    )
    method: str = key(
        "auto",
        "exact: the logits as sums over n-grams; gradients: integrated gradients; occlusion: each "
        "word taken out in turn; auto: exact where n-grams are short, else gradients",
        choices=METHODS,
    )
    classes: int = key(5, "how many classes are explained, the most probable ones", at_least=1)
    top: int = key(10, "n-grams in a table", at_least=1, at_most=1000)
    flip: bool = key(True, "search the fewest words whose removal changes the answer")
    output: str | None = key(
        None,
        "a file to write: .json, .jsonl or .html; -: JSON Lines to standard output; null: tables "
        "in the terminal",
    )
    overwrite: bool = key(False, "replace an existing output file")

    def conflicts(self) -> Iterator[str]:
        output = self.output
        if output not in (None, "-") and not str(output).lower().endswith(ENDINGS):
            yield f"output takes - or a file *{join_or(list(ENDINGS))}, got {output}"
        if self.texts and self.input is not None:
            yield f"text and input are two sources of texts, got input={self.input}; leave one out"
        if self.summary and (self.texts or self.input is not None):
            yield "summary=true explains no single text; leave out text and input, or summary"
