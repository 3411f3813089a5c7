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
    command = [sys.executable, "-c", STEPS]
    faults = {
        way: float(subprocess.run([*command, way], capture_output=True, check=True).stdout)
        for way in ("keep", "default")
    }
    assert faults["keep"] < 10
    assert faults["default"] > 1000  # otherwise this test shows nothing
