"""Which classes of a checkpoint each class of a new run comes from."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class ClassMap:
    """The classes of a run, and what each is made of."""

    names: tuple[str, ...]  # of the run
    before: tuple[str, ...]  # of the checkpoint, by their own names
    parts: tuple[tuple[int, ...], ...]  # of each class, the classes of the checkpoint: () if new

    @classmethod
    def of(cls, names: Sequence[str], before: Sequence[str], renamed: Sequence[str]) -> "ClassMap":
        """
        Args:
            names: of the run's classes.
            before: of the checkpoint's classes.
            renamed: their new names, among `names`; those that share one are merged.
        """
        parts = {name: tuple(n for n, new in enumerate(renamed) if new == name) for name in names}
        return cls(tuple(names), tuple(before), tuple(parts.values()))

    @property
    def known(self) -> list[bool]:
        """Of each class, whether the checkpoint has it."""
        return [bool(part) for part in self.parts]

    @property
    def new(self) -> list[str]:
        return [name for name, part in zip(self.names, self.parts, strict=True) if not part]

    def place_of(self) -> list[int]:
        """The run's class for each class of the checkpoint."""
        places = {part: n for n, parts in enumerate(self.parts) for part in parts}
        return [places[part] for part in range(len(self.before))]

    def mixed(self, weights: Tensor) -> Tensor:
        """(..., classes of the checkpoint) to (..., classes): of merged ones the mean, of new ones
        0."""
        return weights @ self.matrix(mean=True).to(weights)

    def mixed_biases(self, biases: Tensor) -> Tensor:
        """The same for biases (classes of the checkpoint,).

        k merged classes together are more probable than one of them: log k is added. With the mean
        of their weights, the new logit is at most the logarithm of their summed exponentials, and
        equal to it where their logits are equal.
        """
        sizes = biases.new_tensor([math.log(max(len(part), 1)) for part in self.parts])
        return self.mixed(biases) + sizes

    def summed(self, counts: Tensor) -> Tensor:
        """(..., classes of the checkpoint) to (..., classes): sums of whole numbers."""
        summed = counts.double() @ self.matrix(mean=False)
        return summed.to(counts.dtype)

    def matrix(self, mean: bool) -> Tensor:
        """(classes of the checkpoint, classes) float64"""
        matrix = torch.zeros(len(self.before), len(self.names), dtype=torch.float64)
        for place, part in enumerate(self.parts):
            for each in part:
                matrix[each, place] = 1 / len(part) if mean else 1
        return matrix
