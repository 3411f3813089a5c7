"""The console that programs speak through."""

from rich.console import Console


def build_console(quiet: bool = False) -> Console:
    """A console that prints what it is given: labels and paths may hold brackets and colons, and
    a line that is wider than the terminal must stay one line, to be copied or searched for."""
    return Console(quiet=quiet, markup=False, emoji=False, highlight=False, soft_wrap=True)
