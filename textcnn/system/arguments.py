"""Arguments to paste into a shell. Imports are light."""

import re
import shlex
from collections.abc import Sequence
from pathlib import Path


def argument(key: str, value: Path | str | Sequence[str]) -> str:
    """`key=value` quoted for a shell and for Hydra, whatever characters the value holds."""
    if isinstance(value, Path | str):
        written = hydra_item(str(value))
        return f"{key}={value}" if written == str(value) else shlex.quote(f"{key}={written}")
    written = f"{key}=[{','.join(map(hydra_item, value))}]"
    return written if '"' not in written else shlex.quote(written)


def hydra_item(value: str) -> str:
    """A string as Hydra reads it, in quotes if it needs them."""
    plain = re.fullmatch(r"[\w./-]+", value) and value != "null"
    return value if plain else hydra_string(value)


def hydra_string(value: str) -> str:
    """A string in quotes, as Hydra and OmegaConf read it."""
    # Hydra takes backslashes as they are, but before a quote
    escaped = re.sub(r'(\\*)"', r'\1\1\\"', value)
    escaped = re.sub(r"(\\+)$", r"\1\1", escaped)
    return '"' + literal(escaped) + '"'


def literal(value: str) -> str:
    """A string in which OmegaConf finds no interpolation, and which it reads as the given one."""
    return re.sub(r"(\\*)\$\{", r"\1\1\\${", value)
