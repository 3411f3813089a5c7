"""How programs speak."""

import re
import shlex
from pathlib import Path

from rich.console import Console


def build_console(quiet: bool = False) -> Console:
    """A console that prints what it is given: labels and paths may hold brackets and colons, and
    a line that is wider than the terminal must stay one line, to be copied or searched for."""
    return Console(quiet=quiet, markup=False, emoji=False, highlight=False, soft_wrap=True)


def argument(key: str, value: Path | str) -> str:
    """`key=value` as a shell and Hydra take it, whatever the value holds."""
    if re.fullmatch(r"[\w./-]+", str(value)):
        return f"{key}={value}"
    escaped = str(value).replace('"', '\\"')
    return shlex.quote(f'{key}="{escaped}"')
