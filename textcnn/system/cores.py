"""How many cores this process may use, which in a container are often fewer than there are."""

import math
import os
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")


def available_cores() -> int:
    """Those that it is bound to, or as many as its quota of processor time comes to."""
    cores = bound_cores()
    quota = cpu_quota(CGROUPS)
    return cores if quota is None else max(min(cores, math.ceil(quota)), 1)


def bound_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_quota(folder: Path) -> float | None:
    """The seconds of processor time per second that a container may take; None: any number."""
    try:
        limit, period = (folder / "cpu.max").read_text(encoding="utf-8").split()  # cgroup v2
    except (OSError, ValueError):
        try:
            limit, period = (
                (folder / "cpu" / f"cpu.cfs_{name}_us").read_text(encoding="utf-8").strip()
                for name in ("quota", "period")
            )
        except OSError:
            return None
    try:
        quota = float(limit) / float(period)
    except (ValueError, ZeroDivisionError):  # "max"
        return None
    return quota if quota > 0 else None  # -1 is no limit


def limit_threads() -> None:
    """Let torch start as many threads as there are cores to use; it only knows what it is bound to.

    To be called before torch is imported. The environment's own OMP_NUM_THREADS comes first.
    """
    cores = available_cores()
    if cores < bound_cores():
        os.environ.setdefault("OMP_NUM_THREADS", str(cores))
