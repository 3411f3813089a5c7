"""Validation and test rows whose class occurs in no training row."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from textcnn.data.labelled import SHARES
from textcnn.data.labels.spelling import renamed, spellings
from textcnn.errors import InputError

UNSEEN = "(not in training)"  # the class of such test rows, which no classifier predicts
FIX = (
    "; correct it, or drop such rows with data.unseen_label=drop, or count them as misclassified "
    "test texts with data.unseen_label=wrong"
)
SHOWN = 3


def handle_unseen(
    rows: pa.Table, names: Sequence[str], key: str, policy: str
) -> tuple[pa.Table, tuple[str, ...], list[str]]:
    """The rows to use, the classes that they have, and a note for the user.

    Args:
        rows: as `label_texts` takes them.
        names: of the classes in training.
        key: data.validation or data.test.
        policy: `error`: leave them to `label_texts`, which refuses them with FIX; `drop` them;
            `wrong`: give them the class UNSEEN, which comes last. Validation rows are dropped in
            any case: they can choose nothing.

    Raises:
        InputError: no other row is left, or `wrong` is asked for rows with soft labels.
    """
    strange = [name for name in spellings(rows["label"]) if name not in set(names)]
    if policy == "error" or not strange:
        return rows, tuple(names), []
    labels = rows["label"]
    several = pa.types.is_list(labels.type)
    flat = pc.list_flatten(labels) if several else labels
    unseen = pc.is_in(flat, pa.array(strange, pa.string())).to_numpy()
    owners = pc.list_parent_indices(labels).to_numpy() if several else np.arange(len(rows))
    affected = np.zeros(len(rows), bool)
    affected[owners[unseen]] = True
    more = ", ..." if len(strange) > SHOWN else ""
    note = (
        f"{key}: {affected.sum():,} of {len(rows):,} texts have a class that training lacks "
        f"({', '.join(strange[:SHOWN])}{more})"
    )
    if policy == "wrong" and key == "data.test":
        if SHARES in rows.column_names:
            raise InputError(f"{note}; data.unseen_label=wrong counts names only; try drop")
        place = rows.column_names.index("label")
        rows = rows.set_column(place, "label", renamed(labels, dict.fromkeys(strange, UNSEEN)))
        return rows, (*names, UNSEEN), [f"{note}: counted as misclassified (data.unseen_label)"]
    if affected.all():
        raise InputError(f"{note}: no row is left; check data.label, or give other files")
    return rows.filter(pa.array(~affected)), tuple(names), [f"{note}: dropped (data.unseen_label)"]
