"""How the C library treats freed memory."""

import platform
import subprocess
import sys

import pytest

STEPS = """
import resource, sys
import numpy as np
from textcnn.system.memory import keep_freed_memory

if sys.argv[1] == "keep":
    keep_freed_memory()
held = [bytes(size) for size in range(int(sys.argv[2]))]
for step in range(30):
    if step == 10:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    arrays = [np.ones(2**18) for _ in range(4)]  # 2 MB each
    del arrays
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / 20)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="of another C library")
def test_memory_that_a_step_frees_is_there_for_the_next_one() -> None:
    """There are no page faults, for each of which the system would clear a page."""
    assert max(faults("keep")) < 10
    assert max(faults("default")) > 1000  # otherwise this test shows nothing


def faults(way: str) -> list[float]:
    """Page faults of a step. By default they depend on what else lies at the end of the heap."""
    command = [sys.executable, "-c", STEPS, way]
    return [
        float(subprocess.run([*command, held], capture_output=True, check=True).stdout)
        for held in ("0", "30", "100", "300", "1000", "3000")
    ]
