"""The audit in the terminal: counts, and the first rows of the list."""

from rich.console import Console
from rich.table import Table

from textcnn.data.audit.suspects import Findings
from textcnn.data.audit.whole import Whole
from textcnn.system.terminal import build_table

SHOWN = 10  # rows
WIDTH = 60  # characters of a text


def report(console: Console, findings: Findings, whole: Whole, separator: str) -> None:
    """Print what was found."""
    console.print(f"labels confirmed by models of the other folds: {100 * whole.agreement:.1f} %")
    console.print(f"near-duplicates of an earlier row: {findings.repeated:,}")
    console.print(build_table("Rows to look at", count_rows(findings)))
    if findings.suspects:
        console.print(first_suspects(findings, separator))
    for line in whole.lines:
        console.print(line)


def count_rows(findings: Findings) -> list[list[str]]:
    """By fault; a row may have several."""
    counts = [
        [name, f"{count:,}", f"{100 * count / findings.rows:.1f} %"]
        for name, count in findings.counts.items()
    ]
    total = len(findings.suspects)
    return [
        ["", "rows", "of all"],
        *counts,
        ["any of them", f"{total:,}", f"{100 * total / findings.rows:.1f} %"],
    ]


def first_suspects(findings: Findings, separator: str) -> Table:
    table = Table(title="The most doubtful labels", title_justify="left")
    for name in ("row", "split"):
        table.add_column(name, justify="right")
    for name in ("label", "suggested", "text"):
        table.add_column(name, overflow="fold")
    for suspect in findings.suspects[:SHOWN]:
        table.add_row(
            f"{suspect.row:,}",
            suspect.split,
            separator.join(suspect.label),
            separator.join(suspect.suggested),
            " ".join(suspect.text.split())[:WIDTH],
        )
    return table
