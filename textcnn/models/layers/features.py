"""Feature maps that carry the length of each text, so that padding never enters a result."""

import dataclasses
from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from textcnn.models.layers.field import ONE_TOKEN, Field


class Known(NamedTuple):
    """What layers know about the numbers of a map, which saves work. False: not known."""

    clean: bool = False  # zero after each text's end
    finite: bool = False  # neither nan nor infinite after it, unless nan or infinite before it
    disposable: bool = False  # nobody else reads the values: they may be changed in place


NOTHING = Known()


@dataclasses.dataclass(frozen=True)
class Features:
    """Numbers at each position of each text: positions of tokens at first, of windows later.

    Values after a text's end have no meaning. A layer that would read them asks for `zeroed`
    features, or masks them itself. Convolutions, pooling and normalization are fastest if the
    channels of a position are adjacent in memory; any other layout gives the same numbers.
    """

    values: Tensor  # (batch, channels, time)
    lengths: Tensor  # (batch,) int64, positions of each text: at least one
    field: Field = ONE_TOKEN  # the tokens that each position sees
    # not an argument, so that `dataclasses.replace` forgets it
    _known: Known = dataclasses.field(default=NOTHING, init=False, repr=False, compare=False)

    def _knowing(self, **known: bool) -> "Features":
        """The same features with other knowledge, for textcnn's own layers."""
        features = Features(self.values, self.lengths, self.field)
        before = self._known
        now = Known(**known) if before is NOTHING else before._replace(**known)
        features.__dict__["_known"] = now  # the class is frozen
        return features

    @property
    def time(self) -> int:
        """Positions of the longest text and its padding."""
        return self.values.shape[2]

    @property
    def outside(self) -> Tensor:
        """bool (batch, 1, time): the positions after each text's end."""
        time = torch.arange(self.time, device=self.lengths.device)
        return time >= self.lengths[:, None, None]

    @cached_property
    def full(self) -> bool:
        """Whether every text fills all positions, so that there is nothing to mask.

        False on a GPU and in `torch.compile`, where a look at the lengths would cost more than
        the mask: it waits for the queue, or breaks the graph.
        """
        return self.covers(self.time)

    def covers(self, positions: int) -> bool:
        """Whether every text has that many positions: windows inside them then need no mask.

        False on a GPU and in `torch.compile`, as for `full`.
        """
        if self.lengths.device.type != "cpu" or torch.compiler.is_compiling():
            return False
        return bool((self.lengths >= positions).all())

    def zeroed(self) -> "Features":
        """With zeros after each text's end."""
        if self._known.clean:
            return self
        if self.full:
            return self._knowing(clean=True)
        zeroed = Features(self.filled(0.0), self.lengths, self.field)
        return zeroed._knowing(clean=True, finite=self._known.finite)

    def filled(self, value: float) -> Tensor:
        """The values, with `value` after each text's end."""
        if self.full:
            return self.values
        # masked_fill takes four times as long, and would make the positions adjacent in memory
        outside = self.outside.transpose(1, 2)  # (batch, time, 1)
        return torch.where(outside, value, self.values.transpose(1, 2)).transpose(1, 2)

    def at_least(self, time: int) -> "Features":
        """Padded with zeros to that many positions, if there are fewer."""
        missing = max(time - self.time, 0)
        if not missing:
            return self
        longer = Features(pad(self.values, 0, missing), self.lengths, self.field)
        return longer._knowing(**self._known._asdict())

    def each(self, function: Callable[[Tensor], Tensor]) -> "Features":
        """With `function` applied to each number, or to the channels of each position."""
        return Features(function(self.values), self.lengths, self.field)

    def plus(self, other: "Features") -> "Features":
        """The sum, position by position, of two maps of the same lengths."""
        assert self.values.shape == other.values.shape
        return Features(self.values + other.values, self.lengths, self.field.beside(other.field))


def pad(values: Tensor, left: int, right: int, value: float = 0.0) -> Tensor:
    """(batch, channels, time) to (batch, channels, left + time + right).

    The channels of a position are adjacent in memory.
    """
    if left + right == 0:
        return values
    return F.pad(values.transpose(1, 2), (0, 0, left, right), value=value).transpose(1, 2)


def full_precision(values: Tensor) -> Tensor:
    """fp32 instead of bf16 or fp16, for sums."""
    return values.float() if values.dtype in (torch.bfloat16, torch.float16) else values
