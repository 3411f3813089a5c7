"""What training minimises, for one class per text and for sets of labels."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from textcnn.config.keys import command_line
from textcnn.errors import InputError
from textcnn.models.decision import chosen

Loss = Callable[[Tensor, Tensor], Tensor]

NAMED = 20  # classes in a message, at most


def build_loss(*, multi_label: bool, class_weights: Tensor | None, label_smoothing: float) -> Loss:
    """A function of logits (batch, classes) and the batch's labels that gives a scalar in nats.

    One class per text, labels (batch,) int64: the cross-entropy, a mean over the texts in which
    each weighs as its class does.

    Sets, labels (batch, classes) bool: the binary cross-entropy, a mean over texts and labels, in
    which a label that a text has weighs `class_weights` and one that it lacks weighs 1.

    Args:
        class_weights: (classes,) float32, on the device of the logits.
        label_smoothing: share of the target that is spread evenly over the classes; of a set, over
            having a label and not having it.
    """

    def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
        return F.cross_entropy(
            logits, labels, weight=class_weights, label_smoothing=label_smoothing
        )

    def binary_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
        targets = labels.to(logits.dtype) * (1 - label_smoothing) + label_smoothing / 2
        return F.binary_cross_entropy_with_logits(logits, targets, pos_weight=class_weights)

    return binary_cross_entropy if multi_label else cross_entropy


def class_weights(
    setting: Any, labels: Sequence[str], counts: np.ndarray, texts: int, multi_label: bool
) -> Tensor | None:
    """What `training.class_weights` comes to, float32 (classes,); None if all count the same.

    `balanced` makes the classes of texts weigh the same in all, as in scikit-learn: texts /
    (classes × count). In sets it makes the texts that have a label weigh as much as those that
    lack it: (texts - count) / count. Either number of texts is taken for 1 where there is none.

    Args:
        setting: None, "balanced", {label: weight} (1 for those left out), or a list in the order
            of the labels; types and signs are right (see `textcnn.config.check`).
        counts: (classes,) how many of the training texts have each label.
        texts: how many training texts there are.

    Raises:
        InputError: a label is unknown, or the list has another length.
    """
    if setting is None:
        return None
    if setting == "balanced":
        have = torch.as_tensor(counts).double()  # (classes,)
        lack = (texts - have).clamp(min=1)
        have = have.clamp(min=1)
        return (lack / have if multi_label else texts / (len(labels) * have)).float()
    if isinstance(setting, dict):
        # a class may be named 1 or true, which a command line reads as a number or a bool
        given = {n if isinstance(n, str) else command_line(n): w for n, w in setting.items()}
        if strange := [name for name in given if name not in labels]:
            raise InputError(
                f"training.class_weights has no class {listed(strange)} to weigh; there are "
                f"{listed(labels)}"
            )
        return torch.tensor([float(given.get(label, 1)) for label in labels])
    if len(setting) != len(labels):
        raise InputError(
            f"training.class_weights takes {len(labels)} numbers, one for each of "
            f"{listed(labels)}, got {len(setting)}; or name some, {{{labels[0]}:2}}"
        )
    return torch.tensor([float(weight) for weight in setting])


def listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def count_correct(logits: Tensor, labels: Tensor) -> int:
    """How many texts of a batch have their class, or exactly their set at probabilities from 0.5.

    Args:
        logits: (batch, classes)
        labels: (batch,) int64, or of sets (batch, classes) bool.
    """
    if labels.ndim == 1:
        return int((logits.argmax(dim=1) == labels).sum())
    sets = chosen(logits.sigmoid(), [0.5] * labels.shape[1])  # (batch, classes)
    return int((sets == labels).all(dim=1).sum())
