"""The interface of objectives, and the plain one."""

from typing import Any, Protocol

from torch import Tensor

from textcnn.data.batching import Batch


class LogitsOf(Protocol):
    """Logits in fp32 (batch, classes) of ids, lengths, and what else the model's `forward` takes:
    `alter` of `TextCNN`, `labels` of `Ngrams` and `WithNgrams`."""

    def __call__(self, ids: Tensor, lengths: Tensor, more: Any = None) -> Tensor: ...


class LossOf(Protocol):
    """A scalar in nats, from logits (batch, classes) and what a batch says of its texts."""

    def __call__(self, logits: Tensor, batch: Batch) -> Tensor: ...


class Objective(Protocol):
    """The loss of a batch with labels, and the logits (batch, classes) that count as its answers.

    Takes random numbers only from PyTorch's generators, so that runs can be resumed.
    """

    def __call__(
        self, logits_of: LogitsOf, loss_of: LossOf, batch: Batch
    ) -> tuple[Tensor, Tensor]: ...


def plain(logits_of: LogitsOf, loss_of: LossOf, batch: Batch) -> tuple[Tensor, Tensor]:
    logits = logits_of(batch.ids, batch.lengths)
    return loss_of(logits, batch), logits
