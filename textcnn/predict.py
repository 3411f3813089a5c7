"""Label new texts: `python -m textcnn.predict checkpoint=... [key=value ...]`."""

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from textcnn.cli import CHECKPOINT_MISSING, program
from textcnn.config.programs import PredictConfig
from textcnn.data.input_texts import read_texts
from textcnn.errors import InputError
from textcnn.system.escapes import json_escaped
from textcnn.system.interrupts import end_start
from textcnn.system.output import open_output

if TYPE_CHECKING:
    from torch import Tensor

    from textcnn.inference import AnyClassifier

MANY_CLASSES = 1000
PROBABILITIES = 2_000_000  # to write at a time, with so many classes; each takes 100 bytes


@program("predict")
def main(config: PredictConfig) -> None:
    if not config.checkpoint:
        raise InputError(CHECKPOINT_MISSING)

    # Imported here, after the checks: importing torch takes seconds.
    from textcnn.inference import restore
    from textcnn.runtime.prediction import abstaining
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
    threshold = threshold_of(classifier, config.threshold, config.coverage)
    if config.coverage is not None:
        print(
            f"coverage={config.coverage:g}: answers from a probability of {threshold:.3f} on, "
            f"chosen on {classifier.calibration.texts:,} validation texts",
            file=sys.stderr,
        )
    # in every line, so that all have the same keys
    always = {} if threshold is None else {"label": None, "abstained": False}
    write_row = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode

    def write_rows(chunk: Sequence[str], logits: "Tensor") -> str:
        predictions: Sequence[Any] = classifier.decide(logits)
        if threshold is not None:
            predictions = abstaining(predictions, threshold)
        rows: list[dict[str, Any]] = [
            {"text": text, **always, **prediction.as_json()}
            for text, prediction in zip(chunk, predictions, strict=True)
        ]
        if config.unfamiliar:
            add_unfamiliar(rows, classifier, chunk)
        return json_escaped("".join(write_row(row) + "\n" for row in rows))

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


def add_unfamiliar(
    rows: Sequence[dict[str, Any]], classifier: "AnyClassifier", texts: Sequence[str]
) -> None:
    """Say of each text how much of it training never saw, and whether that is unusual."""
    limit = classifier.calibration.unfamiliar_limit
    for row, share in zip(rows, classifier.unfamiliar(texts).tolist(), strict=True):
        row["unfamiliar"] = share
        row["unlike_training"] = None if limit is None else share > limit


if __name__ == "__main__":
    main()
