"""How many cores this process may use, in a container often fewer than the machine has, and how its
threads wait."""

import math
import os
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
SPINS = "1000"  # a single training is as fast as with the default of libgomp, 300,000


def available_cores(cgroups: Path = CGROUPS, bound: int | None = None) -> int:
    """The cores of the process's affinity mask, or fewer if its CPU quota is lower; at least 1.

    Args:
        cgroups: the folder of the control groups.
        bound: see `bound_cores`; None asks the system.
    """
    cores = bound_cores() if bound is None else bound
    quota = cpu_quota(cgroups)
    return cores if quota is None else max(min(cores, math.ceil(quota)), 1)


def bound_cores() -> int:
    """The number of cores in the process's affinity mask."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_quota(cgroups: Path) -> float | None:
    """The quota of a container in CPU seconds per second, of cgroup v2 or v1; None: no limit."""
    try:
        limit, period = (cgroups / "cpu.max").read_text(encoding="utf-8").split()  # cgroup v2
    except (OSError, ValueError):
        try:
            limit, period = (
                (cgroups / "cpu" / f"cpu.cfs_{name}_us").read_text(encoding="utf-8").strip()
                for name in ("quota", "period")
            )
        except OSError:
            return None
    try:
        quota = float(limit) / float(period)
    except (ValueError, ZeroDivisionError):  # "max"
        return None
    return quota if quota > 0 else None  # -1 means no limit


def prepare_threads(cgroups: Path = CGROUPS, bound: int | None = None) -> None:
    """Limit torch's threads to the available cores, and the time that they wait in a loop.

    torch ignores the CPU quota. Its threads wait for each other in long loops, which keep cores
    busy: two trainings at once on two cores each took about ten times as long as one alone.

    Call this before torch is imported. Variables of the user's environment take precedence.

    Args:
        cgroups, bound: see `available_cores`.
    """
    bound = bound_cores() if bound is None else bound
    cores = available_cores(cgroups, bound)
    if cores < bound:
        os.environ.setdefault("OMP_NUM_THREADS", str(cores))
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", SPINS)
