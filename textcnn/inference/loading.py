"""The classifier in a checkpoint. It needs nothing but the checkpoint."""

from pathlib import Path
from typing import Any, NamedTuple

import torch

from textcnn.builders.models import build_stored_model
from textcnn.builders.text import build_text_encoder
from textcnn.checkpoint import Checkpoint, find_checkpoint, load_checkpoint
from textcnn.config.programs import TABLE_MEMORY, TrainConfig
from textcnn.config.stored import parse_train_config
from textcnn.data.trained_texts import TrainedTexts
from textcnn.errors import InputError
from textcnn.inference.kinds import AnyClassifier, build_classifier


class Restored(NamedTuple):
    """What a checkpoint holds."""

    classifier: AnyClassifier
    config: TrainConfig  # that it was trained with
    manifest: dict[str, Any]
    directory: Path  # of the checkpoint
    trained_texts: TrainedTexts | None  # None: unknown


def load(
    path: str | Path, *, table_memory: int = TABLE_MEMORY, half: bool = False
) -> AnyClassifier:
    """The classifier in a run directory (its best checkpoint), a checkpoint, or on the Hub.

    Args:
        path: a directory, or an address on the Hub: `hub:owner/name` or `hub:owner/name@revision`.
            Its files are downloaded into the cache of huggingface_hub, unless they are there.
        table_memory: memory limit in MB for the lookup tables that replace the embedding and the
            first convolution. They are filled as texts need them; 0: no tables.
        half: store the tables as float16, which changes logits by about 0.01.

    Raises:
        InputError: there is no checkpoint, or it is damaged or has another format.
    """
    return restore(path, table_memory=table_memory, half=half).classifier


def restore(path: str | Path, *, table_memory: int = TABLE_MEMORY, half: bool = False) -> Restored:
    """The classifier of a checkpoint, and what else is stored of it; as `load`."""
    directory = find_checkpoint(path)
    checkpoint = load_checkpoint(directory)
    classifier, config = rebuild(checkpoint, str(directory), table_memory=table_memory, half=half)
    return Restored(classifier, config, checkpoint.manifest, directory, checkpoint.trained_texts)


def rebuild(
    checkpoint: Checkpoint, origin: str, *, table_memory: int = TABLE_MEMORY, half: bool = False
) -> tuple[AnyClassifier, TrainConfig]:
    """The classifier of a checkpoint in memory, and the configuration that it was trained with.

    The model is built without memory of its own and takes over the stored tensors. So a
    configuration that doesn't fit them is refused before anything is allocated, however large.

    Args:
        origin: what the checkpoint is called in messages.
    """
    try:
        config = parse_train_config(checkpoint.config)
        with torch.device("meta"):
            model = build_stored_model(
                config,
                vocabulary_size=len(checkpoint.vocabulary),
                num_classes=len(checkpoint.labels),
                weights=checkpoint.weights,
            )
        types = {name: tensor.dtype for name, tensor in model.state_dict().items()}
        model.load_state_dict(checkpoint.weights, assign=True)
        for name, tensor in checkpoint.weights.items():
            if name.endswith("counts") and bool((tensor < 0).any()):
                raise ValueError(f"{name} has numbers below 0")
            if tensor.dtype != types[name]:
                raise ValueError(f"{name} is {tensor.dtype}, expected {types[name]}")
    except InputError as error:
        raise InputError(f"{origin}: its configuration: {error}") from error
    except (ValueError, TypeError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{origin}: configuration and weights don't fit: {reason}") from error
    if config.data.multi_label != (checkpoint.thresholds is not None):
        there = "lacks" if checkpoint.thresholds is None else "has"
        wanted = str(config.data.multi_label).lower()
        raise InputError(
            f"{origin} {there} a thresholds.json, but its data.multi_label is {wanted}: the "
            "checkpoint is incomplete; copy it again"
        )
    uses_subwords, copied = config.uses_subwords, checkpoint.tokenizer
    classifier = build_classifier(
        model.eval(),
        build_text_encoder(config.text, checkpoint.vocabulary, uses_subwords, copied),
        checkpoint.labels,
        checkpoint.thresholds,
        calibration=checkpoint.calibration,
        table_memory=table_memory,
        half=half,
    )
    return classifier, config
