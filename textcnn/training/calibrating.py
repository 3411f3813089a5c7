"""When a run fits what its validation texts tell of its probabilities."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from textcnn.checkpoint import save_calibration
from textcnn.evaluation.calibration.fit import calibrate
from textcnn.inference import BaseClassifier
from textcnn.runtime.calibration import Calibration

if TYPE_CHECKING:
    from textcnn.training.recipe import TrainingRun


def calibration_of(run: "TrainingRun", classifier: BaseClassifier[Any]) -> Calibration | None:
    """What the validation texts tell of a classifier that did not learn from them.

    Fitted by the first process, which writes the checkpoints; None in the others.
    """
    if not run.is_first:
        return None
    classifier.model.to(run.accelerator.device)
    scale, validation = run.config.training.calibrate, run.data.texts.validation
    return calibrate(classifier, validation, scale=scale, seen_ids=seen_ids(run))


def selected_calibration(run: "TrainingRun") -> Calibration | None:
    """That of the run before the final training, which leaves no validation texts.

    Its texts are unseen by that run only. So its temperature is kept, and only the ids of the
    final vocabulary are new.
    """
    if run.selection is None or run.selection.calibration is None:
        return None
    return replace(run.selection.calibration, seen_ids=seen_ids(run))


def calibrate_best(run: "TrainingRun", best: BaseClassifier[Any]) -> None:
    """Fit the calibration of the best checkpoint, and store it there.

    Args:
        best: the classifier of the checkpoint; gets the calibration too.
    """
    if run.selection is None and (calibration := calibration_of(run, best)) is not None:
        best.calibration = calibration
        save_calibration(run.run_dir / "best", calibration)


def seen_ids(run: "TrainingRun") -> int | None:
    """See `Calibration`."""
    texts = run.trained_on.texts
    return len(texts.encoder.vocabulary) - texts.added if texts.added else None
