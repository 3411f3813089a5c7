"""How good probabilities are, before and after calibration, and what abstaining would gain."""

from dataclasses import asdict, dataclass
from typing import Any

import torch
import torch.nn.functional as F
from rich.table import Table
from torch import Tensor

from textcnn.evaluation.calibration.coverage import area_under
from textcnn.evaluation.calibration.fit import some_rows
from textcnn.evaluation.calibration.reliability import (
    Bin,
    brier_score,
    calibration_error,
    equal_mass_bins,
    equal_width_bins,
)
from textcnn.evaluation.predictions import Predictions
from textcnn.runtime.calibration import Calibration

MOST = 2**25  # probabilities that are looked at: of more, a random part of the texts
THRESHOLDS = (0.5, 0.8, 0.9, 0.95, 0.99)  # that are shown


@dataclass(frozen=True)
class Quality:
    """How close probabilities are to the truth; lower is better everywhere."""

    log_loss: float  # nats
    ece: float  # expected calibration error, 15 bins of equal width
    ece_equal_mass: float  # the same with bins of as many predictions each
    brier: float


@dataclass(frozen=True)
class Abstaining:
    """What remains if only texts are answered whose class reaches a threshold."""

    threshold: float
    coverage: float  # the share of texts that are answered
    accuracy: float | None  # among them; None: there are none


@dataclass(frozen=True)
class CalibrationReport:
    """Probabilities of labelled texts, before and after calibration."""

    calibration: Calibration
    texts: int  # that were looked at
    before: Quality
    after: Quality
    bins: tuple[Bin, ...]  # of equal width, after calibration: the reliability diagram
    bins_before: tuple[Bin, ...]
    # one class per text only; None and () for label sets
    area: float | None = None  # under the risk-coverage curve
    abstaining: tuple[Abstaining, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            **self.calibration.summary(),
            "validation_texts": self.calibration.texts,
            "texts": self.texts,
            "before": asdict(self.before),
            "after": asdict(self.after),
            "bins": [each.as_json() for each in self.bins],
            "bins_before": [each.as_json() for each in self.bins_before],
            "area_under_risk_coverage": self.area,
            "abstaining": [asdict(each) for each in self.abstaining],
        }

    @property
    def line(self) -> str:
        """The numbers in a sentence, those before calibration in brackets."""
        after, before = self.after, self.before
        values = [
            (f"{100 * after.ece:.1f} points", f"{100 * before.ece:.1f}"),
            (f"log loss {after.log_loss:.4f}", f"{before.log_loss:.4f}"),
            (f"Brier score {after.brier:.4f}", f"{before.brier:.4f}"),
        ]
        error, loss, brier = (
            f"{new} ({old})" if self.calibration.scales else new for new, old in values
        )
        way = "slopes and offsets"
        if self.calibration.slopes is None:
            way = f"a temperature of {self.calibration.temperature:.2f}"
        return (
            f"probabilities differ from observed frequencies by {error} on average; {loss}, {brier}"
            + (f"; in brackets before {way}" if self.calibration.scales else "")
        )


def judge_probabilities(
    predictions: Predictions, calibration: Calibration
) -> CalibrationReport | None:
    """How good the probabilities of a split are.

    Texts of classes that training lacks are left out.

    Returns:
        None if the logits were not kept, or no text is left.
    """
    if predictions.logits is None:
        return None
    classes = len(predictions.labels)
    rows = some_rows(len(predictions), classes, MOST)
    if not predictions.multi_label:
        rows = rows[predictions.truth[rows] < classes]
    if not len(rows):
        return None
    logits = predictions.logits[torch.from_numpy(rows)]
    truth = torch.from_numpy(predictions.truth[rows])
    soft = None if predictions.targets is None else torch.from_numpy(predictions.targets[rows])
    judge = of_label_sets if predictions.multi_label else of_classes
    before, bins_before, _, _ = judge(logits, truth, soft)
    after, bins, confidences, correct = judge(calibration.scaled(logits), truth, soft)
    single = not predictions.multi_label
    return CalibrationReport(
        calibration,
        len(rows),
        before,
        after,
        tuple(bins),
        tuple(bins_before),
        area_under(confidences, correct) if single else None,
        tuple(abstain(confidences, correct, each) for each in THRESHOLDS if single),
    )


# Quality, bins of equal width, and of each answer (of label sets: of each text and label) its
# probability and whether it is true.
Judged = tuple[Quality, list[Bin], Tensor, Tensor]


def of_classes(logits: Tensor, labels: Tensor, soft: Tensor | None) -> Judged:
    """
    Args:
        logits: (texts, classes)
        labels: (texts,) int64
        soft: (texts, classes) float32, soft labels; None: there are none.
    """
    truth = labels if soft is None else soft
    probabilities = logits.softmax(dim=1)
    confidences, predicted = probabilities.max(dim=1)
    loss = F.cross_entropy(logits, truth).item()
    brier = brier_score(probabilities, truth)
    return judged(loss, brier, confidences, predicted == labels)


def of_label_sets(logits: Tensor, sets: Tensor, soft: Tensor | None) -> Judged:
    """
    Args:
        logits: (texts, labels)
        sets: (texts, labels) bool; a further column has those that training lacks.
        soft: as for `of_classes`.
    """
    sets = sets[:, : logits.shape[1]]
    probabilities = logits.sigmoid()
    loss = F.binary_cross_entropy_with_logits(logits, sets.float() if soft is None else soft)
    brier = brier_score(probabilities, sets)
    return judged(loss.item(), brier, probabilities.flatten(), sets.flatten())


def judged(loss: float, brier: float, confidences: Tensor, correct: Tensor) -> Judged:
    bins = equal_width_bins(confidences, correct)
    by_mass = calibration_error(equal_mass_bins(confidences, correct))
    return Quality(loss, calibration_error(bins), by_mass, brier), bins, confidences, correct


def abstain(confidences: Tensor, correct: Tensor, threshold: float) -> Abstaining:
    answered = confidences >= threshold
    count = int(answered.sum())
    right = int((answered & correct).sum())
    return Abstaining(threshold, count / len(answered), right / count if count else None)


def abstaining_table(report: CalibrationReport) -> Table:
    """What `predict threshold=` would answer of these texts."""
    table = Table(title="Answers above a threshold", title_justify="left")
    for name in ("threshold", "answered %", "accuracy % of these"):
        table.add_column(name, justify="right")
    for row in report.abstaining:
        accuracy = "" if row.accuracy is None else f"{100 * row.accuracy:.2f}"
        table.add_row(f"{row.threshold:g}", f"{100 * row.coverage:.1f}", accuracy)
    return table
