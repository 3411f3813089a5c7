"""Scores as text for the terminal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table

from textcnn.evaluation.metrics import Scores

if TYPE_CHECKING:
    from textcnn.evaluation.measures.intervals import Interval
    from textcnn.evaluation.measures.measure import Measures
    from textcnn.evaluation.texts.slices import Group

# The measures for the terminal and the report; R@k and others are in the file.
IN_PERCENT = {
    "balanced_accuracy": "balanced accuracy",
    "weighted_f1": "weighted F1",
    "top_3_accuracy": "top-3 accuracy",
    "top_5_accuracy": "top-5 accuracy",
    "precision_at_1": "P@1",
    "precision_at_3": "P@3",
    "precision_at_5": "P@5",
    "ndcg_at_5": "nDCG@5",
}
WITHOUT_UNIT = {
    "auroc": "AUROC",
    "average_precision": "average precision",
    "matthews": "Matthews correlation",
}
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


def summary(scores: Scores, sure: "Interval | None" = None) -> str:
    """The scores of all texts, in one line.

    Args:
        sure: the interval of the accuracy.
    """
    micro = f"micro-F1 {100 * scores.micro_f1:.2f} %, " if scores.multi_label else ""
    return (
        f"{accuracy_name(scores)} {with_interval(scores.accuracy, sure)}, {micro}"
        f"macro-F1 {100 * scores.macro_f1:.2f} %, "
        f"loss {scores.loss:.4f} on {scores.examples:,} texts"
    )


def slice_table(groups: Sequence["Group"]) -> Table:
    """A row for each slice but those by class, which are in the table of classes."""
    table = Table(title="Parts of the texts", title_justify="left")
    table.add_column("by", overflow="fold")
    table.add_column("value", overflow="fold")
    for name in ("accuracy %", "95 %", "macro-F1 %", "examples"):
        table.add_column(name, justify="right", no_wrap=True)
    for group in groups:
        if group.by == "class" and not group.column:
            continue
        table.add_section()
        for number, each in enumerate(group.slices):
            low, high = (f"{100 * end:.1f}" for end in each.interval or (0.0, 1.0))
            f1 = "" if each.macro_f1 is None else f"{100 * each.macro_f1:.1f}"
            table.add_row(
                "" if number else group.by,
                each.value,
                f"{100 * each.accuracy:.1f}",
                f"{low} to {high}",
                f1,
                f"{each.examples:,}",
            )
    return table


def with_interval(share: float, sure: "Interval | None") -> str:
    """Such as 92.41 % (95 %: 91.2 to 93.5)."""
    ends = "" if sure is None else f" (95 %: {100 * sure[0]:.1f} to {100 * sure[1]:.1f})"
    return f"{100 * share:.2f} %{ends}"


def measures_line(measures: "Measures") -> str:
    """The measures beside the scores that are defined, in one line."""
    percent = [
        f"{shown} {100 * value:.2f} %"
        for name, shown in IN_PERCENT.items()
        if (value := measures.values.get(name)) is not None
    ]
    plain = [
        f"{shown} {value:.4f}"
        for name, shown in WITHOUT_UNIT.items()
        if (value := measures.values.get(name)) is not None
    ]
    return ", ".join(percent + plain)


def accuracy_name(scores: Scores) -> str:
    """With label sets, accuracy counts whole sets: exact match."""
    return "exact match" if scores.multi_label else "accuracy"
