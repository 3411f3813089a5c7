"""Whether an export answers as the checkpoint that it was made of.

An export in float32 must give the same answers, and logits that differ by rounding alone. One with
smaller weights or fewer words loses some answers; it breaks if it loses more than chance.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from textcnn.errors import InputError
from textcnn.evaluation.audit.rates import SURE, Change, compare, percent
from textcnn.evaluation.audit.subject import Subject, differs
from textcnn.runtime import load

LIMIT = 1e-4  # of a change, as a fraction of the largest logit
ALONE = 100  # texts that are also classified one by one


@dataclass(frozen=True)
class ExportCheck:
    """The answers of an export beside those of its checkpoint."""

    dtype: str
    exact: bool  # whether it stores all weights as they are
    largest_change: float  # of a logit
    limit: float  # of that change, if it is exact
    alone: float  # largest difference of logits between texts together and alone
    change: Change

    @property
    def holds(self) -> bool:
        if not self.alone <= self.limit:  # nan is a fault too
            return False
        if self.exact:
            return self.largest_change <= self.limit and not self.change.flipped
        return not self.change.is_worse

    @property
    def conclusion(self) -> str:
        found = (
            f"{self.change.flipped:,} other answers, logits differ by up to "
            f"{self.largest_change:.2g}"
        )
        if not self.alone <= self.limit:
            return f"BROKEN: logits of a text depend on its neighbours, by up to {self.alone:.2g}"
        if self.exact:
            return f"the answers are the same ({found})" if self.holds else f"BROKEN: {found}"
        lost = f"accuracy {percent(self.change.accuracy)} ({found})"
        if self.holds:
            return f"the export loses no more than chance would: {lost}"
        return f"BROKEN: the export loses more than chance would, p < {SURE}: {lost}"


def check_export(subject: Subject, path: str | Path) -> ExportCheck:
    """
    Raises:
        InputError: there is no export, or it has other labels.
    """
    exported, classifier = load(path), subject.classifier
    if exported.labels != classifier.labels:
        raise InputError(
            f"exported={path} has the labels {', '.join(exported.labels)}, the checkpoint has "
            f"{', '.join(classifier.labels)}; give an export of this checkpoint"
        )
    native = subject.logits(subject.encoded).numpy()
    logits = exported.logits(subject.texts)
    few = min(ALONE, len(subject))
    alone = np.concatenate([exported.logits([text]) for text in subject.texts[:few]])
    answers = subject.decide(torch.from_numpy(logits))
    made = exported.manifest["exported"]
    change = compare(
        "the export",
        subject.is_correct(subject.answers),
        subject.is_correct(answers),
        flipped=int(differs(answers, subject.answers).sum()),
    )
    return ExportCheck(
        str(made["dtype"]),
        made["dtype"] == "float32" and not made.get("kept"),
        float(np.abs(logits - native).max()),
        LIMIT * max(float(np.abs(native).max()), 1.0),
        float(np.abs(alone - logits[:few]).max()),
        change,
    )
