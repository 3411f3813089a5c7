"""What differs from the training run, where its scores are not reproduced."""

from collections.abc import Iterator, Mapping
from typing import Any

from textcnn.evaluation.metrics import Scores
from textcnn.system.environment import environment

SAME_LOSS = 1e-6
SCORES = {"accuracy": "accuracy", "macro_f1": "macro-F1", "micro_f1": "micro-F1"}
LONGEST = 60  # characters of what a manifest says: it may come from anywhere


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
    same_scores = reported is None or reported["accuracy"] == scores.accuracy
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
        if isinstance(before, float) and before != now:
            yield f"{title}: {100 * before:.2f} % in training, {100 * now:.2f} % now"
    before = reported.get("loss")
    if isinstance(before, float) and not abs(before - scores.loss) <= SAME_LOSS:
        yield f"loss: {before:.6f} in training, {scores.loss:.6f} now"
