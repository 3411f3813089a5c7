"""The keys of `textcnn.export`."""

from collections.abc import Iterator
from dataclasses import dataclass

from textcnn.config.data import DataConfig
from textcnn.config.keys import group, key
from textcnn.config.programs import CHECKPOINT, seed

FORMATS = ("numpy", "onnx", "html")
DTYPES = ("float32", "float16", "int8")


@dataclass
class ExportConfig:
    checkpoint: str = key("", CHECKPOINT)
    format: str = key(
        "numpy",
        "numpy: for textcnn.runtime, which needs no torch; onnx: for onnxruntime; html: one page "
        "that predicts in a browser",
        choices=FORMATS,
    )
    output: str = key(
        "",
        "what to write: a directory, with format=numpy also a file *.zip, with format=html a file "
        "*.html",
    )
    beside: str | None = key(
        None,
        "a second checkpoint, which the page of format=html shows beside the first; null: none",
        optional=True,
    )
    dtype: str | None = key(
        None,
        "type of the weights; null: int8 for html and with max_size, otherwise float32",
        choices=DTYPES,
        optional=True,
    )
    max_size: str | None = key(
        None,
        "largest size of the export, such as 1MB or 100KB: the least important words and n-grams "
        "are left out; not for onnx; null: 2MB for each model of an html page, otherwise no limit",
    )
    data: DataConfig = group(
        DataConfig,
        "the texts that measure what dtype and max_size cost; the default is the checkpoint's own "
        "test split",
    )
    max_texts: int = key(
        5000,
        "maximum number of texts from data that measure what dtype and max_size cost, drawn at "
        "random; 0: measure nothing",
        at_least=0,
    )
    seed: int = seed("the seed of that draw")
    overwrite: bool = key(
        False, "replace an existing file or an earlier export; another directory is never replaced"
    )

    def conflicts(self) -> Iterator[str]:
        if self.format != "html" and self.beside is not None:
            yield (
                f"beside={self.beside} takes format=html, got format={self.format}; export each "
                "checkpoint on its own"
            )
        if self.format == "onnx" and self.max_size is not None:
            yield (
                f"max_size={self.max_size} takes format=numpy or html, got format=onnx; try "
                "dtype=int8"
            )
