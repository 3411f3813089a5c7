"""Label new texts: `python -m textcnn.predict checkpoint=... [key=value ...]`."""

import io
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from textcnn.cli import CHECKPOINT_MISSING, program
from textcnn.config.programs import PredictConfig
from textcnn.data.input_texts import read_texts
from textcnn.errors import InputError
from textcnn.system.atomic import new_file
from textcnn.system.escapes import json_escaped
from textcnn.system.interrupts import end_start
from textcnn.system.paths import expanded

if TYPE_CHECKING:
    from torch import Tensor

MANY_CLASSES = 1000
PROBABILITIES = 2_000_000  # to write at a time, with so many classes; each takes 100 bytes


@program("predict")
def main(config: PredictConfig) -> None:
    if not config.checkpoint:
        raise InputError(CHECKPOINT_MISSING)

    # Imported here, after the checks: importing torch takes seconds.
    from textcnn.inference import restore
    from textcnn.models.prediction import LabelSetPrediction, Prediction
    from textcnn.system.chunks import chunks_of

    end_start()
    restored = restore(config.checkpoint, table_memory=config.table_memory, half=config.half)
    classifier, trained = restored.classifier, restored.config
    columns = config.data.text or trained.data.text
    columns = [columns] if isinstance(columns, str) else columns
    texts = read_texts(
        config.input,
        config.format,
        columns,
        encoding=config.data.encoding,
        header=config.data.header,
    )
    write_row = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode

    def write_rows(chunk: Sequence[str], logits: "Tensor") -> str:
        predictions: Sequence[Prediction | LabelSetPrediction] = classifier.decide(logits)
        lines = "".join(
            write_row({"text": text, **prediction.as_json()}) + "\n"
            for text, prediction in zip(chunk, predictions, strict=True)
        )
        return json_escaped(lines)

    size = config.batch_size
    if size is None and config.input == "-" and sys.stdin.isatty():
        size = 1
    if size is None and len(classifier.labels) > MANY_CLASSES:
        size = max(1, PROBABILITIES // len(classifier.labels))
    with open_output(config.output, config.overwrite) as output:
        chunks = chunks_of(texts, size)
        # with a given batch size, each chunk is answered before the next one is read
        groups = [chunks] if size is None else ([chunk] for chunk in chunks)
        for group in groups:
            for lines in classifier.map_logits(write_rows, group):
                output.write(lines)
                output.flush()


@contextmanager
def open_output(path: str, overwrite: bool) -> Iterator[IO[str]]:
    """Open standard output, a device, or a file that appears once it is complete.

    Raises:
        InputError: the file already exists, or its directory doesn't exist or isn't writable.
    """
    target = expanded(path)
    if path == "-":
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")
        yield sys.stdout
    elif target.exists() and not target.is_file() and not target.is_dir():
        with target.open("w", encoding="utf-8") as device:
            yield device
    elif target.exists() and (target.is_dir() or not overwrite):
        raise InputError(f"output={path} already exists; try another file, or overwrite=true")
    elif not target.parent.is_dir():
        raise InputError(f"output={path}: there is no directory {target.parent}; create it first")
    elif not os.access(target.parent, os.W_OK):
        raise InputError(
            f"output={path}: the directory {target.parent} is not writable; try another"
        )
    else:
        with new_file(target) as temporary, temporary.open("w", encoding="utf-8") as file:
            yield file


if __name__ == "__main__":
    main()
