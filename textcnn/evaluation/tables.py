"""Scores as text for the terminal."""

from rich.table import Table

from textcnn.evaluation.metrics import Scores


def class_table(scores: Scores, title: str) -> Table:
    """A row per class, and one for all."""
    table = Table(title=title, title_justify="left")
    table.add_column("class")
    for name in ("precision %", "recall %", "F1 %", "examples"):
        table.add_column(name, justify="right")
    for row in scores.classes:
        percents = [f"{100 * value:.1f}" for value in (row.precision, row.recall, row.f1)]
        table.add_row(row.label, *percents, f"{row.examples:,}")
    table.add_section()
    macro_f1, accuracy = f"{100 * scores.macro_f1:.1f}", f"{100 * scores.accuracy:.2f}"
    table.add_row("macro average", "", "", macro_f1, f"{scores.examples:,}")
    table.add_row("accuracy", "", "", accuracy, f"{scores.examples:,}", style="bold")
    return table


def summary(scores: Scores) -> str:
    return (
        f"accuracy {100 * scores.accuracy:.2f} %, macro-F1 {100 * scores.macro_f1:.2f} %, "
        f"loss {scores.loss:.4f} on {scores.examples:,} texts"
    )
