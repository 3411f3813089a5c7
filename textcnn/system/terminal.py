"""Output to the terminal: the console, tables, and arguments to paste."""

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table


def build_console(quiet: bool = False) -> Console:
    """A console that prints lines unchanged.

    Labels and paths may hold brackets and colons, so markup is off. A line wider than the terminal
    stays one line, so that it can be copied and searched for.
    """
    return Console(quiet=quiet, markup=False, emoji=False, highlight=False, soft_wrap=True)


def argument(key: str, value: Path | str) -> str:
    """`key=value` quoted for a shell and for Hydra, whatever characters the value holds."""
    if re.fullmatch(r"[\w./-]+", str(value)) and value != "null":
        return f"{key}={value}"
    return shlex.quote(f"{key}={hydra_string(str(value))}")


def hydra_string(value: str) -> str:
    """A string in quotes, as Hydra and OmegaConf read it."""
    # Hydra takes backslashes as they are, but before a quote
    escaped = re.sub(r'(\\*)"', r'\1\1\\"', value)
    escaped = re.sub(r"(\\+)$", r"\1\1", escaped)
    return '"' + escaped.replace("${", "\\${") + '"'


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
