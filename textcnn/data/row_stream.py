"""Training rows of unknown number: read in order, some at a time, again and again."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from textcnn.data.labelled import LabelledTexts, label_names, label_texts
from textcnn.data.sources.source import Source
from textcnn.data.splits import Division, Splits
from textcnn.errors import InputError


@dataclass(frozen=True)
class RowStream:
    """The rows of a source but for those that validation and test hold."""

    read: Callable[[], Iterator[pa.Table]]  # from the first row on
    names: tuple[str, ...]  # of the classes
    drawn: np.ndarray  # numbers, from 0, of the rows that validation and test were drawn from
    held: np.ndarray  # hashes of the folded texts of validation and test that no row may repeat
    duplicates: str  # what becomes of a row that does: drop, keep or error
    max_rows: int | None

    def windows(self, size: int, skip: int = 0) -> Iterator[LabelledTexts]:
        """The rows of one pass, `size` at a time before some are left out.

        Args:
            skip: windows to leave out.

        Raises:
            InputError: a row that can't be used.
        """
        first = 0
        for table in regrouped(self.read(), size, self.max_rows):
            if first >= skip * size:
                yield self.usable(table, first)
            first += len(table)

    def usable(self, table: pa.Table, first: int) -> LabelledTexts:
        """
        Args:
            first: the number of the table's first row, from 0.
        """
        keep = ~np.isin(np.arange(first, first + len(table)), self.drawn)
        rows = label_texts(
            table,
            self.names,
            "data.train",
            first_row=first + 1,
            known_from="the first text.vocabulary_examples rows; let there be more",
            kept=False,
        )
        if self.duplicates != "keep":
            repeated = np.isin(rows.text_hashes, self.held) & keep
            if repeated.any() and self.duplicates == "error":
                place = int(repeated.argmax())
                raise InputError(
                    f"data.train, row {first + place + 1}: the text ({rows.text(place)[:40]!r}) "
                    "occurs in validation or test too; set data.duplicates to drop or keep"
                )
            keep &= ~repeated
        return rows.select(keep)


def load_stream(source: Source, division: Division, examples: int) -> tuple[Splits, RowStream]:
    """A stream to train on, and splits of its first rows.

    The first rows teach vocabulary and classes. Validation and test, where no rows are given for
    them, are drawn from these first rows too.

    Args:
        examples: how many first rows.

    Raises:
        InputError: as `load_splits`.
    """
    stream, readers, notes = source.open_stream()
    division.shares(["data.train", *readers])
    first = min(examples, division.max_examples or examples)
    head = next(regrouped(stream(), first, first), None)
    if head is None:
        raise InputError("data.train holds no rows")
    names = label_names(head["label"])
    if len(head) == first and len(names) == 1 and not pa.types.is_list(head["label"].type):
        raise InputError(
            f"data.train: the first {first:,} rows hold one class only ({names[0]}), and a stream "
            "learns its classes from these; raise text.vocabulary_examples (and data.max_examples, "
            "if given), or shuffle the rows"
        )
    tables = {"data.train": head, **{key: read() for key, read in readers.items()}}
    splits = division.divide(tables, notes)
    others = (splits.validation, splits.test)
    drawn = [rows.rows for rows in others if rows.source is splits.train.source]
    held = np.concatenate([rows.text_hashes for rows in others])
    notes = [
        *splits.notes,
        f"data.streaming: vocabulary and classes of the first {len(head):,} rows",
    ]
    rows = RowStream(
        stream,
        splits.labels,
        np.concatenate([np.empty(0, np.int64), *drawn]),
        held,
        division.duplicates,
        division.max_examples,
    )
    return replace(splits, notes=tuple(notes)), rows


def regrouped(tables: Iterator[pa.Table], size: int, most: int | None) -> Iterator[pa.Table]:
    """The rows of small tables in tables of `size`, the last one smaller; `most` rows in all."""
    waiting: list[pa.Table] = []
    number, left = 0, most
    for table in tables:
        if left is not None:
            table = table.slice(0, left)
            left -= len(table)
        waiting.append(table)
        number += len(table)
        while number >= size:
            rows = pa.concat_tables(waiting)
            yield rows.slice(0, size)
            waiting, number = [rows.slice(size)], number - size
        if left == 0:
            break
    if number:
        yield pa.concat_tables(waiting)
