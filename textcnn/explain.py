"""Explain predictions: `python -m textcnn.explain checkpoint=... text="..." [key=value ...]`."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, TYPE_CHECKING

from textcnn.cli import CHECKPOINT_MISSING, overridden_keys, program
from textcnn.config.evaluation.explanation import ExplainConfig
from textcnn.config.programs import TrainConfig
from textcnn.data.input_texts import read_texts
from textcnn.errors import InputError
from textcnn.system.escapes import json_escaped
from textcnn.system.interrupts import end_start
from textcnn.system.output import open_output

if TYPE_CHECKING:
    from textcnn.explanation.explanation import Explanation
    from textcnn.explanation.learned.summary import Summary
    from textcnn.inference import AnyClassifier, Restored

TEXTS_AT_ONCE, PROBABILITIES = 64, 500_000  # with many classes, fewer texts


@program("explain", positional="texts", singular="text")
def main(config: ExplainConfig) -> None:
    if not config.checkpoint:
        raise InputError(CHECKPOINT_MISSING)
    if not (config.texts or config.input is not None or config.summary):
        raise InputError(
            'there is no text to explain; try text="not a fine film", input=texts.txt for many, or '
            "summary=true for the whole classifier"
        )
    given = [key for key in overridden_keys() if key.startswith("data")]
    # Imported here, after the checks: importing torch takes seconds.
    from textcnn.inference import restore
    from textcnn.system.terminal import build_console

    end_start()
    restored = restore(config.checkpoint)
    if config.summary:
        print_learned(config, restored, given)
        return
    texts = texts_of(config, restored.config)
    explanations = explained(restored.classifier, texts, config)
    if config.output is not None:
        with open_output(config.output, config.overwrite) as file:
            write(file, explanations, config)
        return
    from textcnn.explanation.shown.terminal import print_explanation

    console = build_console()
    for number, each in enumerate(explanations):
        if number:
            console.rule()
        print_explanation(console, each, config.top)


def print_learned(config: ExplainConfig, restored: "Restored", given: Sequence[str]) -> None:
    """Print or write what decides over the texts of a split.

    Args:
        given: the keys of `data` that the command line sets.
    """
    from textcnn.explanation.shown.page import summary_page
    from textcnn.explanation.shown.summary_tables import print_summary
    from textcnn.system.terminal import build_console

    if config.output is None:
        summary, notes = learned(config, restored, given)
        console = build_console()
        print_summary(console, summary, config.top)
        for note in notes:
            console.print(note)
        return
    # opened first: an output that can't be written is refused before the texts are read
    with open_output(config.output, config.overwrite) as file:
        summary, _ = learned(config, restored, given)
        if config.output.lower().endswith(".html"):
            file.write(summary_page(summary))
        else:
            indent = 1 if config.output.lower().endswith(".json") else None
            line = json.dumps(summary.as_json(), ensure_ascii=False, indent=indent)
            file.write(json_escaped(line) + "\n")


def learned(
    config: ExplainConfig, restored: "Restored", given: Sequence[str]
) -> tuple["Summary", list[str]]:
    """What decides over the texts of a split, and notes about these; as `print_learned`."""
    from textcnn.evaluation.chosen_data import chosen_data, found_data, test_rows
    from textcnn.explanation.learned.summary import sampled, summarize

    classifier, trained, _, directory, _ = restored
    data = found_data(chosen_data(config.data, trained.data, given), given, directory)
    rows, notes = test_rows(data, trained, classifier.labels)
    texts = sampled(rows.texts(), config.max_texts)
    return summarize(classifier, texts, method=config.method, count=config.top), notes


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

    size = max(min(TEXTS_AT_ONCE, PROBABILITIES // len(classifier.labels)), 1)
    for chunk in chunks_of(iter(texts), size):
        yield from classifier.explain(
            chunk, method=config.method, classes=config.classes, flip=config.flip
        )


def write(file: IO[str], explanations: Iterator["Explanation"], config: ExplainConfig) -> None:
    """A page, JSON Lines, or one JSON: an object for a single text, else a list."""
    output = str(config.output).lower()
    if output.endswith(".html"):
        from textcnn.explanation.shown.page import page_parts

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
