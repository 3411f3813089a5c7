"""How the C library treats freed memory."""

import numpy as np


def keep_freed_memory() -> None:
    """Make glibc keep up to 64 MB of freed memory for later allocations.

    Every training step frees what it allocated. By default glibc returns that memory to the
    system, which must clear each page again for the next step: a seventh of the time of short
    texts in bf16. glibc sets its limit by the largest block of up to 32 MB that was freed
    (mallopt(3), M_MMAP_THRESHOLD), so this frees such a block without touching its pages.
    """
    np.empty(31 * 2**20, np.uint8)
