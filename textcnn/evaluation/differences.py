"""What differs from the training run, where its scores are not reproduced."""

from collections.abc import Iterator, Mapping
from typing import Any

from textcnn.evaluation.metrics import Scores

SAME_LOSS = 1e-6
SCORES = {"accuracy": "accuracy", "macro_f1": "macro-F1", "micro_f1": "micro-F1"}
LONGEST = 60  # characters of what a manifest says: it may come from anywhere


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
            yield f"{name}: {before[:LONGEST]} in training, {value} now"


def score_differences(reported: Mapping[str, Any], scores: Scores) -> Iterator[str]:
    """
    Args:
        reported: the scores of training, of which some may be missing.
    """
    for name, title in SCORES.items():
        before, now = reported.get(name), getattr(scores, name)
        if isinstance(before, int | float) and before != now:
            yield f"{title}: {100 * before:.2f} % in training, {100 * now:.2f} % now"
    before = reported.get("loss")
    if isinstance(before, int | float) and not abs(before - scores.loss) <= SAME_LOSS:
        yield f"loss: {before:.6f} in training, {scores.loss:.6f} now"
