"""Files and standard output that a program writes its answers to.

`open_output` makes a file that is complete or not there. `open_growing` takes whole lines, which
can be used even if the program doesn't end well: they go to `<output>.partial`, which replaces
`<output>` at the end.
"""

import io
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import IO

from textcnn.errors import InputError
from textcnn.system.atomic import new_file
from textcnn.system.escapes import escaped
from textcnn.system.failures import naming
from textcnn.system.paths import expanded

PARTIAL = ".partial"
# POSIX: a pipe takes so many bytes in whole or not at all.
PIPE_BYTES = select.PIPE_BUF


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
    elif is_device(target):
        with target.open("w", encoding="utf-8") as device:
            yield device
    else:
        check_target(path, overwrite)
        with new_file(target) as temporary, temporary.open("w", encoding="utf-8") as file:
            yield file


def is_device(path: Path) -> bool:
    """Whether a path is a device or a named pipe, which is written to and not replaced."""
    return path.exists() and not path.is_file() and not path.is_dir()


def check_target(path: str, overwrite: bool) -> None:
    """
    Raises:
        InputError: as `open_output`.
    """
    target = expanded(path)
    if target.exists() and (target.is_dir() or not overwrite):
        raise InputError(f"output={path} already exists; try another file, or overwrite=true")
    if not target.parent.is_dir():
        raise InputError(f"output={path}: there is no directory {target.parent}; create it first")
    if not os.access(target.parent, os.W_OK):
        raise InputError(
            f"output={path}: the directory {target.parent} is not writable; try another"
        )


class Growing:
    """A file or a stream that gets blocks of whole lines."""

    def __init__(self, file: IO[bytes], pieces: int | None = None, terminal: bool = False):
        """
        Args:
            pieces: bytes to write at a time, at most, in whole lines; None: any number.
            terminal: escape what a terminal would obey.
        """
        self.file, self.pieces, self.terminal = file, pieces, terminal
        self.rows = 0  # that are written

    def write(self, block: bytes, rows: int = 0) -> None:
        """
        Args:
            rows: how many the block holds.
        """
        if self.terminal:
            block = escaped(block.decode()).encode()
        for piece in [block] if self.pieces is None else whole_lines(block, self.pieces):
            self.file.write(piece)
            self.file.flush()
        self.rows += rows


def whole_lines(block: bytes, size: int) -> Iterator[bytes]:
    """The lines of a block in pieces of at most `size` bytes; a longer line is a piece."""
    start = 0
    while start < len(block):
        end = block.rfind(b"\n", start, start + size) + 1
        end = end or block.find(b"\n", start) + 1 or len(block)
        yield block[start:end]
        start = end


@contextmanager
def open_growing(path: str, overwrite: bool) -> Iterator[Growing]:
    """Open standard output, a device, or `<path>.partial`, which replaces `path` at the end.

    If the block of the `with` fails, `<path>.partial` stays if it has rows, cut to whole blocks.

    Raises:
        InputError: the file exists, its directory doesn't, or another process writes it; an
            InputError of the `with` says also where the rows are that were written before.
    """
    target = expanded(path)
    if path == "-":
        yield Growing(sys.stdout.buffer, PIPE_BYTES, sys.stdout.isatty())
        return
    if is_device(target):
        with naming(target), target.open("wb") as device:
            yield Growing(device, PIPE_BYTES)
        return
    check_target(path, overwrite)
    partial = target.with_name(target.name + PARTIAL)
    with naming(target), open_alone(partial, path) as file:
        output = PartialFile(file, partial)
        try:
            yield output
            os.fsync(file.fileno())
            partial.replace(target)
        except InputError as error:
            kept = output.keep()
            raise InputError(f"{error}{kept and '; '}{kept}") from error
        except OSError as error:
            kept = output.keep()
            raise OSError(error.errno, f"{error.strerror}{kept and '; '}{kept}") from error
        except BaseException:
            if kept := output.keep():
                print(kept, file=sys.stderr)
            raise


class PartialFile(Growing):
    """A file that is cut to whole blocks if it isn't finished."""

    def __init__(self, file: IO[bytes], path: Path):
        super().__init__(file)
        self.path = path
        self.end = 0  # of the last whole block

    def write(self, block: bytes, rows: int = 0) -> None:
        rest = memoryview(block)
        while rest:  # an unbuffered file may take a part
            rest = rest[self.file.write(rest) :]
        self.rows += rows
        self.end = self.file.tell()

    def cut(self, rows: int) -> None:
        """Take what the file holds now as whole blocks, written by way of its path."""
        self.rows, self.end = rows, self.path.stat().st_size

    def keep(self) -> str:
        """Keep the rows so far; says where they are, or nothing if there are none."""
        with suppress(OSError):
            if self.rows:
                self.file.truncate(self.end)
                rows = "the first row is" if self.rows == 1 else f"the first {self.rows:,} rows are"
                return f"{rows} in {self.path}"
            self.path.unlink()
        return ""


@contextmanager
def open_alone(path: Path, output: str) -> Iterator[IO[bytes]]:
    """An empty file that no other process writes, unbuffered.

    Args:
        output: the key's value, for the message.

    Raises:
        InputError: another process writes it.
    """
    while True:
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666), "wb", 0)
        with file:
            try:
                flock(file, LOCK_EX | LOCK_NB)
            except BlockingIOError:
                raise InputError(
                    f"output={output} is being written by another process; wait until it ends, or "
                    "give another file"
                ) from None
            except OSError:  # a file system without locks
                pass
            try:
                same = os.path.samestat(os.fstat(file.fileno()), path.stat())
            except FileNotFoundError:
                same = False
            if not same:  # the other process finished and renamed its file
                continue
            file.truncate(0)
            yield file
            return
