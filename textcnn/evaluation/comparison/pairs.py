"""Two groups on the same test texts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import mean

import numpy as np

from textcnn.evaluation.comparison.answers import Answers
from textcnn.evaluation.comparison.groups import Group
from textcnn.evaluation.comparison.paired import (
    TOLERANCE,
    Difference,
    holm,
    over_runs,
    paired_t,
    sign_test,
)

LEVEL = 0.05


@dataclass(frozen=True)
class Comparison:
    """How much better one group is than the reference, in points of accuracy.

    A text counts once: its answers are averaged over the runs of each group, whichever seeds these
    have, and over all test splits that hold it. So the interval is about other texts; the training
    runs count as given.

    Attributes:
        over_texts: mean difference with its 95 % interval; its p is not used.
        only_ours, only_theirs: texts that our runs label correctly more often, and theirs.
        p: exact, of as many texts on either side (McNemar's test; with several runs a sign test).
        adjusted: p after Holm's correction for all comparisons.
        over_seeds: paired by seed; None: fewer than two seeds in common.
    """

    ours: str
    theirs: str
    texts: int  # distinct
    runs: tuple[int, int]  # of ours and theirs that were tested on these texts
    once: bool  # one run of each, or of each for every fold
    over_texts: Difference
    only_ours: int
    only_theirs: int
    p: float
    adjusted: float
    over_seeds: Difference | None

    @property
    def is_sure(self) -> bool:
        """Whether the exact test and the interval agree that one is better."""
        excludes_zero = self.over_texts.low > 0 or self.over_texts.high < 0
        return self.adjusted < LEVEL and excludes_zero


def compare(ours: Group, theirs: Group, answers: Sequence[Answers]) -> Comparison | None:
    """None if they share no test split whose texts are known, or fewer than two texts."""
    parts, runs, once = [], (0, 0), True
    for split in answers:
        own, other = (correct_in(group, split) for group in (ours, theirs))
        if own and other:
            parts.append((split.hashes, np.mean(own, axis=0) - np.mean(other, axis=0)))
            runs = (runs[0] + len(own), runs[1] + len(other))
            once = once and len(own) == len(other) == 1
    if not parts:
        return None
    hashes, differences = (np.concatenate(each) for each in zip(*parts, strict=True))
    _, clusters = np.unique(hashes, return_inverse=True)
    sums = np.bincount(clusters, differences)
    if len(sums) < 2:
        return None
    p = sign_test(sums)
    seeds = by_seed(ours), by_seed(theirs)
    common = sorted(seeds[0].keys() & seeds[1].keys())
    over_seeds = None
    if len(common) > 1:
        over_seeds = over_runs(*([100 * each[seed] for seed in common] for each in seeds))
    return Comparison(
        ours.name,
        theirs.name,
        texts=len(sums),
        runs=runs,
        once=once,
        over_texts=paired_t(100 * differences, clusters),
        only_ours=int((sums > TOLERANCE).sum()),
        only_theirs=int((sums < -TOLERANCE).sum()),
        p=p,
        adjusted=p,
        over_seeds=over_seeds,
    )


def correct_in(group: Group, answers: Answers) -> list[np.ndarray]:
    """For each run with answers, which texts it labels correctly: (texts,) bool."""
    found = [answers.correct.get(run.directory) for run in group.runs]
    return [each for each in found if each is not None]


def by_seed(group: Group) -> dict[int, float]:
    """The test accuracy of each seed, the mean over its folds."""
    accuracies: dict[int, list[float]] = {}
    for run in group.runs:
        if "test" in run.scores:
            accuracies.setdefault(run.seed, []).append(run.scores["test"]["accuracy"])
    return {seed: mean(values) for seed, values in accuracies.items()}


def corrected(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """The comparisons with p values after Holm's correction."""
    adjusted = holm([each.p for each in comparisons])
    return [replace(each, adjusted=p) for each, p in zip(comparisons, adjusted, strict=True)]
