"""Feature maps that know how long each text is, so that padding never takes part in anything."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from textcnn.models.layers.field import ONE_TOKEN, Field


@dataclass(frozen=True)
class Features:
    """Numbers at each position of each text, first those of tokens, then those of windows.

    What lies behind a text's own positions means nothing: layers that would see it ask for
    `zeroed`, or mask it themselves. In memory the channels of a position lie side by side, which
    convolutions, pooling and normalisation are fastest with; any other order is right too.
    """

    values: Tensor  # (batch, channels, time)
    lengths: Tensor  # (batch,) int64, positions of each text: at least one
    field: Field = ONE_TOKEN
    clean: bool = False  # zero behind each text's own positions
    finite: bool = False  # neither nan nor infinite behind them, if it isn't anywhere
    disposable: bool = False  # nobody else needs the values: they may be changed in place

    @property
    def time(self) -> int:
        """Positions, those behind a text's own too."""
        return self.values.shape[2]

    @property
    def outside(self) -> Tensor:
        """bool (batch, 1, time): the positions behind each text's own."""
        time = torch.arange(self.time, device=self.lengths.device)
        return time >= self.lengths[:, None, None]

    @cached_property
    def full(self) -> bool:
        """Whether no text has a position behind its own, so that there is nothing to mask."""
        if self.lengths.device.type != "cpu" or torch.compiler.is_compiling():
            return False  # which costs a mask; to know it would stop the queue, or the graph
        return bool((self.lengths >= self.time).all())

    def covers(self, positions: int) -> bool:
        """Whether each text has so many: windows that lie inside it then see nothing else."""
        if self.lengths.device.type != "cpu" or torch.compiler.is_compiling():
            return False
        return bool((self.lengths >= positions).all())

    def but(self, **changes: Any) -> "Features":
        """The same with other fields; of a subclass too, which `dataclasses.replace` can't make."""
        return Features(
            **{entry.name: getattr(self, entry.name) for entry in fields(self)} | changes
        )

    def zeroed(self) -> "Features":
        """With zeros behind each text's own positions."""
        if self.clean:
            return self
        if self.full:
            return self.but(clean=True)
        return self.but(values=self.filled(0.0), clean=True, disposable=False)

    def filled(self, value: float) -> Tensor:
        """The values with `value` behind each text's own positions."""
        if self.full:
            return self.values
        # masked_fill takes four times as long, and would put time side by side in memory
        outside = self.outside.transpose(1, 2)  # (batch, time, 1)
        return torch.where(outside, value, self.values.transpose(1, 2)).transpose(1, 2)

    def at_least(self, time: int) -> "Features":
        """Padded to so many positions, if there are fewer."""
        missing = max(time - self.values.shape[2], 0)
        return self.but(values=pad(self.values, 0, missing)) if missing else self

    def each(self, function: Callable[[Tensor], Tensor]) -> "Features":
        """With `function` on every number, or on the channels of every position."""
        values = function(self.values)
        return Features(values, self.lengths, self.field)

    def plus(self, other: "Features") -> "Features":
        """The sum, position by position, of maps of the same lengths."""
        assert self.values.shape == other.values.shape
        return Features(self.values + other.values, self.lengths, self.field.beside(other.field))


def pad(values: Tensor, left: int, right: int, value: float = 0.0) -> Tensor:
    """(batch, channels, left + time + right), in memory position by position."""
    if left + right == 0:
        return values
    return F.pad(values.transpose(1, 2), (0, 0, left, right), value=value).transpose(1, 2)


def full_precision(values: Tensor) -> Tensor:
    """fp32 in place of half of it, for sums."""
    return values.float() if values.dtype in (torch.bfloat16, torch.float16) else values
