"""What the C library does with memory that is freed."""

import numpy as np


def keep_freed_memory() -> None:
    """Have up to 64 MB of freed memory kept for what is allocated next.

    A step frees what it allocated. glibc gives that back to the system, which has to clear every
    page of it for the next step: of short texts in bf16 a seventh of the time. What it keeps goes
    by the largest block of up to 32 MB that was freed (mallopt(3), M_MMAP_THRESHOLD): so one is,
    without being touched.
    """
    np.empty(31 * 2**20, np.uint8)
