"""A finished training run, as far as comparisons need it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from textcnn.system.escapes import in_one_line

# Measures that are shown: name in metrics.json, heading, whether it is a share from 0 to 1
MEASURES = {
    "accuracy": ("accuracy %", True),
    "macro_f1": ("macro-F1 %", True),
    "micro_f1": ("micro-F1 %", True),
    "loss": ("loss", False),
}
SPLITS = ("validation", "test")


@dataclass(frozen=True)
class Run:
    """One training: a seed, and a fold of a cross-validation or a member of an ensemble."""

    directory: Path
    name: str  # for the user, see `named`
    settings: dict[str, str]  # what it was trained with, as on the command line, but for:
    seed: int
    part: tuple[int, int]  # fold and member, from 1; 0: none
    scores: dict[str, dict[str, float]]  # by split and measure
    examples: dict[str, int]  # texts by split
    multi_label: bool
    test_data: str | None = None  # fingerprint of the test split; None: unknown
    checkpoint: Path | None = None
    size: int | None = None  # of the checkpoint, in bytes
    seconds: float | None = None  # of training and validation

    @property
    def key(self) -> tuple[int, int, int]:
        """Equal for runs of two configurations that are a pair."""
        return (self.seed, *self.part)

    @property
    def measures(self) -> list[str]:
        """With one class per text, micro-F1 is the accuracy."""
        return [name for name in MEASURES if self.multi_label or name != "micro_f1"]


@dataclass(frozen=True)
class LeftOut:
    """A directory that is not compared, and why."""

    directory: Path
    reason: str


def named(runs: Sequence[Run]) -> list[Run]:
    """The runs, each with the part of its path in which it differs from the others."""
    shared = 0
    parts = [run.directory.absolute().parts for run in runs]
    while len(parts) > 1 and all(len(each) > shared + 1 for each in parts):
        if len({each[shared] for each in parts}) > 1:
            break
        shared += 1
    shared = shared if len(parts) > 1 else len(parts[0]) - 1
    if any("/".join(each[shared:]).isdecimal() for each in parts):  # jobs of a sweep
        shared = max(shared - 1, 0)
    return [
        replace(run, name=in_one_line("/".join(each[shared:])))
        for run, each in zip(runs, parts, strict=True)
    ]
