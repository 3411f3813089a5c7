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
    if (found := place_above(path, start)) is not None:
        return found
    raise InputError(
        f"{key}={path}: no such file, neither from {Path.cwd()} nor above {start}; the stored path "
        f"is as it was typed; set {key}=<file>"
    )


def place_above(path: str, start: Path) -> str | None:
    """A path from the current directory, or one above `start`; None if it is at neither."""
    typed = expanded(path)
    if exists(typed):
        return path
    if typed.is_absolute():
        return None
    places = (f"{directory}/{path}" for directory in start.resolve().parents)
    return next((place for place in places if exists(Path(place))), None)


def check_stored(key: str, path: str, start: Path) -> None:
    """
    Raises:
        InputError: a stored path doesn't exist here; the message says where it does.
    """
    check_place(key, path, find_stored(key, path, start))


def check_place(key: str, path: str, place: str | None) -> None:
    """
    Args:
        place: where a stored path is; None: nowhere, which may be no fault of it.

    Raises:
        InputError: it is somewhere else than the path says from here.
    """
    if place not in (path, None):
        assert place is not None
        directory = os.path.normpath(place.removesuffix(path) or "/")
        raise InputError(
            f"{key}={path} was typed in {directory}; resume from there: cd {shlex.quote(directory)}"
        )


def exists(path: Path) -> bool:
    # Path.glob refuses absolute patterns
    return path.exists() or bool(glob.glob(str(path)))  # noqa: PTH207
