"""The texts of an input that a classifier is least sure of: a bounded number, at any size."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from textcnn.data.input_texts import InputRow
from textcnn.data.same_text import hash_texts
from textcnn.data.trained_texts import TrainedTexts
from textcnn.inference import BaseClassifier, LabelSetClassifier

ROWS_AT_ONCE = 4096  # texts that are answered together


class Candidate(NamedTuple):
    """A text that may be worth a label."""

    row: InputRow
    doubt: float  # from 0, sure, to 1
    suggested: str | frozenset[str]  # the predicted class or label set
    probability: float  # of the predicted class; of label sets that of the least sure label


@dataclass
class Passed:
    """How many texts were not considered, and why."""

    texts: int = 0  # of the input
    empty: int = 0
    trained: int = 0  # the classifier learned from them
    repeated: int = 0  # among the least sure

    @property
    def words(self) -> str:
        """What a line about the chosen texts adds."""
        reasons = {
            "known from training": self.trained,
            "empty": self.empty,
            "repeated among the least sure": self.repeated,
        }
        told = [f"{count:,} {reason}" for reason, count in reasons.items() if count]
        return f"; passed over: {', '.join(told)}" if told else ""


def least_sure(
    rows: Iterable[InputRow],
    classifier: BaseClassifier[Any],
    most: int,
    trained: TrainedTexts | None = None,
    *,
    rows_at_once: int = ROWS_AT_ONCE,
) -> tuple[list[Candidate], Passed]:
    """The candidates with the most doubt, the first of equal ones first, and what was passed over.

    Memory holds `most` texts beside those that are answered at the moment.

    Args:
        most: number of candidates.
        trained: the texts that the classifier learned from; None: unknown.
    """
    kept: list[tuple[Candidate, int]] = []  # with the hash of the text
    passed = Passed()
    for block in blocks(rows, rows_at_once):
        passed.texts += len(block)
        hashes = hash_texts([row.text for row in block])
        empty = np.array([not row.text.strip() for row in block], bool)
        known = np.zeros(len(block), bool) if trained is None else trained.find(hashes)[0]
        passed.empty += int(empty.sum())
        passed.trained += int((known & ~empty).sum())
        open_ = np.flatnonzero(~known & ~empty).tolist()
        found = candidates([block[place] for place in open_], classifier)
        kept += zip(found, hashes[open_].tolist(), strict=True)
        kept = first_of_each(kept, passed)
        kept = sorted(kept, key=lambda pair: -pair[0].doubt)[:most]  # stable
    return [candidate for candidate, _ in kept], passed


def first_of_each(
    pairs: list[tuple[Candidate, int]], passed: Passed
) -> list[tuple[Candidate, int]]:
    """The pairs without later ones of the same hash, which are counted."""
    first: dict[int, tuple[Candidate, int]] = {}
    for pair in pairs:
        first.setdefault(pair[1], pair)
    passed.repeated += len(pairs) - len(first)
    return list(first.values())


def blocks(rows: Iterable[InputRow], size: int) -> Iterator[list[InputRow]]:
    rest = iter(rows)
    while block := list(islice(rest, size)):
        yield block


def candidates(rows: list[InputRow], classifier: BaseClassifier[Any]) -> list[Candidate]:
    """What a classifier makes of texts."""
    if not rows:
        return []
    logits = classifier.logits([row.text for row in rows])
    probabilities = classifier.probabilities(logits)
    if isinstance(classifier, LabelSetClassifier):
        doubts, sure = label_doubts(probabilities, classifier.thresholds)
        suggested: list[Any] = [each.labels for each in classifier.decide(logits)]
    else:
        doubts, sure = margin_doubts(probabilities)
        best = logits.argmax(dim=1).tolist()
        suggested = [classifier.labels[place] for place in best]
    cells = zip(rows, doubts.tolist(), suggested, sure.tolist(), strict=True)
    return [Candidate(*each) for each in cells]


def margin_doubts(probabilities: Tensor) -> tuple[Tensor, Tensor]:
    """1 less the margin between the two most probable classes, and the higher probability.

    Args:
        probabilities: (texts, classes)

    Returns:
        (texts,) each
    """
    top = probabilities.topk(min(2, probabilities.shape[1]), dim=1).values
    margin = top[:, 0] - top[:, 1] if top.shape[1] > 1 else top[:, 0]
    return 1 - margin, top[:, 0]


def label_doubts(probabilities: Tensor, thresholds: Iterable[float]) -> tuple[Tensor, Tensor]:
    """How near the label that is nearest to its threshold is, and its probability.

    A label at its threshold has the doubt 1, at the probability 0 or 1 the doubt 0.

    Args:
        probabilities: (texts, labels)
        thresholds: one for each label.

    Returns:
        (texts,) each
    """
    limits = torch.tensor([*thresholds], dtype=probabilities.dtype).clamp(1e-6, 1 - 1e-6)
    room = torch.where(probabilities < limits, limits, 1 - limits)
    doubts, places = (1 - (probabilities - limits).abs() / room).max(dim=1)
    return doubts, probabilities.gather(1, places[:, None])[:, 0]
