"""Relative paths in a stored configuration, when a program runs in another directory."""

import glob
import shlex
from pathlib import Path

from textcnn.errors import InputError


def find_stored(key: str, path: str, start: Path) -> str:
    """A stored path as it is, or from a directory above its run: where training probably began.

    Args:
        key: that the path is the value of.
        start: the run or checkpoint directory.

    Raises:
        InputError: there is no such file.
    """
    expanded = Path(path).expanduser()
    if exists(expanded):
        return path
    if not expanded.is_absolute():
        for directory in start.resolve().parents:
            if exists(directory / expanded):
                return f"{directory}/{path}"
    raise InputError(
        f"{key}={path}: no such file, neither from {Path.cwd()} nor above {start}; the stored path "
        f"is as it was typed; set {key}=<file>"
    )


def check_stored(key: str, path: str, start: Path) -> None:
    """
    Raises:
        InputError: a stored path doesn't exist here; the message says where it does.
    """
    found = find_stored(key, path, start)
    if found != path:
        directory = found.removesuffix(path).rstrip("/") or "/"
        raise InputError(
            f"{key}={path} was typed in {directory}; resume from there: cd {shlex.quote(directory)}"
        )


def exists(path: Path) -> bool:
    # Path.glob refuses absolute patterns
    return path.exists() or bool(glob.glob(str(path)))  # noqa: PTH207
