"""The checkpoint that a run starts from."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from torch import Tensor

from textcnn.checkpoint import Checkpoint, find_checkpoint, load_checkpoint, sha256
from textcnn.config.programs import TrainConfig
from textcnn.data.labels.renaming import Renaming
from textcnn.data.trained_texts import Known
from textcnn.errors import InputError
from textcnn.inference import AnyClassifier, rebuild
from textcnn.models.ngrams.beside import WithNgrams, ngrams_of
from textcnn.models.ngrams.ngrams import Ngrams
from textcnn.text.vocabulary import SPECIALS, Vocabulary
from textcnn.training.growing.classes import ClassMap


@dataclass(frozen=True)
class Origin:
    """A trained classifier whose words, classes and weights a new run keeps."""

    path: str  # as the user gave it
    directory: Path  # of the checkpoint
    checkpoint: Checkpoint
    classifier: AnyClassifier
    config: TrainConfig  # that it was trained with
    fingerprint: str  # of its weights
    renaming: Renaming = field(default_factory=lambda: Renaming({}))

    @cached_property
    def known(self) -> Known:
        """What it knows of texts and classes."""
        tokens = self.checkpoint.vocabulary.known_tokens
        calibration = self.checkpoint.calibration
        seen = None if calibration is None else calibration.seen_ids
        count = len(tokens) if seen is None else max(seen - len(SPECIALS), 0)
        texts = self.checkpoint.trained_texts
        return Known(self.checkpoint.labels, tokens[:count], tokens[count:], texts)

    @property
    def ngrams(self) -> Ngrams | None:
        """Its linear model over n-grams, if it has one."""
        return ngrams_of(self.classifier.model)

    def network_weights(self, member: int | None) -> dict[str, Tensor]:
        """The weights of its network by name; of an ensemble, of one member.

        Args:
            member: from 1; None: the first, as for the shape of an ensemble.
        """
        prefix = "network." if isinstance(self.classifier.model, WithNgrams) else ""
        if self.config.training.stored_members > 1:
            prefix += f"members.{(member or 1) - 1}."
        return {
            name.removeprefix(prefix): tensor
            for name, tensor in self.checkpoint.weights.items()
            if name.startswith(prefix)
        }

    def classes(self, names: Sequence[str]) -> ClassMap:
        """How the classes of a run come from those of the checkpoint."""
        before = self.checkpoint.labels
        return ClassMap.of(names, before, list(map(self.renaming, before)))

    def token_rows(self, vocabulary: Vocabulary) -> np.ndarray:
        """The id in `vocabulary` of each token of the checkpoint: (ids of the checkpoint,) int64.

        All are there: a run keeps every token.
        """
        ids = vocabulary.encode(self.checkpoint.vocabulary.known_tokens)
        return np.array([*range(len(SPECIALS)), *ids], np.int64)

    def refused(self, reason: str) -> InputError:
        return InputError(f"init_from={self.path}: {reason}")


def load_origin(config: TrainConfig) -> Origin | None:
    """The checkpoint that `init_from` names; None without one.

    Raises:
        InputError: there is no checkpoint, it is damaged, or it predicts the other kind of labels.
    """
    if config.init_from is None:
        return None
    try:
        directory = find_checkpoint(config.init_from)
        checkpoint = load_checkpoint(directory)
        classifier, trained = rebuild(checkpoint, str(directory), table_memory=0)
    except InputError as error:
        raise InputError(f"init_from={config.init_from}: {error}") from error
    fingerprint = sha256(directory / "model.safetensors")
    return Origin(
        config.init_from,
        directory,
        checkpoint,
        classifier,
        trained,
        fingerprint,
        Renaming(config.data.rename or {}),
    )
