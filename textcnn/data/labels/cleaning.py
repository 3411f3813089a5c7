"""The labels of files and Hub datasets, as other programs and people wrote them, made ready."""

from collections.abc import Mapping

import pyarrow as pa

from textcnn.data.labels.spelling import Spelling, spelling_warnings, spellings
from textcnn.data.sources.missing_labels import drop_missing
from textcnn.data.sources.source import FOREIGN, Source


def clean_labels(
    tables: Mapping[str, pa.Table], source: Source
) -> tuple[dict[str, pa.Table], list[str], list[str]]:
    """The rows that have labels, spelled as in training; notes and warnings for the user.

    Labels given from Python, and those of other sources, stay as they are.

    Raises:
        InputError: no row of a table has a label.
    """
    if source.source not in FOREIGN:
        return dict(tables), [], []
    labelled, notes = {}, []
    for key, rows in tables.items():
        labelled[key], note = drop_missing(rows, key)
        notes += note
    first = labelled.get("data.train", next(iter(labelled.values())))
    spelling = Spelling(spellings(first["label"]))
    unified = {key: spelling.unify(rows) for key, rows in labelled.items()}
    return unified, notes, spelling_warnings(labelled, spelling)
