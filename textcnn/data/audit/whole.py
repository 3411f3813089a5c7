"""What is wrong with the data as a whole, not with single rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from textcnn.data.audit.label_errors import LabelErrors
from textcnn.data.audit.pool import Pool
from textcnn.data.audit.shortcuts import Shortcut, find_shortcuts
from textcnn.data.audit.similar_classes import SimilarClasses, confused_classes, similar_names


@dataclass(frozen=True)
class Whole:
    """Faults of the data, and how far the models agree with the labels."""

    agreement: float  # fraction of the rows whose most probable class is the label
    similar: list[SimilarClasses]
    shortcuts: list[Shortcut]

    @property
    def lines(self) -> list[str]:
        return [
            *(f"classes that look alike: {each}" for each in self.similar),
            *(f"shortcut: {each}" for each in self.shortcuts),
        ]


def examine(pool: Pool, errors: LabelErrors, split: Callable[[str], Sequence[str]]) -> Whole:
    """
    Args:
        split: the tokenizer.
    """
    similar = similar_names(pool.names)
    if not pool.multi_label:
        similar += confused_classes(pool.names, pool.labels, errors.suggested)
    return Whole(
        float(np.mean(~errors.doubtful)),
        similar,
        find_shortcuts(pool.texts, pool.labels, pool.names, split),
    )
