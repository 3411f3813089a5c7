"""`predictions.jsonl`: every text of a split with its label and its prediction."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from textcnn.evaluation.texts.answers import Answers
from textcnn.system.atomic import new_file
from textcnn.system.escapes import json_escaped

OWN = ("row", "text", "label", "prediction", "probabilities", "correct")
SUFFIX = "_column"  # of another column that is named like one of OWN


def write_predictions(file: Path, answers: Answers, others: Sequence[Mapping[str, Any]]) -> None:
    """A line for each text, in the order of the rows. The file appears once it is complete.

    Args:
        others: (texts,) the other columns of each row, finite numbers only; they stand under their
            names.

    Raises:
        OSError: it can't be written.
    """
    encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
    with new_file(file) as temporary, temporary.open("w", encoding="utf-8") as lines:
        for line in prediction_rows(answers, others):
            lines.write(json_escaped(encode(line)) + "\n")


def prediction_rows(
    answers: Answers, others: Sequence[Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    found = answers.predictions
    probabilities = answers.listed()
    for text, more in enumerate(others):
        yield {
            "row": int(found.rows[text]),
            "text": answers.texts[text],
            "label": answers.label(text),
            "prediction": answers.prediction(text),
            "probabilities": next(probabilities),
            "correct": bool(found.correct[text]),
            **{free_name(name, more): value for name, value in more.items()},
        }


def free_name(name: str, others: Mapping[str, Any]) -> str:
    """The name of another column; with SUFFIX if it is one of OWN."""
    if name not in OWN:
        return name
    while name in OWN or name in others:
        name += SUFFIX
    return name
