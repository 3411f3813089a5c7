"""What `last/` holds besides the model, so that a run can be resumed."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import torch

from textcnn.checkpoint import Checkpoint, load_training_state
from textcnn.errors import InputError
from textcnn.system.atomic import existing, new_file, write_json
from textcnn.system.run_dir import TOKENIZER, WORDS
from textcnn.text.tokenizer_file import read_definition
from textcnn.text.tokenizers import Tokenizer
from textcnn.training.final import Selection
from textcnn.training.optimization.stored import fitting_optimizer_state
from textcnn.training.state import TrainingState

LONGEST_REASON = 200  # characters of an error of PyTorch

if TYPE_CHECKING:
    from pathlib import Path

    from textcnn.training.recipe import TrainingRun


def state_to_resume(run: "TrainingRun") -> dict[str, Any]:
    """Tensors and plain values."""
    state = {
        "state": asdict(run.state),
        "batches": run.batches.position(),
        "optimizer": run.learner.optimizer.state_dict(),
        "scaler": run.precision.state(),
        "random": torch.get_rng_state(),
    }
    if run.selection is not None:
        state["selection"] = run.selection.as_stored()
    if run.learner.average is not None:
        state["average"] = run.learner.average.state()
    return state


def restore(run: "TrainingRun", checkpoint: Checkpoint) -> None:
    """Bring a run to where its last checkpoint was saved.

    Raises:
        InputError: data or teacher have changed, or the stored state is damaged.
    """
    if checkpoint.manifest.get("data") != run.data.splits.fingerprints():
        raise InputError(data_changed(run.run_dir))
    if checkpoint.manifest.get("teacher") != run.teacher_fingerprint:
        raise InputError(
            f"resume={run.run_dir}: teacher={run.config.teacher} has changed since the run began; "
            "restore it, or start a new run"
        )
    check_origin(run, checkpoint.manifest.get("init_from"))
    directory = existing(run.run_dir / "last")
    stored = load_training_state(directory)
    try:
        if not isinstance(stored, dict):
            raise TypeError(f"the state is a {type(stored).__name__}, expected a dictionary")
        if "selection" in stored:
            several = checkpoint.thresholds is not None
            selection = Selection.restore(
                stored["selection"], len(checkpoint.labels) if several else None
            )
            run.enter_final(selection, vectors=False)
        run.state = TrainingState.restore(stored["state"])
        run.batches.go_to(stored["batches"])
        run.classifier.model.load_state_dict(checkpoint.weights)
        run.classifier.thresholds = checkpoint.thresholds
        optimizer = run.learner.optimizer
        optimizer.load_state_dict(fitting_optimizer_state(stored["optimizer"], optimizer))
        if run.learner.average is not None:
            run.learner.average.load_state(stored["average"])
        run.learner.set_rates(run.state)  # an unusable history is refused now
        run.precision.load_state(stored.get("scaler", {}))
        torch.set_rng_state(stored["random"])
    except (KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
        reason = " ".join(str(error).split())[:LONGEST_REASON]
        raise InputError(f"{directory}: training can't be resumed: {reason}") from error


def check_origin(run: "TrainingRun", stored: Any) -> None:
    """
    Args:
        stored: what the run's checkpoint tells of the one that the run started from.

    Raises:
        InputError: that one is another now.
    """
    if run.origin is None:
        return
    if not isinstance(stored, dict) or stored.get("fingerprint") != run.origin.fingerprint:
        raise InputError(
            f"resume={run.run_dir}: init_from={run.origin.path} has changed since the run began; "
            "restore it, or start a new run"
        )


def save_words(run_dir: "Path", words: Sequence[str]) -> None:
    """Store the words that vectors add to the vocabulary, as the source may be gone on resume."""
    if words:
        write_json(run_dir / WORDS, list(words))


def read_words(run_dir: "Path") -> list[str]:
    """The stored words; none if the run added none.

    Raises:
        InputError: the file is damaged.
    """
    file = run_dir / WORDS
    if not file.is_file():
        return []
    try:
        words = json.loads(file.read_bytes())
    except (ValueError, RecursionError):
        words = None
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise InputError(f"{file} is not a JSON list of words; start a new run")
    return words


def save_tokenizer(run_dir: "Path", tokenizer: Tokenizer) -> None:
    """Store a tokenizer's file, as the file itself may be gone on resume."""
    if tokenizer.definition is not None:
        with new_file(run_dir / TOKENIZER) as file:
            file.write_text(tokenizer.definition, encoding="utf-8")


def read_tokenizer(run_dir: "Path") -> str | None:
    """The content of the stored file; None if the tokenizer has none.

    Raises:
        InputError: it can't be read.
    """
    file = run_dir / TOKENIZER
    return read_definition(file) if file.exists() else None


def data_changed(run_dir: "Path") -> str:
    return (
        f"resume={run_dir}: the data have changed since the run began; restore them, or start a "
        "new run"
    )
