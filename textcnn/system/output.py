"""Files and standard output that a program writes its answers to."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from textcnn.errors import InputError
from textcnn.system.atomic import new_file
from textcnn.system.paths import expanded


@contextmanager
def open_output(path: str, overwrite: bool) -> Iterator[IO[str]]:
    """Open standard output, a device, or a file that appears once it is complete.

    Raises:
        InputError: the file already exists, or its directory doesn't exist or isn't writable.
    """
    target = expanded(path)
    if path == "-":
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")
        yield sys.stdout
    elif target.exists() and not target.is_file() and not target.is_dir():
        with target.open("w", encoding="utf-8") as device:
            yield device
    elif target.exists() and (target.is_dir() or not overwrite):
        raise InputError(f"output={path} already exists; try another file, or overwrite=true")
    elif not target.parent.is_dir():
        raise InputError(f"output={path}: there is no directory {target.parent}; create it first")
    elif not os.access(target.parent, os.W_OK):
        raise InputError(
            f"output={path}: the directory {target.parent} is not writable; try another"
        )
    else:
        with new_file(target) as temporary, temporary.open("w", encoding="utf-8") as file:
            yield file
