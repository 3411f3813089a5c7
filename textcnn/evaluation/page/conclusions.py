"""What a person should conclude from the scores, in sentences."""

from collections.abc import Iterator

from textcnn.evaluation.calibration.quality import CalibrationReport
from textcnn.evaluation.measures.intervals import Interval
from textcnn.evaluation.metrics import Scores
from textcnn.evaluation.references import BaselineScores, Majority, doubts
from textcnn.evaluation.tables import accuracy_name, with_interval

CLEAR = 0.01  # mean excess of probabilities that is worth a word


def conclusions(
    scores: Scores,
    split: str,
    accuracy: Interval | None,
    majority: Majority | None,
    baseline: BaselineScores | None,
) -> Iterator[str]:
    """
    Args:
        split: the name of the texts.
        accuracy: its interval.
    """
    name = accuracy_name(scores).capitalize()
    score = with_interval(scores.accuracy, accuracy)
    yield f"{name} {score} on {scores.examples:,} {split} texts."
    doubted = [*doubts(accuracy, majority)]
    for line in doubted:
        yield f"{line[0].upper()}{line[1:]}."
    if majority is not None and not doubted:
        yield f"Always answering {majority.answer} would reach {100 * majority.accuracy:.1f} %."
    if baseline is not None and accuracy is not None:
        yield against_baseline(scores.accuracy, accuracy, baseline)


def trust_line(trust: CalibrationReport) -> str:
    """How far probabilities are from the truth, and in which direction."""
    texts = max(sum(each.count for each in trust.bins), 1)
    excess = sum(each.count * (each.confidence - each.accuracy) for each in trust.bins) / texts
    surer = "it is surer than it should be" if excess > 0 else "it is less sure than it could be"
    return (
        "Its probabilities differ from observed frequencies by "
        f"{100 * trust.after.ece:.1f} points on average"
        + (f": {surer}." if abs(excess) >= CLEAR else ".")
    )


def against_baseline(accuracy: float, sure: Interval, baseline: BaselineScores) -> str:
    """The linear baseline is no sample here: its score lies inside or outside the interval."""
    what = f"the linear baseline over {baseline.unit} n-grams ({100 * baseline.accuracy:.1f} %)"
    if sure[0] > baseline.accuracy:
        return f"Better than {what} by {100 * (accuracy - baseline.accuracy):.1f} points."
    if sure[1] < baseline.accuracy:
        return f"Worse than {what} by {100 * (baseline.accuracy - accuracy):.1f} points."
    return f"No clear difference from {what} on these texts."
