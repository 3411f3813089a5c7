"""The outcome of a comparison, which the terminal, the page and the files show."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import textcnn
from textcnn.evaluation.comparison.groups import Group, Mean, differing_keys
from textcnn.evaluation.comparison.pairs import Comparison
from textcnn.evaluation.comparison.run import SPLITS, LeftOut
from textcnn.evaluation.comparison.search import natural


@dataclass(frozen=True)
class Result:
    """Groups, their comparisons with the reference, and what was not compared."""

    groups: tuple[Group, ...]
    reference: Group
    comparisons: tuple[Comparison, ...]
    speeds: dict[str, float]  # texts/s by group; empty: not measured
    threads: int  # of these measurements
    conclusions: tuple[str, ...]
    notes: tuple[str, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def differing(self) -> list[str]:
        return differing_keys([group.settings for group in self.groups])

    @property
    def measures(self) -> list[str]:
        """Those that some group has."""
        known = [name for group in self.groups for name in group.runs[0].measures]
        return [
            name
            for name in dict.fromkeys(known)
            if any(group.score(split, name) for group in self.groups for split in SPLITS)
        ]

    def as_json(self) -> dict[str, Any]:
        return {
            "groups": [self.group_json(group) for group in self.groups],
            "reference": self.reference.name,
            "comparisons": [asdict(each) for each in self.comparisons],
            "threads": self.threads,
            "conclusions": self.conclusions,
            "notes": self.notes,
            "left_out": [
                {"run_dir": str(each.directory), "reason": each.reason} for each in self.left_out
            ],
            "textcnn": textcnn.__version__,
        }

    def group_json(self, group: Group) -> dict[str, Any]:
        runs = sorted(group.runs, key=lambda run: (run.key, natural(run.directory)))
        return {
            "name": group.name,
            "settings": {
                key: group.settings[key] for key in self.differing if key in group.settings
            },
            **{
                split: {name: mean_json(group.score(split, name)) for name in self.measures}
                for split in SPLITS
            },
            "train_seconds": mean_json(group.seconds),
            "checkpoint_bytes": mean_json(group.size),
            "texts_per_second": self.speeds.get(group.name),
            "runs": [
                {"run_dir": str(run.directory), "seed": run.seed, "fold": run.part[0] or None}
                | run.scores
                for run in runs
            ],
        }


def mean_json(value: Mean | None) -> dict[str, float | None] | None:
    return None if value is None else {"mean": value.mean, "std": value.deviation}


def join_names(names: Sequence[str], most: int = 3) -> str:
    """Some names and the number of the others."""
    few = ", ".join(names[:most])
    return few if len(names) <= most else f"{few} and {len(names) - most} more"
