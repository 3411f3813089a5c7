"""Paths as they are typed, and as a stored configuration has them."""

import glob
import os
import shlex
from pathlib import Path

from textcnn.errors import InputError


def expanded(path: str | os.PathLike[str]) -> Path:
    """A path with the home directory in place of `~`; a name such as `~a.csv` stays."""
    return Path(os.path.expanduser(path))  # noqa: PTH111 - Path's raises for an unknown user


def find_stored(key: str, path: str, start: Path) -> str:
    """A stored path as it is, or from a directory above its run: where training probably began.

    Args:
        key: that the path is the value of.
        start: the run or checkpoint directory.

    Raises:
        InputError: there is no such file.
    """
    typed = expanded(path)
    if exists(typed):
        return path
    if not typed.is_absolute():
        for directory in start.resolve().parents:
            if exists(directory / typed):
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
