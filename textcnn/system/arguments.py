"""Arguments to paste into a shell. Imports are light."""

import re
import shlex
from pathlib import Path


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
