"""The report in TensorBoard: the reliability diagram, and mistakes with the words that decided."""

from collections.abc import Sequence

from textcnn.evaluation.figures import reliability_figure
from textcnn.evaluation.page.build import Scored
from textcnn.evaluation.page.content import Example, Piece
from textcnn.system.terminal import markdown
from textcnn.training.curves import Curves

STRONG = 0.3  # of the strongest contribution: what is shown in bold


def log_scored(curves: Curves, scored: Scored, step: int) -> None:
    if scored.trust is not None:
        curves.figure(f"calibration/{scored.split}", reliability_figure(scored.trust), step)
    if scored.mistakes:
        curves.text(f"mistakes/{scored.split}", mistakes_markdown(scored.mistakes), step)


def mistakes_markdown(mistakes: Sequence[Example]) -> str:
    """A table: the words in bold argue for the predicted class."""
    rows = [["row", "label", "predicted", "text"]]
    for each in mistakes:
        text = "".join(map(marked, each.pieces))
        predicted = f"{each.prediction} {each.probability}"
        rows.append([str(each.row), each.label, predicted, " ".join(text.split())])
    return markdown(rows)


def marked(piece: Piece) -> str:
    plain = piece.text.replace("*", "\\*").replace("_", "\\_").replace("`", "'")
    return f"**{plain}**" if piece.share >= STRONG and plain.strip() == plain else plain
