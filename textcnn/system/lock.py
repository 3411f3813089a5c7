"""One process at a time in a run directory.

The directory itself is locked (flock(2)), so there is no file to leave behind, and the system
releases the lock however the process ends. Under torchrun the first process holds it for all.
"""

import os
from contextlib import suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

from textcnn.errors import InputError

HELD: dict[str, int] = {}  # file descriptors by resolved path


def lock_directory(directory: Path) -> None:
    """Lock an existing directory until `release_locks`, or until this process ends.

    A process may lock a directory again. File systems without locks lock nothing.

    Raises:
        InputError: another process holds it.
    """
    name = str(directory.resolve())
    if name in HELD and same_directory(HELD[name], directory):
        return
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        flock(descriptor, LOCK_EX | LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise InputError(
            f"run_dir={directory} is in use by another process; wait until it ends, or give "
            "another run_dir"
        ) from error
    except OSError:  # as on some network file systems
        os.close(descriptor)
        return
    if name in HELD:
        os.close(HELD[name])  # of a directory that was deleted since
    HELD[name] = descriptor


def same_directory(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


def release_lock(directory: Path) -> None:
    """Release the lock of a directory, and of those in it."""
    for name in [*HELD]:
        if Path(name).is_relative_to(directory.resolve()):
            with suppress(OSError):
                os.close(HELD.pop(name))


def release_locks() -> None:
    """Release all locks of this process."""
    release_lock(Path("/"))
