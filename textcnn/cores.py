"""How many cores there are to use."""

import os
from pathlib import Path

QUOTA = Path("/sys/fs/cgroup/cpu.max")  # of a container, in microseconds: "200000 100000"


def available_cores() -> int:
    """Those that this process may use, which in a container are often fewer than there are."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    try:
        quota, period = QUOTA.read_text().split()
        return max(min(cores, round(int(quota) / int(period))), 1)
    except (OSError, ValueError):  # none, or "max"
        return cores


def use_available_cores() -> None:
    """Let torch have no more threads than cores: it knows no quota, and threads that wait for
    others without a core are many times slower. OMP_NUM_THREADS goes before."""
    import torch

    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(min(torch.get_num_threads(), available_cores()))
