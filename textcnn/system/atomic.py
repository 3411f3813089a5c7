"""Files and directories that appear whole or not at all, even if the program is killed."""

import glob
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`; what was written there takes its place at the end."""
    remove_left_overs(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        flush(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def remove_left_overs(path: Path) -> None:
    """What those who were killed had begun to write: their process is gone, or a day has passed."""
    for left_over in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        pid = left_over.name.removeprefix(f".{path.name}.").removesuffix(".tmp")
        with suppress(OSError):  # another start was faster
            a_day_ago = time.time() - 24 * 60 * 60
            if pid.isdecimal() and (not runs(int(pid)) or left_over.stat().st_mtime < a_day_ago):
                left_over.unlink()


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)  # sends nothing
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # another user's
    return True


def write_json(path: Path, value: Any) -> None:
    with new_file(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


@contextmanager
def new_directory(path: Path) -> Iterator[Path]:
    """A temporary directory beside `path`, which takes its place at the end.

    A directory can't be replaced in one step: the old one is moved aside first. Whoever is killed
    between the two moves leaves the old one there, where `existing` finds it.
    """
    for left_over in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):  # by one who was killed
        shutil.rmtree(left_over, ignore_errors=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent))
    try:
        yield temporary
        for file in temporary.iterdir():
            flush(file)
        temporary.chmod(0o755)  # mkdtemp makes it private
        if path.exists():
            shutil.rmtree(aside(path), ignore_errors=True)
            path.rename(aside(path))
        temporary.rename(path)
        shutil.rmtree(aside(path), ignore_errors=True)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def existing(path: Path) -> Path:
    """`path`, or what `new_directory` had moved aside from there when it was killed."""
    return aside(path) if not path.exists() and aside(path).exists() else path


def aside(path: Path) -> Path:
    return path.with_name(f".{path.name}.old")


def flush(path: Path) -> None:
    """Wait until the disk has it, so that not even a power cut leaves an empty file."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
