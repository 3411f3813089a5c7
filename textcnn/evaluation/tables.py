"""Scores as text for the terminal."""

from rich.table import Table

from textcnn.evaluation.metrics import Scores

CLASSES_SHOWN = 50  # metrics.json has all


def class_table(scores: Scores, title: str) -> Table:
    """One row per class, then averages, each in the column of the scores it averages.

    Of many classes it has those with the most texts, in the order of the classes.
    """
    table = Table(title=title, title_justify="left")
    table.add_column("class")
    for name in ("precision %", "recall %", "F1 %", "examples"):
        table.add_column(name, justify="right")
    by_texts = sorted(scores.classes, key=lambda row: -row.examples)
    shown = {row.label for row in by_texts[:CLASSES_SHOWN]}
    for row in scores.classes:
        if row.label not in shown:
            continue
        percents = [f"{100 * value:.1f}" for value in (row.precision, row.recall, row.f1)]
        table.add_row(row.label, *percents, f"{row.examples:,}")
    if rest := by_texts[CLASSES_SHOWN:]:
        more = f"{sum(row.examples for row in rest):,}"
        table.add_row(f"{len(rest):,} more classes", "", "", "", more)
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
