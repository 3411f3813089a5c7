"""How much memory this process may still use, and what happens to the memory that it frees."""

import resource
import sys
from contextlib import suppress
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
MEMINFO = Path("/proc/meminfo")
GIGABYTE = 10**9


def available_memory(cgroups: Path = CGROUPS, meminfo: Path = MEMINFO) -> int | None:
    """Bytes that can be used without swapping; None where the system doesn't tell.

    In a container that is often less than the machine has.

    Args:
        cgroups: the folder of the control groups; cgroup v2.
        meminfo: of Linux.
    """
    free = []
    with suppress(OSError, ValueError, KeyError):
        free.append(numbers(meminfo)["MemAvailable:"] * 1024)
    with suppress(OSError, ValueError, KeyError):
        limit = int((cgroups / "memory.max").read_text(encoding="utf-8"))  # or "max": no limit
        used = int((cgroups / "memory.current").read_text(encoding="utf-8"))
        cached = numbers(cgroups / "memory.stat")["inactive_file"]  # given back when needed
        free.append(max(limit - used + cached, 0))
    return min(free, default=None)


def numbers(file: Path) -> dict[str, int]:
    """The numbers of a file of lines: name, number, perhaps a unit."""
    lines = (line.split() for line in file.read_text(encoding="utf-8").splitlines())
    return {words[0]: int(words[1]) for words in lines if len(words) > 1}


def lacking(needed: int) -> str | None:
    """What to say of bytes that are more than the available memory; None: they fit."""
    available = available_memory()
    if available is None or needed <= available:
        return None
    return (
        f"{needed / GIGABYTE:,.1f} GB of memory are needed, {available / GIGABYTE:,.1f} GB are "
        "available"
    )


def peak_memory_bytes() -> int:
    """The peak resident memory of this process."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def keep_freed_memory() -> None:
    """Make glibc keep up to 64 MB of freed memory for later allocations.

    Every training step frees what it allocated. By default glibc returns that memory to the
    system, which must clear each page again for the next step: a seventh of the time of short
    texts in bf16. glibc sets its limit by the largest block of up to 32 MB that was freed
    (mallopt(3), M_MMAP_THRESHOLD), so this frees such a block without touching its pages.
    """
    import numpy as np

    np.empty(31 * 2**20, np.uint8)
