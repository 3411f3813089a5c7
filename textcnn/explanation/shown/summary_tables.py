"""The summary of a classifier as tables: in the terminal, and as Markdown for TensorBoard."""

from rich.console import Console
from rich.table import Table

from textcnn.explanation.learned.filters import Filter
from textcnn.explanation.learned.summary import Summary
from textcnn.system.terminal import build_table, markdown

FILTERS = 10  # in a table, the most influential ones
CELL = 5  # n-grams in a cell
CLASSES = 50  # in a table, those that are predicted most


def class_rows(summary: Summary, count: int) -> list[list[str]]:
    """
    Args:
        count: n-grams of a class.
    """
    rows = [["class", "predicted", "n-grams that decide most: sum (texts)"]]
    for label, found in summary.most_predicted(CLASSES).items():
        cells = [
            f"{each.ngram} {each.contribution:+.1f} ({each.texts:,})"
            for each in found.ngrams[:count]
        ]
        rows.append([label, f"{found.texts:,}", "; ".join(cells)])
    return rows


def filter_rows(filters: list[Filter]) -> list[list[str]]:
    rows = [["filter", "class", "threshold", "informs in", "strongest n-grams (* informs)"]]
    for each in filters:
        ngrams = [f"{one.ngram}{'*' * one.informs} {one.value:.1f}" for one in each.ngrams]
        threshold = "none" if each.threshold is None else f"{each.threshold:.2f}"
        share = f"{100 * each.informs:.0f} %"
        rows.append([each.name, each.label, threshold, share, "; ".join(ngrams[:CELL])])
    return rows


def print_summary(console: Console, summary: Summary, top: int) -> None:
    """
    Args:
        top: n-grams of a class, and filters.
    """
    console.print(f"{summary.texts:,} texts were read")
    console.print(table("What decides", class_rows(summary, top)))
    if (hidden := len(summary.classes) - CLASSES) > 0:
        console.print(f"({hidden:,} more classes)")
    if summary.filters:
        console.print(table("The most influential filters", filter_rows(summary.living[:top])))
    for line in summary.lines:
        console.print(line)


def table(title: str, rows: list[list[str]]) -> Table:
    """As `build_table`, with the words of the last column on the left."""
    built = build_table(title, rows)
    built.columns[-1].justify = "left"
    return built


def summary_markdown(summary: Summary) -> str:
    """Two tables and what to know about the filters."""
    parts = [markdown(coded(class_rows(summary, FILTERS)))]
    if summary.filters:
        parts.append(markdown(coded(filter_rows(summary.living[:FILTERS]))))
    return "\n\n".join([*parts, *summary.lines, f"{summary.texts:,} texts were read."])


def coded(rows: list[list[str]]) -> list[list[str]]:
    """Cells as code, in which Markdown and HTML mean nothing."""
    header, *others = rows
    return [header, *([code(cell) for cell in row] for row in others)]


def code(cell: str) -> str:
    # a line break would end the row
    flat = " ".join(cell.split()).replace("`", "'")
    return f"`{flat}`" if flat else ""
