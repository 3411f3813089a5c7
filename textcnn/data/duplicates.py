"""Texts that occur in more than one split, which make a classifier look better than it is."""

import numpy as np
import pyarrow as pa

from textcnn.data.labelled import LabelledTexts
from textcnn.errors import InputError

# Who loses a text that two splits hold: the first named here. Test stays as it was given.
ORDER = ("data.train", "data.validation", "data.test")


def handle_duplicates(
    splits: dict[str, LabelledTexts], policy: str
) -> tuple[dict[str, LabelledTexts], list[str]]:
    """The splits, and a note for each that shares texts with a later one.

    Args:
        splits: by the names in ORDER.
        policy: `drop` the texts from the earlier split; `keep` them and only count; `error`.

    Raises:
        InputError: there are such texts, and `policy` is `error`.
    """
    seen = np.empty(0, np.uint64)
    kept, notes = dict(splits), []
    for key in reversed(ORDER):
        rows = splits[key]
        shared = np.isin(rows.text_hashes, seen)
        seen = np.concatenate([seen, rows.text_hashes])
        if not shared.any():
            continue
        later = " or ".join(ORDER[ORDER.index(key) + 1 :])
        said = f"{key}: {shared.sum():,} of {len(rows):,} texts occur in {later} too"
        if policy == "error":
            row = int(shared.argmax())
            raise InputError(
                f"{said}, the first in row {row + 1} ({rows.text(row)[:40]!r}); "
                "set data.duplicates to drop or keep"
            )
        if policy == "drop":
            kept[key] = rows.select(~shared)
            said += ": dropped"
        notes.append(said)
    if len(kept["data.train"]) == 0:
        raise InputError("every text of data.train occurs in another split: nothing to train on")
    return kept, notes


def first_of_each(rows: pa.Table) -> pa.Table:
    """The rows whose text did not occur before."""
    first: dict[str, int] = {}
    for row, text in enumerate(rows["text"].to_pylist()):
        first.setdefault(text, row)
    return rows.take(list(first.values()))
