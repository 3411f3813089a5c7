"""Several networks that vote: their probabilities are averaged."""

import math
import re
from collections.abc import Callable, Collection, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from textcnn.data.unknown_words import UnknownWords
from textcnn.models.classifier import TextCNN

MEMBER = re.compile(r"members\.(0|[1-9]\d*)\.")  # how names of weights start


class Ensemble(nn.Module):
    """The mean probabilities of networks of the same shape, as logits.

    The softmax (for label sets the sigmoid) of the logits is the mean of the members' softmax.
    """

    def __init__(self, members: Sequence[TextCNN], *, multi_label: bool):
        super().__init__()
        self.members = nn.ModuleList(members)
        self.multi_label = multi_label

    def forward(self, ids: Tensor, lengths: Tensor, unknown: UnknownWords | None = None) -> Tensor:
        """(batch, classes); arguments as for `TextCNN`."""
        return self.vote([member(ids, lengths, unknown=unknown) for member in self.members])

    def vote(self, logits: Sequence[Tensor]) -> Tensor:
        """The logits (batch, classes) of the mean probability, from those of each member."""
        return mean_logits(torch.stack(list(logits)), self.multi_label)


def mean_logits(logits: Tensor, multi_label: bool) -> Tensor:
    """The logits whose probabilities are the means of the members' probabilities.

    Computed from logarithms, so that small probabilities stay exact.

    Args:
        logits: (members, batch, classes)

    Returns:
        (batch, classes): for one class per text the logarithm of the mean softmax, for label sets
        the log odds of the mean sigmoid.
    """
    if multi_label:
        return F.logsigmoid(logits).logsumexp(dim=0) - F.logsigmoid(-logits).logsumexp(dim=0)
    return logits.log_softmax(dim=2).logsumexp(dim=0) - math.log(len(logits))


def build_members(
    build: Callable[[], TextCNN], count: int, *, multi_label: bool
) -> TextCNN | Ensemble:
    """The network that `build` makes, or an ensemble of `count` of them."""
    if count == 1:
        return build()
    return Ensemble([build() for _ in range(count)], multi_label=multi_label)


def count_members(names: Collection[str]) -> int:
    """How many networks weights of these names belong to; 1 without an ensemble."""
    numbers = {match[1] for name in names if (match := MEMBER.match(name))}
    return max(len(numbers), 1)
