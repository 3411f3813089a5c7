"""Explain predictions: `python -m textcnn.explain checkpoint=... text="..." [key=value ...]`."""

import json
from collections.abc import Iterable, Iterator
from typing import IO, TYPE_CHECKING

from textcnn.cli import CHECKPOINT_MISSING, program
from textcnn.config.evaluation.explanation import ExplainConfig
from textcnn.config.programs import TrainConfig
from textcnn.data.input_texts import read_texts
from textcnn.errors import InputError
from textcnn.system.escapes import json_escaped
from textcnn.system.interrupts import end_start
from textcnn.system.output import open_output

if TYPE_CHECKING:
    from textcnn.explanation.explanation import Explanation
    from textcnn.inference import AnyClassifier

TEXTS_AT_ONCE = 64


@program("explain", positional="texts", singular="text")
def main(config: ExplainConfig) -> None:
    if not config.checkpoint:
        raise InputError(CHECKPOINT_MISSING)
    if not config.texts and config.input is None:
        raise InputError(
            'there is no text to explain; try text="not a fine film", or input=texts.txt for many'
        )
    # Imported here, after the checks: importing torch takes seconds.
    from textcnn.inference import restore
    from textcnn.system.terminal import build_console

    end_start()
    restored = restore(config.checkpoint)
    texts = texts_of(config, restored.config)
    explanations = explained(restored.classifier, texts, config)
    if config.output is not None:
        with open_output(config.output, config.overwrite) as file:
            write(file, explanations, config)
        return
    from textcnn.explanation.terminal import print_explanation

    console = build_console()
    for number, each in enumerate(explanations):
        if number:
            console.rule()
        print_explanation(console, each, config.top)


def texts_of(config: ExplainConfig, trained: TrainConfig) -> Iterable[str]:
    """The texts of the command line, or those of the input."""
    if config.input is None:
        # bytes of the command line that are not UTF-8
        given = [text.encode("utf-8", "surrogateescape") for text in config.texts]
        return [text.decode("utf-8", "replace") for text in given]
    columns = config.data.text or trained.data.text
    return read_texts(
        config.input,
        config.format,
        [columns] if isinstance(columns, str) else columns,
        encoding=config.data.encoding,
        header=config.data.header,
    )


def explained(
    classifier: "AnyClassifier", texts: Iterable[str], config: ExplainConfig
) -> Iterator["Explanation"]:
    """The explanation of each text; a few are in memory at a time."""
    from textcnn.system.chunks import chunks_of

    for chunk in chunks_of(iter(texts), TEXTS_AT_ONCE):
        yield from classifier.explain(
            chunk, method=config.method, classes=config.classes, flip=config.flip
        )


def write(file: IO[str], explanations: Iterator["Explanation"], config: ExplainConfig) -> None:
    """A page, JSON Lines, or one JSON: an object for a single text, else a list."""
    output = str(config.output).lower()
    if output.endswith(".html"):
        from textcnn.explanation.page import page_parts

        for part in page_parts(explanations, config.top):
            file.write(part)
        return
    listed = output.endswith(".json") and (config.input is not None or len(config.texts) > 1)
    indent = 1 if output.endswith(".json") else None
    encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, indent=indent).encode
    some = False
    for number, each in enumerate(explanations):
        some = True
        if listed:
            file.write(",\n" if number else "[\n")
        file.write(json_escaped(encode(each.as_json())) + ("" if listed else "\n"))
        file.flush()
    if listed:
        file.write("\n]\n" if some else "[]\n")


if __name__ == "__main__":
    main()
