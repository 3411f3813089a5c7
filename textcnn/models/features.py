"""Feature maps that know how long each text is, so that padding never takes part in anything."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from textcnn.models.field import ONE_TOKEN, Field


@dataclass(frozen=True)
class Features:
    """Numbers at each position of each text, first those of tokens, then those of windows.

    What lies behind a text's own positions means nothing: layers that would see it ask for
    `zeroed`, or mask it themselves.
    """

    values: Tensor  # (batch, channels, time)
    lengths: Tensor  # (batch,) int64, positions of each text: at least one
    field: Field = ONE_TOKEN
    clean: bool = False  # zero behind each text's own positions
    disposable: bool = False  # nobody else needs the values: they may be changed in place

    @property
    def outside(self) -> Tensor:
        """bool (batch, 1, time): the positions behind each text's own."""
        time = torch.arange(self.values.shape[2], device=self.values.device)
        return time >= self.lengths[:, None, None]

    def zeroed(self) -> "Features":
        """With zeros behind each text's own positions."""
        if self.clean:
            return self
        values = self.values.masked_fill(self.outside, 0.0)
        return replace(self, values=values, clean=True, disposable=False)

    def at_least(self, time: int) -> "Features":
        """Padded to so many positions, if there are fewer."""
        missing = max(time - self.values.shape[2], 0)
        return replace(self, values=F.pad(self.values, (0, missing))) if missing else self

    def each(self, function: Callable[[Tensor], Tensor]) -> "Features":
        """With `function` on every number, or on the channels of every position."""
        values = function(self.values)
        return Features(values, self.lengths, self.field)

    def plus(self, other: "Features") -> "Features":
        """The sum, position by position, of maps of the same lengths."""
        assert self.values.shape == other.values.shape
        return Features(self.values + other.values, self.lengths, self.field.beside(other.field))
