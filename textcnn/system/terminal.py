"""Output to the terminal: the console, tables, and arguments to paste."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from textcnn.system.arguments import argument as argument


def build_console(quiet: bool = False) -> Console:
    """A console that prints lines unchanged.

    Labels and paths may hold brackets and colons, so markup is off. A line wider than the terminal
    stays one line, so that it can be copied and searched for.
    """
    return Console(quiet=quiet, markup=False, emoji=False, highlight=False, soft_wrap=True)


def build_table(title: str, rows: Sequence[Sequence[str]]) -> Table:
    """A table for the terminal; the first row is the header, the first column names the rows."""
    header, *others = rows
    table = Table(title=title, title_justify="left")
    for number, name in enumerate(header):
        table.add_column(name, justify="right" if number else "left", overflow="fold")
    for cells in others:
        table.add_row(*cells)
    return table


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """The same table as Markdown, for TensorBoard."""
    header, *others = rows
    lines = [header, ["---"] * len(header), *others]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |" for line in lines
    )
