"""Scores as text for the terminal."""

from rich.table import Table

from textcnn.evaluation.metrics import Scores


def class_table(scores: Scores, title: str) -> Table:
    """One row per class, then averages, each in the column of the scores it averages."""
    table = Table(title=title, title_justify="left")
    table.add_column("class")
    for name in ("precision %", "recall %", "F1 %", "examples"):
        table.add_column(name, justify="right")
    for row in scores.classes:
        percents = [f"{100 * value:.1f}" for value in (row.precision, row.recall, row.f1)]
        table.add_row(row.label, *percents, f"{row.examples:,}")
    table.add_section()
    examples = f"{scores.examples:,}"
    if scores.multi_label:  # with one class per text it is the accuracy
        table.add_row("micro average", "", "", f"{100 * scores.micro_f1:.1f}", examples)
    table.add_row("macro average", "", "", f"{100 * scores.macro_f1:.1f}", examples)
    accuracy = f"{100 * scores.accuracy:.2f}"
    table.add_row(accuracy_name(scores), "", "", accuracy, examples, style="bold")
    return table


def summary(scores: Scores) -> str:
    """The scores of all texts, in one line."""
    micro = f"micro-F1 {100 * scores.micro_f1:.2f} %, " if scores.multi_label else ""
    return (
        f"{accuracy_name(scores)} {100 * scores.accuracy:.2f} %, {micro}"
        f"macro-F1 {100 * scores.macro_f1:.2f} %, "
        f"loss {scores.loss:.4f} on {scores.examples:,} texts"
    )


def accuracy_name(scores: Scores) -> str:
    """With label sets, accuracy counts whole sets: exact match."""
    return "exact match" if scores.multi_label else "accuracy"
