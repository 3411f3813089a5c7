"""Runs of one configuration are a group: they differ in seed, fold or member only."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from statistics import mean, stdev

from textcnn.evaluation.comparison.run import Run
from textcnn.system.escapes import in_one_line

LONGEST_NAME = 60  # characters
KEYS_IN_NAME = 3
MOST_KEYS = 20  # of those that differ, to choose from


@dataclass(frozen=True)
class Mean:
    """Mean and sample standard deviation (n - 1) over runs; of one run, no deviation."""

    mean: float
    deviation: float | None

    @classmethod
    def of(cls, values: Sequence[float | None]) -> "Mean | None":
        """None if some value is missing."""
        known = [value for value in values if value is not None]
        if not known or len(known) < len(values):
            return None
        return cls(mean(known), stdev(known) if len(known) > 1 else None)


@dataclass(frozen=True)
class Group:
    """Runs of one configuration."""

    name: str
    runs: tuple[Run, ...]

    @property
    def settings(self) -> dict[str, str]:
        return self.runs[0].settings

    def score(self, split: str, measure: str) -> Mean | None:
        return Mean.of([run.scores.get(split, {}).get(measure) for run in self.runs])

    @property
    def seconds(self) -> Mean | None:
        return Mean.of([run.seconds for run in self.runs])

    @property
    def size(self) -> Mean | None:
        return Mean.of([run.size for run in self.runs])

    @property
    def count(self) -> str:
        """How many runs, and of what: `6 (2 seeds, 3 folds)`."""
        kinds = {
            "seed": {run.seed for run in self.runs},
            "fold": {run.part[0] for run in self.runs},
            "member": {run.part[1] for run in self.runs},
        }
        parts = [f"{len(values)} {kind}s" for kind, values in kinds.items() if len(values) > 1]
        return f"{len(self.runs)}" + (f" ({', '.join(parts)})" if parts else "")


def group_runs(runs: Sequence[Run]) -> list[Group]:
    """Groups in the order of their first runs, each with a name.

    If all runs have one configuration, and some even the same seed, each run is a group: they were
    trained by different versions or on different machines, and that is what is compared.
    """
    by_settings: dict[tuple[tuple[str, str], ...], list[Run]] = {}
    for run in runs:
        by_settings.setdefault(tuple(sorted(run.settings.items())), []).append(run)
    divided = [*by_settings.values()]
    if len(divided) == 1 and len({run.key for run in runs}) < len(runs):
        divided = [[run] for run in runs]
    names = names_of(divided)
    return [Group(name, tuple(each)) for name, each in zip(names, divided, strict=True)]


def names_of(divided: Sequence[Sequence[Run]]) -> list[str]:
    """Names of groups: of their folders if each has one of its own, else of their settings."""
    if all(len(runs) == 1 for runs in divided):
        return [runs[0].name for runs in divided]
    folders = [{*map(folder_of, runs)} for runs in divided]
    if len({*chain(*folders)}) == sum(map(len, folders)) == len(divided) and "" not in folders[0]:
        return [folder.pop() for folder in folders]
    names = telling([runs[0].settings for runs in divided])
    return names or [
        runs[0].name + (f" and {len(runs) - 1} more" if len(runs) > 1 else "") for runs in divided
    ]


def folder_of(run: Run) -> str:
    return run.name.rpartition("/")[0]


def differing_keys(settings: Sequence[dict[str, str]]) -> list[str]:
    """The keys to which the configurations give different values.

    A key that only some architectures have differs if those that have it do; `model.name` says the
    rest.
    """
    keys = dict.fromkeys(key for each in settings for key in each)
    return [key for key in keys if len({each[key] for each in settings if key in each}) > 1]


def telling(settings: Sequence[dict[str, str]]) -> list[str]:
    """Names of configurations: their values of the fewest keys that tell them all apart.

    No names if that takes more than KEYS_IN_NAME keys, or they would be long.
    """
    # what chooses a group of keys says most
    keys = sorted(differing_keys(settings), key=lambda key: not key.endswith((".name", ".unit")))
    for count in range(1, KEYS_IN_NAME + 1):
        for chosen in combinations(keys[:MOST_KEYS], count):
            names = [", ".join(words(each, chosen)) for each in settings]
            if len({*names}) == len(names) and all(0 < len(each) <= LONGEST_NAME for each in names):
                return names
    return []


def words(settings: dict[str, str], keys: Sequence[str]) -> list[str]:
    """`model=bag` and so on, of the keys that there are."""
    return [
        in_one_line(f"{key.removesuffix('.name').removesuffix('.unit')}={settings[key]}")
        for key in keys
        if key in settings
    ]
