"""Training rows that are read from the disk or the Hub during training, in order."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from textcnn.data.labelled import LabelledTexts, has_label_sets, label_names, label_texts
from textcnn.data.labels.renaming import Renaming
from textcnn.data.labels.spelling import Spelling, spelling_warnings, spellings
from textcnn.data.sources.missing_labels import drop_missing
from textcnn.data.sources.source import Source
from textcnn.data.splits import Division, Splits
from textcnn.errors import InputError


@dataclass(frozen=True)
class RowStream:
    """The rows of a source without those of validation and test; their number is unknown."""

    read: Callable[[], Iterator[pa.Table]]  # starts at the first row
    names: tuple[str, ...]  # of the classes
    drawn: np.ndarray  # indices of the rows that validation and test were drawn from
    held: np.ndarray  # hashes of the validation and test texts, see `text_hashes`
    duplicates: str  # rows with such a text: drop, keep or error
    max_rows: int | None  # of a pass

    def windows(self, size: int, skip: int = 0) -> Iterator[LabelledTexts]:
        """The rows of one pass in windows; each reads `size` rows and drops those not to use.

        Args:
            skip: the number of windows to skip.

        Raises:
            InputError: a row can't be used.
        """
        first = 0
        for table in regrouped(self.read(), size, self.max_rows):
            if first >= skip * size:
                yield self.usable(table, first)
            first += len(table)

    def usable(self, table: pa.Table, first: int) -> LabelledTexts:
        """The rows of a table that are for training.

        Args:
            first: the index of the table's first row in the source.
        """
        keep = ~np.isin(np.arange(first, first + len(table)), self.drawn)
        rows = label_texts(
            table,
            self.names,
            "data.train",
            first_row=first + 1,
            known_from="the first text.vocabulary_examples rows (raise this number)",
            kept=False,
        )
        if self.duplicates != "keep":
            repeated = np.isin(rows.text_hashes, self.held) & keep
            if repeated.any() and self.duplicates == "error":
                place = int(repeated.argmax())
                raise InputError(
                    f"data.train, row {first + place + 1}: the text ({rows.text(place)[:40]!r}) "
                    "also occurs in validation or test; set data.duplicates to drop or keep"
                )
            keep &= ~repeated
        return rows.select(keep)


def load_stream(
    source: Source, division: Division, examples: int, window: int | None = None
) -> tuple[Splits, RowStream]:
    """The stream to train on, and splits of its first rows.

    Vocabulary and classes are learned from the first rows. Validation and test are drawn from them
    too, unless they have rows of their own.

    Args:
        examples: the number of first rows.
        window: the number of rows that will be shuffled among themselves; None: unknown.

    Raises:
        InputError: as `load_splits`.
    """
    stream, readers, notes = source.open_stream()
    division.drawn_fractions(["data.train", *readers])
    first = min(examples, division.max_examples or examples)
    head = next(regrouped(with_label(stream()), first, first), None)
    if head is None:
        raise InputError("data.train holds no rows with a label")
    spelling = Spelling(spellings(head["label"]))
    warnings = spelling_warnings({"data.train": head}, spelling)
    head = spelling.unify(head)
    names = label_names(head["label"])
    if len(head) == first and len(names) == 1 and not has_label_sets(head):
        raise InputError(
            f"data.train: the first {first:,} rows hold only one class ({names[0]}), and a stream "
            "learns its classes from them; raise text.vocabulary_examples (and data.max_examples, "
            "if given), or shuffle the rows"
        )
    source.check_classes(names, f"none of the first {len(head):,} rows of data.train")
    given = {key: drop_missing(read(), key) for key, read in readers.items()}
    notes += [note for _, some in given.values() for note in some]
    others = {key: spelling.unify(rows) for key, (rows, _) in given.items()}
    tables = {"data.train": head, **others}
    splits = division.divide(tables, notes)
    held_out = (splits.validation, splits.test)
    drawn = [rows.rows for rows in held_out if rows.source is splits.train.source]
    held = np.concatenate([rows.text_hashes for rows in held_out])
    notes = [
        *source.notes,
        *splits.notes,
        f"data.streaming: vocabulary and classes are learned from the first {len(head):,} rows",
    ]
    rows = RowStream(
        lambda: with_label(stream(), spelling, division.renaming),
        splits.labels,
        np.concatenate([np.empty(0, np.int64), *drawn]),
        held,
        division.duplicates,
        division.max_examples,
    )
    warnings += [*splits.warnings, *sorted_warnings(splits.train, window)]
    return replace(splits, notes=tuple(notes), warnings=tuple(warnings)), rows


def sorted_warnings(train: LabelledTexts, window: int | None) -> Iterator[str]:
    """A warning if windows of a stream hold one class only: its rows are sorted.

    Args:
        train: the first rows, in order.
        window: rows that are shuffled among themselves; None: unknown.
    """
    if window is None or window < 2 or len(train.names) < 2:
        return
    strata = train.strata
    windows = [strata[start : start + window] for start in range(0, len(strata), window)]
    alone = sum(len(each) > 1 and (each == each[0]).all() for each in windows)
    if alone:
        yield (
            f"{alone:,} of the first {len(windows):,} windows of data.shuffle_buffer={window:,} "
            "texts hold one class only, so that training forgets the others meanwhile; shuffle the "
            "rows of the files, or raise data.shuffle_buffer"
        )


def with_label(tables: Iterator[pa.Table], *unifiers: Spelling | Renaming) -> Iterator[pa.Table]:
    """The rows that have a label.

    Args:
        unifiers: what changes the names of the labels, one after another.
    """
    for table in tables:
        if table["label"].null_count:
            table = table.filter(pc.is_valid(table["label"]))
        for each in unifiers:
            table = each.unify(table)
        yield table


def regrouped(tables: Iterator[pa.Table], size: int, most: int | None) -> Iterator[pa.Table]:
    """The rows of tables in tables of `size` rows (the last may be smaller).

    Args:
        most: limit of rows in total; None: all.
    """
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
