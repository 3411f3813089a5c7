"""What training minimizes, for one class per text and for label sets."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from textcnn.config.keys import command_line
from textcnn.data.labelled import LabelledTexts
from textcnn.errors import InputError
from textcnn.models.decision import chosen


class Loss(Protocol):
    """A scalar, from logits (batch, classes), labels, and if any text weights (batch,) and soft
    labels (batch, classes), which then take the place of the labels."""

    def __call__(
        self,
        logits: Tensor,
        labels: Tensor,
        weights: Tensor | None = None,
        targets: Tensor | None = None,
    ) -> Tensor: ...


# The denominator of a mean loss, (), from the labels, weights and soft labels of its texts.
Mass = Callable[[Tensor, Tensor | None, Tensor | None], Tensor]

NAMED = 20  # classes in a message, at most


def loss_for(
    rows: LabelledTexts,
    *,
    name: str = "cross_entropy",
    weights: Any,
    label_smoothing: float,
    device: torch.device,
) -> Loss:
    """The loss of training on these rows.

    Args:
        name: cross_entropy, or a key of MARGIN_LOSSES.
        weights: the setting `training.class_weights`.

    Raises:
        InputError: as `class_weights`.
    """
    by_class = class_weights(weights, rows.names, rows.counts, len(rows), rows.multi_label)
    settings: dict[str, Any] = {
        "multi_label": rows.multi_label,
        "class_weights": None if by_class is None else by_class.to(device),
        "label_smoothing": label_smoothing,
    }
    if name == "cross_entropy":
        return build_loss(**settings)
    return build_margin_loss(name, **settings)


def build_loss(*, multi_label: bool, class_weights: Tensor | None, label_smoothing: float) -> Loss:
    """A `Loss` in nats.

    One class per text, labels (batch,) int64: the cross-entropy, averaged over the texts. A text
    counts as much as its class weight times its own weight.

    Label sets, labels (batch, classes) bool: the binary cross-entropy, averaged over texts and
    labels. A label that a text has counts `class_weights`, one that it lacks counts 1.

    Soft labels: a text counts once for each class, with the probability of the class as weight.

    Args:
        class_weights: (classes,) float32, on the device of the logits; None: all 1.
        label_smoothing: fraction of the target that is spread evenly over the classes; for label
            sets, over having a label and lacking it.
    """

    def cross_entropy(
        logits: Tensor,
        labels: Tensor,
        weights: Tensor | None = None,
        targets: Tensor | None = None,
    ) -> Tensor:
        settings: dict[str, Any] = {"weight": class_weights, "label_smoothing": label_smoothing}
        if weights is None and targets is None:
            return F.cross_entropy(logits, labels, **settings)
        truth = labels if targets is None else targets.to(logits.dtype)
        losses = F.cross_entropy(logits, truth, reduction="none", **settings)  # (batch,)
        if weights is None:
            weights = torch.ones_like(losses)
        return weighted_mean(losses, weights, counted(weights, labels, targets, class_weights))

    def binary_cross_entropy(
        logits: Tensor,
        labels: Tensor,
        weights: Tensor | None = None,
        targets: Tensor | None = None,
    ) -> Tensor:
        truth = (labels if targets is None else targets).to(logits.dtype)
        losses = F.binary_cross_entropy_with_logits(
            logits,
            truth * (1 - label_smoothing) + label_smoothing / 2,
            pos_weight=class_weights,
            reduction="mean" if weights is None else "none",
        )
        return losses if weights is None else weighted_mean(losses.mean(dim=1), weights, weights)

    return binary_cross_entropy if multi_label else cross_entropy


def counted(
    weights: Tensor, labels: Tensor, targets: Tensor | None, class_weights: Tensor | None
) -> Tensor:
    """(batch,): how much each text counts in a mean, by its own weight and that of its class."""
    if class_weights is None:
        return weights
    return weights * (class_weights[labels] if targets is None else targets @ class_weights)


def mass_for(rows: LabelledTexts, *, weights: Any, device: torch.device) -> Mass:
    """What `loss_for` divides by: the mean over two batches weighs their losses by it.

    Args:
        weights: the setting `training.class_weights`.
    """
    given = class_weights(weights, rows.names, rows.counts, len(rows), rows.multi_label)
    by_class = None if given is None or rows.multi_label else given.to(device)

    def mass(labels: Tensor, weights: Tensor | None, targets: Tensor | None = None) -> Tensor:
        texts = torch.ones(len(labels), device=device) if weights is None else weights
        return counted(texts, labels, targets, by_class).sum()

    return mass


# of outputs f and signs t, which are +1 for a text's classes and -1 for the others
MARGIN_LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "squared": lambda f, t: (f - t).square() / 2,
    "hinge": lambda f, t: (1 - t * f).relu(),
}


def build_margin_loss(
    name: str, *, multi_label: bool, class_weights: Tensor | None, label_smoothing: float
) -> Loss:
    """A loss of each class against the rest, as `build_loss` weighs it.

    One class per text: the sum over the classes, averaged over the texts. Label sets: averaged over
    texts and labels. Soft labels: a text counts once for each class, as in `build_loss`.

    Args:
        name: a key of MARGIN_LOSSES.
        label_smoothing: as for `build_loss`, of targets 1 and 0, from which the signs are made.
    """

    def losses_of(logits: Tensor, member: Tensor) -> Tensor:
        """(batch, classes), of texts that have a class (1) or lack it (0)."""
        spread = label_smoothing / (2 if multi_label else logits.shape[1])
        losses = MARGIN_LOSSES[name](logits, 2 * (member * (1 - label_smoothing) + spread) - 1)
        if multi_label and class_weights is not None:
            losses = losses * torch.where(member > 0, class_weights, 1.0)
        return losses

    def margin_loss(
        logits: Tensor,
        labels: Tensor,
        weights: Tensor | None = None,
        targets: Tensor | None = None,
    ) -> Tensor:
        if weights is None:
            weights = logits.new_ones(len(logits))
        counts = weights if multi_label else counted(weights, labels, targets, class_weights)
        if targets is None:
            member = labels if multi_label else F.one_hot(labels, logits.shape[1])
            losses = losses_of(logits, member.to(logits.dtype))  # (batch, classes)
            by_text = losses.mean(dim=1) if multi_label else losses.sum(dim=1)
            return weighted_mean(by_text, counts, counts)
        have = losses_of(logits, torch.ones_like(logits))
        lack = losses_of(logits, torch.zeros_like(logits))
        if multi_label:
            return weighted_mean(lack.lerp(have, targets).mean(dim=1), weights, counts)
        # of a text of each class: it has this one and lacks the others
        losses = lack.sum(dim=1, keepdim=True) + have - lack
        shares = targets if class_weights is None else targets * class_weights
        return weighted_mean((shares * losses).sum(dim=1), weights, counts)

    return margin_loss


def weighted_mean(losses: Tensor, weights: Tensor, counted: Tensor) -> Tensor:
    """The sum of weights x losses (batch,), over the sum of `counted`; 0 if no text counts."""
    return (weights * losses).sum() / counted.sum().clamp(min=torch.finfo(losses.dtype).tiny)


def class_weights(
    setting: Any, labels: Sequence[str], counts: np.ndarray, texts: int, multi_label: bool
) -> Tensor | None:
    """The weights that `training.class_weights` asks for, float32 (classes,); None: all equal.

    `balanced` gives every class the same total weight, as in scikit-learn: texts / (classes ×
    count). For label sets it gives the texts that have a label the same total weight as those
    that lack it: (texts - count) / count. A count of 0 is treated as 1.

    Args:
        setting: None, "balanced", {label: weight} (1 for labels left out), or a list in the order
            of the labels; already checked by `textcnn.config.check`.
        counts: (classes,) number of training texts with each label.
        texts: number of training texts.

    Raises:
        InputError: a label is unknown, or the list has the wrong length.
    """
    if setting is None:
        return None
    if setting == "balanced":
        have = torch.as_tensor(counts).double()  # (classes,)
        lack = (texts - have).clamp(min=1)
        have = have.clamp(min=1)
        return (lack / have if multi_label else texts / (len(labels) * have)).float()
    if isinstance(setting, dict):
        # a class may be named 1 or true, which the command line parses as a number or a bool
        given = {n if isinstance(n, str) else command_line(n): w for n, w in setting.items()}
        if strange := [name for name in given if name not in labels]:
            raise InputError(
                f"training.class_weights names an unknown class {listed(strange)}; the classes "
                f"are {listed(labels)}"
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
    """The texts of a batch that get their class, or exactly their label set at a threshold of 0.5.

    Args:
        logits: (batch, classes)
        labels: (batch,) int64, or for label sets (batch, classes) bool.
    """
    if labels.ndim == 1:
        return int((logits.argmax(dim=1) == labels).sum())
    sets = chosen(logits.sigmoid(), [0.5] * labels.shape[1])  # (batch, classes)
    return int((sets == labels).all(dim=1).sum())
