"""Rows without a label: refused all together, or dropped."""

from collections.abc import Collection, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from textcnn.data.labels.spelling import trimmed
from textcnn.errors import InputError, NoLabelsError

SHOWN = 3
# Columns beside the labels to fill in, in the files of textcnn.label.
SUGGESTED, PROBABILITY = "suggested", "probability"


def is_to_fill_in(names: Collection[str]) -> bool:
    """Whether a file with columns of these names comes from textcnn.label: its rows without a label
    were not filled in, and are dropped."""
    return SUGGESTED in names and PROBABILITY in names


def is_missing(cell: Any) -> bool:
    """Whether a cell is empty: null, NaN, or white space and invisible characters."""
    if isinstance(cell, float):
        return cell != cell
    if isinstance(cell, str):
        return not (cell.strip() if cell.isascii() else trimmed(cell))
    return cell is None


def refuse_missing(
    rows: pa.Table,
    where: str,
    labels: str,
    policy: str,
    first_row: int = 1,
    what: str = "empty",
) -> pa.Table:
    """The same rows, whose `label` is null where there is none.

    Args:
        where: what messages call the rows.
        labels: the name of their label columns.
        policy: `data.missing_label`: error or drop.
        first_row: the number of the first row in messages.
        what: their cells are: empty or null.

    Raises:
        InputError: a row has no label and `policy` is `error`.
    """
    column = rows["label"]
    if policy == "drop" or column.null_count == 0:
        return rows
    numbers = pc.indices_nonzero(pc.is_null(column))[:SHOWN].to_pylist()
    shown = ", ".join(str(number + first_row) for number in numbers)
    more = ", ..." if column.null_count > SHOWN else ""
    one = column.null_count == 1
    error = NoLabelsError if column.null_count == len(rows) else InputError
    raise error(
        f"{where}, row{'' if one else 's'} {shown}{more}: column {labels!r} is {what}"
        f"{'' if one else f' in {column.null_count:,} of {len(rows):,} rows'}; fill it, or drop "
        f"{'the row' if one else 'these rows'} with data.missing_label=drop"
    )


def missing_as(given: Sequence[pa.ChunkedArray], labels: pa.ChunkedArray) -> str:
    """What the cells of rows without a label hold: null, nothing, or one of the two.

    Args:
        given: the label columns, as they are.
        labels: made of them, null where there is none.
    """
    if labels.null_count == 0:
        return ""
    rows = pc.is_null(labels)
    nulls = [pc.is_null(column.filter(rows), nan_is_null=True) for column in given]
    if all(pc.all(each).as_py() for each in nulls):
        return "null"
    return "null or empty" if any(pc.any(each).as_py() for each in nulls) else "empty"


def drop_missing(rows: pa.Table, key: str) -> tuple[pa.Table, list[str]]:
    """The rows that have a label, and a note for the user if others were dropped.

    Raises:
        InputError: no row has a label.
    """
    missing = rows["label"].null_count
    if missing == 0:
        return rows, []
    if missing == len(rows):
        raise NoLabelsError(f"{key}: none of {missing:,} rows has a label; check data.label")
    note = f"{key}: {missing:,} of {len(rows):,} rows have no label: dropped (data.missing_label)"
    return rows.filter(pc.is_valid(rows["label"])), [note]
