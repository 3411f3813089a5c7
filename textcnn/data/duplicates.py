"""Texts that occur in more than one split: they make a classifier look better than it is."""

import numpy as np
import pyarrow as pa

from textcnn.data.labelled import LabelledTexts
from textcnn.errors import InputError

# If two splits share a text, the one named first here loses it; test stays as it is.
ORDER = ("data.train", "data.validation", "data.test")


def handle_duplicates(
    splits: dict[str, LabelledTexts], policy: str
) -> tuple[dict[str, LabelledTexts], list[str]]:
    """The splits, and a note for each split that has texts in common with a later one.

    Args:
        splits: by the names in ORDER.
        policy: `drop` the texts from the earlier split, `keep` and only count them, or `error`.

    Raises:
        InputError: there are such texts and `policy` is `error`, or no text to train on or
            to validate on is left.
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
        note = f"{key}: {shared.sum():,} of {len(rows):,} texts also occur in {later}"
        if policy == "error":
            row = int(shared.argmax())
            raise InputError(
                f"{note}, first in row {row + 1} ({rows.text(row)[:40]!r}); "
                "set data.duplicates to drop or keep"
            )
        if policy == "drop":
            kept[key] = rows.select(~shared)
            note += ": dropped"
        notes.append(note)
    if len(kept["data.train"]) == 0:
        raise InputError(
            "every text of data.train also occurs in another split, so there is nothing to train "
            "on; give other files, or set data.duplicates=keep"
        )
    if len(splits["data.validation"]) and len(kept["data.validation"]) == 0:
        raise InputError(
            "every text of data.validation also occurs in data.test, so there is nothing to "
            "validate on; give another file, leave data.validation out to draw it from the "
            "training rows, or set data.duplicates=keep"
        )
    return kept, notes


def first_of_each(rows: pa.Table) -> pa.Table:
    """The rows without later repetitions of a text."""
    first: dict[str, int] = {}
    for row, text in enumerate(rows["text"].to_pylist()):
        first.setdefault(text, row)
    return rows.take(list(first.values()))
