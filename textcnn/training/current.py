"""The checkpoint of the model as training has it now."""

from typing import Any

import numpy as np

from textcnn.checkpoint import Checkpoint
from textcnn.data.splits import Splits
from textcnn.data.trained_texts import TrainedTexts
from textcnn.inference import AnyClassifier
from textcnn.inference.environment import environment
from textcnn.runtime.calibration import Calibration
from textcnn.training.final import Selection
from textcnn.training.growing.growth import Growth
from textcnn.training.state import TrainingState

GOLDEN_TEXTS = 3


def checkpoint_of(
    classifier: AnyClassifier,
    splits: Splits,
    state: TrainingState,
    *,
    config: str,
    vectors_coverage: float | None,
    selection: Selection | None,
    teacher: str | None,
    calibration: Calibration | None = None,
    known_texts: TrainedTexts | None = None,
    growth: Growth | None = None,
) -> Checkpoint:
    """
    Args:
        splits: as the run divided the rows, with those that the golden texts come from.
        config: YAML.
        vectors_coverage: fraction of the vocabulary that has pretrained vectors.
        selection: in the final training, what the run before it chose.
        teacher: fingerprint of the checkpoint that taught the network; None: none.
        calibration: None: not yet fitted.
        known_texts: of the checkpoint that the run started from; None: none, or unknown.
        growth: what is kept of that checkpoint; None: the run started from none.
    """
    golden = [*splits.validation.texts(GOLDEN_TEXTS), ""]
    logits = classifier.logits(golden).tolist()
    manifest: dict[str, Any] = {
        "data": splits.fingerprints(),
        "epoch": state.epoch,
        "step": state.step,
        "metrics": state.history[-1] if state.history else {},
        "vectors_coverage": vectors_coverage,
        "environment": environment(),
        "golden": [{"text": t, "logits": row} for t, row in zip(golden, logits, strict=True)],
    }
    if selection is not None:
        manifest["selection"] = selection.chosen
    if teacher is not None:
        manifest["teacher"] = teacher
    hashes = splits.train.text_hashes
    if selection is not None:  # the final training reads the validation texts too
        hashes = np.concatenate([hashes, splits.validation.text_hashes])
    trained_texts = TrainedTexts.of(hashes)
    if known_texts is not None:
        trained_texts = trained_texts.joined(known_texts)
    if growth is not None:
        manifest["init_from"] = growth.as_json()
    weights = classifier.model.state_dict()
    return Checkpoint(
        config,
        {name: tensor.contiguous() for name, tensor in weights.items()},
        classifier.encoder.vocabulary,
        splits.labels,
        manifest,
        classifier.raw_thresholds,
        classifier.encoder.tokenizer.definition,
        calibration,
        trained_texts,
    )
