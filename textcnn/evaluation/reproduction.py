"""Whether a checkpoint's scores are those that training reported, and what differs if not."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from textcnn.evaluation.manifest import Reported
from textcnn.evaluation.metrics import Scores
from textcnn.inference import AnyClassifier, Restored, restore
from textcnn.inference.environment import environment

GOLDEN_TOLERANCE = 1e-4  # largest difference of a logit between machines
SCORES = {"accuracy": "accuracy", "macro_f1": "macro-F1", "micro_f1": "micro-F1"}
LONGEST = 60  # characters of what a manifest says: it may come from anywhere


@dataclass(frozen=True)
class Reproduction:
    """The scores beside those of training."""

    reported: dict[str, Any] | None  # None: training reported none of these texts
    reproduced: bool | None
    golden_difference: float
    differences: list[str]  # nothing if they are reproduced, or can't be compared
    verdict: str  # a sentence

    def as_json(self) -> dict[str, Any]:
        named = dict(vars(self))
        del named["verdict"]
        return named

    @property
    def lines(self) -> list[str]:
        return [self.verdict, *(f"what differs: {each}" for each in self.differences)]


def reproduce(
    restored: Restored,
    stored: Reported,
    scores: Scores,
    *,
    same_data: bool,
    given: Sequence[str],
    half: bool,
) -> Reproduction:
    """
    Args:
        stored: what training reported.
        same_data: the scored texts are the test texts of training.
        given: the keys of `data` that the user set.
        half: the lookup tables have half precision.
    """
    reported = stored.scores if same_data else None
    golden = golden_difference(exact(restored.classifier, restored.directory, half), *stored.golden)
    return Reproduction(
        reported,
        None if reported is None else same(reported["accuracy"], scores.accuracy),
        golden,
        differences(restored.manifest, reported, scores, golden <= GOLDEN_TOLERANCE),
        judge(scores, reported, same_data, given, golden),
    )


def differences(
    manifest: Mapping[str, Any],
    reported: Mapping[str, Any] | None,
    scores: Scores,
    same_logits: bool,
) -> list[str]:
    """Nothing if the scores are reproduced, or if there are none to compare with.

    Args:
        manifest: of the checkpoint.
        reported: the scores of training on these texts; None: there are none.
        same_logits: the logits of the golden texts are those of training.
    """
    same_scores = reported is None or same(reported["accuracy"], scores.accuracy)
    if same_logits and same_scores:
        return []
    found = [] if reported is None else [*score_differences(reported, scores)]
    elsewhere = [*environment_differences(manifest.get("environment"), environment())]
    return [*found, *(elsewhere or ["neither versions nor hardware"])]


def environment_differences(then: Any, now: Mapping[str, str]) -> Iterator[str]:
    """
    Args:
        then: what a manifest says of the environment of training; anything at all.
        now: see `environment`.
    """
    if not isinstance(then, dict):
        yield "the checkpoint doesn't say with which versions it was trained"
        return
    for name, value in now.items():
        before = then.get(name)
        if isinstance(before, str) and before != value:
            yield f"{name}: {' '.join(before.split())[:LONGEST]} in training, {value} now"


def score_differences(reported: Mapping[str, Any], scores: Scores) -> Iterator[str]:
    """
    Args:
        reported: the scores of training, of which some may be missing.
    """
    for name, title in SCORES.items():
        before, now = reported.get(name), getattr(scores, name)
        if isinstance(before, float) and not same(before, now):
            yield f"{title}: {100 * before:.2f} % in training, {100 * now:.2f} % now"
    before = reported.get("loss")
    if isinstance(before, float) and not same(before, scores.loss):
        yield f"loss: {before:.6f} in training, {scores.loss:.6f} now"


def same(before: float, now: float) -> bool:
    """Earlier versions rounded to float32, which is no other result."""
    return math.isclose(before, now, rel_tol=1e-6)


def exact(classifier: AnyClassifier, directory: Path, half: bool) -> AnyClassifier:
    """The classifier without half precision, which changes logits more than a machine would."""
    return restore(directory, table_memory=0).classifier if half else classifier


def golden_difference(classifier: AnyClassifier, texts: list[str], stored: Tensor) -> float:
    """The largest difference between the stored logits of the golden texts and those of now."""
    return (classifier.logits(texts) - stored).abs().max().item()


def judge(
    scores: Scores,
    reported: dict[str, float] | None,
    same_data: bool,
    given: Sequence[str],
    golden: float,
) -> str:
    """Whether the scores are those that training reported, in a sentence."""
    if not golden <= GOLDEN_TOLERANCE:  # nan is not a reproduction either
        return (
            f"differs: logits of the checkpoint's golden texts are off by up to {golden:.2g}; "
            "this machine or its libraries compute different numbers than training did"
        )
    if reported is None:
        if same_data:
            return "nothing to compare with: training reported no test scores of this checkpoint"
        changed = (
            "these are not the test texts of the training run"
            if given
            else "the test data have changed"
        )
        return f"nothing to compare with: {changed}"
    if same(reported["accuracy"], scores.accuracy):
        return f"reproduced: training reported the same accuracy, {100 * scores.accuracy:.2f} %"
    return f"differs: training reported an accuracy of {100 * reported['accuracy']:.2f} %"
