"""Label new texts: `python -m textcnn.predict checkpoint=... [key=value ...]`."""

import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from textcnn.cli import CHECKPOINT_MISSING, program
from textcnn.config.programs import PredictConfig
from textcnn.data.input_texts import ROW, InputRows
from textcnn.data.sources.formats import JSON, PARQUET, format_to_write
from textcnn.errors import InputError
from textcnn.system.interrupts import end_start, ended_by_sigterm
from textcnn.system.output import check_target, is_device
from textcnn.system.paths import expanded

if TYPE_CHECKING:
    from textcnn.inference import AnyClassifier
    from textcnn.inference.files.answering import Answered, Answering
    from textcnn.inference.files.blocks import Block
    from textcnn.inference.files.encoding import Encoding


@program("predict")
def main(config: PredictConfig) -> None:
    if not config.checkpoint:
        raise InputError(CHECKPOINT_MISSING)
    # before the checkpoint is loaded
    format, compression = format_to_write(config.output, config.output_format)
    if config.output != "-" and not is_device(expanded(config.output)):
        check_target(config.output, config.overwrite)

    # Imported here, after the checks: importing torch takes seconds.
    from textcnn.inference import restore
    from textcnn.inference.files.answering import Answering
    from textcnn.inference.files.blocks import blocks_of
    from textcnn.inference.files.writing import open_answers

    end_start()
    restored = restore(config.checkpoint, table_memory=config.table_memory, half=config.half)
    classifier, trained = restored.classifier, restored.config
    columns = config.data.text or trained.data.text
    rows = InputRows(
        config.input,
        config.format,
        [columns] if isinstance(columns, str) else columns,
        encoding=config.data.encoding,
        header=config.data.header,
        carry=[config.columns] if isinstance(config.columns, str) else config.columns,
        skip=config.on_error == "skip",
    )
    threshold = threshold_of(classifier, config.threshold, config.coverage)
    if config.coverage is not None:
        print(
            f"coverage={config.coverage:g}: answers from a probability of {threshold:.3f} on, "
            f"chosen on {classifier.calibration.texts:,} validation texts",
            file=sys.stderr,
        )
    size = config.batch_size
    if size is None and config.input == "-" and sys.stdin.isatty():
        size = 1
    with ended_by_sigterm():
        blocks = blocks_of(rows, size, len(classifier.labels))
        first = list(take(blocks))  # says which columns there are
        encoding = replace(
            encoding_of(config, format, classifier, rows, first),
            compression=compression,
            separator=trained.data.label_separator or ",",
        )
        answering = Answering(classifier, encoding, threshold)
        answers = answered(answering, chain(first, blocks), size, config.workers)
        with open_answers(config.output, config.overwrite, encoding) as output, closing(answers):
            for each in answers:
                output.write(each)
    report(rows)


def take(blocks: Iterator["Block"]) -> Iterator["Block"]:
    """The first block, if there is one."""
    for block in blocks:
        yield block
        return


def encoding_of(
    config: PredictConfig,
    format: str,
    classifier: "AnyClassifier",
    rows: InputRows,
    first: Sequence["Block"],
) -> "Encoding":
    """How answers are written.

    Args:
        first: the first block, if there is one.
    """
    from textcnn.inference import LabelSetClassifier
    from textcnn.inference.files.columns import AnswerColumns, CarriedColumns
    from textcnn.inference.files.encoding import Encoding

    columns = AnswerColumns(
        classifier.labels,
        sets=isinstance(classifier, LabelSetClassifier),
        abstains=config.threshold is not None or config.coverage is not None,
        unfamiliar=config.unfamiliar,
        top=config.top,
    )
    if format in JSON:
        return Encoding(format, columns)
    others = first[0].others if first else []
    names = rows.names if rows.names is not None else list(others[0] if others else ())
    carried = CarriedColumns.of(names, {ROW, *columns.own})
    if format == PARQUET:
        from textcnn.inference.files.tables import with_types

        carried = with_types(carried, rows.types, others)
    return Encoding(format, columns, carried)


def answered(
    answering: "Answering", blocks: Iterator["Block"], size: int | None, workers: int | None
) -> Generator["Answered", None, None]:
    from textcnn.inference.files.answering import answered_in_turn, answered_together

    # with a given batch size, each batch is answered before the next one is read
    if size is not None:
        yield from answered_in_turn(answering, blocks)
    else:
        yield from answered_together(answering, blocks, workers)


def report(rows: InputRows) -> None:
    """Say on standard error which rows are missing, and which columns."""
    if rows.skipped.count:
        print(rows.skipped, file=sys.stderr)
    for name in sorted(rows.never_seen if rows.number else ()):
        print(f"columns={name}: no row has this column; it is empty", file=sys.stderr)


def threshold_of(
    classifier: "AnyClassifier", threshold: float | None, coverage: float | None
) -> float | None:
    """The probability below which nothing is answered; None: everything is.

    Raises:
        InputError: the classifier predicts label sets, or stores no threshold for a coverage.
    """
    from textcnn.inference import Classifier

    if threshold is None and coverage is None:
        return None
    if not isinstance(classifier, Classifier):
        name = "coverage" if threshold is None else "threshold"
        raise InputError(
            f"{name} needs one class per text, but this checkpoint predicts label sets, which "
            "have a threshold for each label; leave it out"
        )
    return classifier.threshold_for(threshold, coverage)


if __name__ == "__main__":
    main()
