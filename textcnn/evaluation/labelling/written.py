"""The texts to label as CSV: an empty column to fill in, beside what the classifier suggests."""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Any

from textcnn.data.input_texts import ROW
from textcnn.data.sources.missing_labels import PROBABILITY, SUGGESTED
from textcnn.evaluation.labelling.candidates import Candidate, Passed
from textcnn.inference.files.columns import new_name
from textcnn.system.arguments import argument

SEPARATOR = "|"  # of several labels in one cell, unless training had another


@dataclass(frozen=True)
class Columns:
    """How the columns of a file to fill in are called."""

    text: str
    label: str
    separator: str = SEPARATOR

    @classmethod
    def like(cls, text: Sequence[str], label: Any, separator: str | None) -> "Columns":
        """As those of the training rows, so that both files are read with the same keys.

        Args:
            text: the columns that are joined to a text.
            label: the column of the labels, or several, which no single cell can fill.
            separator: of several labels in one cell; None: there is none.
        """
        own = {SUGGESTED, PROBABILITY, ROW}
        named = text[0] if len(text) == 1 and not text[0].isdecimal() else "text"
        kept = label if isinstance(label, str) and not label.isdecimal() else "label"
        return cls(
            named if named not in own else "text",
            kept if kept not in {*own, named} else "label",
            separator or SEPARATOR,
        )

    @property
    def keys(self) -> str:
        """The keys with which training reads the file, if they are not the defaults."""
        given = {"data.text": self.text, "data.label": self.label}
        return "".join(
            f" {argument(key, name)}" for key, name in given.items() if key != f"data.{name}"
        )


def write_to_label(file: IO[str], chosen: Sequence[Candidate], columns: Columns) -> None:
    """One row per text: its number in the input, the text, an empty label, what is suggested with
    its probability, and the other columns of the input."""
    header = [ROW, columns.text, columns.label, SUGGESTED, PROBABILITY]
    others = dict.fromkeys(name for each in chosen for name in each.row.others)
    # the labels and suggestions that the input may have are out of date
    carried = [name for name in others if name == ROW or name not in header]
    writer = csv.writer(file)
    writer.writerow([*header, *(new_name(name, carried, header) for name in carried)])
    for each in chosen:
        suggested = each.suggested
        if not isinstance(suggested, str):
            suggested = columns.separator.join(sorted(suggested))
        cells = [each.row.number, each.row.text, "", suggested, f"{each.probability:.4f}"]
        writer.writerow([*cells, *(cell(each.row.others.get(name)) for name in carried)])


def cell(value: Any) -> str:
    """A value of another column as CSV holds it."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, default=str)


def report(
    output: str, chosen: Sequence[Candidate], passed: Passed, columns: Columns, *, several: bool
) -> str:
    """What was chosen, what was passed over, and what to do with the file.

    Args:
        several: the classifier predicts label sets.
    """
    lines = [f"{len(chosen):,} of {passed.texts:,} texts chosen{passed.words}"]
    if output != "-":
        train = f"{argument('data.train', output)}{columns.keys}"
        lines.append(
            f"saved in {output}; fill in the column {columns.label}, then train on it, with the "
            f"labelled rows that you have or from the checkpoint (init_from): {train}"
        )
    if several:
        lines.append(
            f"labels of a text are separated by {columns.separator}, which alone in its cell says "
            "that a text has none; train with "
            + argument("data.label_separator", columns.separator)
        )
    return "\n".join(lines)
