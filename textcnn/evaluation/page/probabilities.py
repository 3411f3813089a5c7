"""Whether probabilities can be trusted, as a drawing and a table of the report."""

from textcnn.evaluation.calibration.quality import CalibrationReport
from textcnn.evaluation.page.content import Figure, Grid
from textcnn.evaluation.page.drawings import draw_reliability


def reliability_figure(trust: CalibrationReport) -> Figure:
    """The reliability diagram after calibration, with the numbers in a sentence."""
    line = trust.line
    return draw_reliability(
        [each.confidence for each in trust.bins],
        [each.accuracy for each in trust.bins],
        [each.count for each in trust.bins],
        f"{line[0].upper()}{line[1:]}. Points on the diagonal: of answers with a probability of "
        "80 %, 80 % are correct. Points below it: the model is surer than it should be.",
    )


def abstaining_grid(trust: CalibrationReport) -> Grid | None:
    """What would be answered above a threshold; None for label sets."""
    if not trust.abstaining:
        return None
    rows = [
        (
            f"{row.threshold:g}",
            f"{100 * row.coverage:.1f} %",
            "" if row.accuracy is None else f"{100 * row.accuracy:.2f} %",
        )
        for row in trust.abstaining
    ]
    header = ("answers from a probability of", "texts answered", "accuracy of these")
    caption = "What predict threshold= would answer; the others get no label."
    return Grid(header, tuple(rows), caption)
