"""Files and directories that appear complete or not at all, even if the program is killed."""

import glob
import json
import math
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from textcnn.system.failures import naming


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; the file written there replaces `path` at the end.

    Raises:
        OSError: it can't be written; the error names `path`.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with naming(path):
        remove_leftovers(path)
        try:
            yield temporary
            flush(temporary)
            temporary.replace(path)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def remove_leftovers(path: Path) -> None:
    """Delete temporary files of killed processes: the process is gone, or the file is a day old."""
    for leftover in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        pid = leftover.name.removeprefix(f".{path.name}.").removesuffix(".tmp")
        with suppress(OSError):  # another process deleted it first
            a_day_ago = time.time() - 24 * 60 * 60
            if pid.isdecimal() and (not runs(int(pid)) or leftover.stat().st_mtime < a_day_ago):
                leftover.unlink()


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)  # sends nothing
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it runs, as another user
    return True


def write_json(path: Path, value: Any) -> None:
    """Write a file that every reader of JSON takes: infinite numbers and nan become null."""
    try:
        text = json.dumps(value, indent=2, allow_nan=False)
    except ValueError:
        text = json.dumps(without_nan(value), indent=2, allow_nan=False)
    with new_file(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def without_nan(value: Any) -> Any:
    """The same lists and dictionaries, with None for every number that JSON has no word for."""
    if isinstance(value, dict):
        return {key: without_nan(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


@contextmanager
def new_directory(path: Path) -> Iterator[Path]:
    """Yield a temporary directory beside `path` that replaces `path` at the end.

    A directory can't be replaced in one step, so the old one is moved aside first. If the process
    is killed between the two moves, `existing` finds the old one there.
    """
    with naming(path):
        for leftover in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):  # of killed processes
            shutil.rmtree(leftover, ignore_errors=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent))
        try:
            yield temporary
            for file in temporary.iterdir():
                flush(file)
            temporary.chmod(0o755)  # mkdtemp creates it with 0o700
            if path.exists():
                shutil.rmtree(aside(path), ignore_errors=True)
                path.rename(aside(path))
            temporary.rename(path)
            shutil.rmtree(aside(path), ignore_errors=True)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def existing(path: Path) -> Path:
    """`path`, or the old directory that `new_directory` moved aside before it was killed."""
    return aside(path) if not path.exists() and aside(path).exists() else path


def aside(path: Path) -> Path:
    return path.with_name(f".{path.name}.old")


def replaced_by(path: Path) -> Path:
    """The path whose old directory `aside` names, or else `path` itself."""
    name = path.name.removeprefix(".").removesuffix(".old")
    return path.with_name(name) if path.name == f".{name}.old" else path


def flush(path: Path) -> None:
    """Wait until the file is on the disk, so that even a power cut leaves no empty file."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
