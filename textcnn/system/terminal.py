"""Output to the terminal: the console and tables."""

from collections.abc import Iterable, Sequence
from typing import IO, Any

from rich.console import Console
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from textcnn.system.escapes import UNSAFE, escaped


def build_console(quiet: bool = False, file: IO[str] | None = None) -> Console:
    """A console that prints lines unchanged.

    Labels and paths may hold brackets and colons, so markup is off. A line wider than the terminal
    stays one line, so that it can be copied and searched for.

    Args:
        file: where to print; None: standard output.
    """
    return PlainConsole(
        file=file, quiet=quiet, markup=False, emoji=False, highlight=False, soft_wrap=True
    )


class PlainConsole(Console):
    """A console that escapes what could move the cursor, or reverse the order of letters."""

    def render_str(self, text: str, **options: Any) -> Text:
        """A string with escapes, which count in the width of a column."""
        return super().render_str(escaped(text), **options)

    def render(self, *args: Any, **options: Any) -> Iterable[Segment]:
        """The segments of a renderable, with escaped text."""
        for segment in super().render(*args, **options):
            if segment.control or not UNSAFE.search(segment.text):
                yield segment
            else:
                yield Segment(escaped(segment.text), segment.style)


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
