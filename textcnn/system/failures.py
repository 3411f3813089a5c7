"""What the operating system refused, in one line for the user."""

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ADVICE = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space, or ask for a larger quota",
    errno.EFBIG: "raise the limit of file sizes (ulimit -f)",
    errno.EROFS: "give a directory on another disk",
    errno.EACCES: "change its permissions, or give another path",
    errno.EPERM: "change its permissions, or give another path",
    errno.ENAMETOOLONG: "give a shorter path",
    errno.EISDIR: "give a file instead",
    errno.ENOTDIR: "give a directory instead",
    errno.EEXIST: "give another path",
    errno.ENOENT: "it does not exist, or was deleted meanwhile; check the path",
    errno.ESTALE: "it was deleted or moved",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.ENFILE: "close other programs",
    errno.ENOMEM: "free some memory",
    errno.EIO: "check the disk",
}
LEAST_ROOM = 2**20  # bytes; a disk with less counts as full


def os_failure(error: OSError) -> str:
    """Which file, what is wrong with it, and what to do."""
    path = error.filename2 or error.filename
    if isinstance(path, bytes):
        path = os.fsdecode(path)
    reason = error.strerror or " ".join(str(error).split()) or type(error).__name__
    advice = ADVICE.get(error.errno or 0)
    return (
        (f"{path}: " if path is not None and not isinstance(path, int) else "")
        + reason
        + (f"; {advice}" if advice else "")
    )


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let an OSError name `path`, where the system names a temporary file or none.

    Raises:
        OSError
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


@contextmanager
def failing_as_os_error(file: Path, *kinds: type[Exception]) -> Iterator[None]:
    """Turn errors of libraries that write a file without Python into OSError.

    Args:
        kinds: of errors.

    Raises:
        OSError: with the number in the library's message, or a full disk's if the disk is full.
    """
    try:
        yield
    except kinds as error:
        if isinstance(error, OSError):
            raise
        match = re.search(r"os error (\d+)", str(error))  # as Rust says it
        number = int(match[1]) if match else errno.EIO
        with suppress(OSError):
            if not match and shutil.disk_usage(file.parent).free < LEAST_ROOM:
                number = errno.ENOSPC
        raise OSError(number, os.strerror(number), str(file)) from error


def out_of_memory(error: Exception) -> str | None:
    """What to do about a lack of memory; None if the error is something else."""
    text = str(error)
    if isinstance(error, MemoryError) or "can't allocate memory" in text:
        return (
            "the memory is not enough; try a smaller model or training.batch_size, "
            "data.max_examples, or data.streaming=true"
        )
    if type(error).__name__ == "OutOfMemoryError":  # torch's, of a GPU
        return "the memory of the GPU is not enough; try a smaller training.batch_size or model"
    return None
