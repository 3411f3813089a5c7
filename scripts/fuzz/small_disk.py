"""A small file system that only this process sees, where the system permits it."""

import ctypes
import os
from pathlib import Path

NEW_NAMESPACE = 0x00020000  # CLONE_NEWNS of sched.h
RECURSIVE, PRIVATE = 0x4000, 0x40000  # MS_REC and MS_PRIVATE of sys/mount.h


def mount_small_disk(folder: Path, kilobytes: int) -> None:
    """Mount a tmpfs of this size for the rest of this process, invisible to others.

    Raises:
        OSError: it takes Linux and the rights of root.
    """
    system = ctypes.CDLL(None, use_errno=True)
    if not hasattr(system, "unshare"):
        raise OSError("this system has no unshare")
    size = f"size={kilobytes}k".encode()
    steps = (
        lambda: system.unshare(NEW_NAMESPACE),
        lambda: system.mount(b"none", b"/", None, RECURSIVE | PRIVATE, None),
        lambda: system.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, size),
    )
    for step in steps:
        if step():
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
