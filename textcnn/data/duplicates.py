"""Texts that occur in more than one split, which make a classifier look better than it is."""

import numpy as np
from datasets import Dataset

from textcnn.errors import InputError

# Who loses a text that two splits hold: the first named here. Test stays as it was given.
ORDER = ("data.train", "data.validation", "data.test")


def fold(text: str) -> str:
    """A text without the differences that don't count: case and white space."""
    return " ".join(text.casefold().split())


def handle_duplicates(
    splits: dict[str, Dataset], policy: str
) -> tuple[dict[str, Dataset], list[str]]:
    """The splits, and a note for each that shares texts with a later one.

    Args:
        splits: by the names in ORDER.
        policy: `drop` the texts from the earlier split; `keep` them and only count; `error`.

    Raises:
        InputError: there are such texts, and `policy` is `error`.
    """
    seen: set[int] = set()  # hashes: the texts themselves may be too many to hold twice
    kept, notes = dict(splits), []
    for key in reversed(ORDER):
        rows = splits[key]
        hashes = [hash(fold(text)) for text in rows["text"]]
        shared = np.array([value in seen for value in hashes], dtype=bool)
        seen.update(hashes)
        if not shared.any():
            continue
        later = " or ".join(ORDER[ORDER.index(key) + 1 :])
        said = f"{key}: {shared.sum():,} of {len(rows):,} texts occur in {later} too"
        if policy == "error":
            row = int(shared.argmax())
            raise InputError(
                f"{said}, the first in row {row + 1} ({rows[row]['text'][:40]!r}); "
                "set data.duplicates to drop or keep"
            )
        if policy == "drop":
            kept[key] = rows.select(np.flatnonzero(~shared))
            said += ": dropped"
        notes.append(said)
    if len(kept["data.train"]) == 0:
        raise InputError("every text of data.train occurs in another split: nothing to train on")
    return kept, notes
