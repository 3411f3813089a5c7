"""Standard streams that are closed, or can't show every character."""

import os
import sys
from contextlib import suppress

STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))  # by file descriptor


def prepare_streams() -> None:
    """Open closed standard streams on the null device, and let every character be printed.

    A program that is started with `>&-` has no `sys.stdout`, and the next file that it opens would
    get all that libraries print. A terminal in ASCII or Latin-1 gets escapes such as \\u65b0.
    """
    for number, (name, mode) in enumerate(STREAMS):
        stream = getattr(sys, name)
        if stream is None:
            occupy(number)
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115
        elif mode == "w" and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def occupy(number: int) -> None:
    """Open a file descriptor on the null device, if nothing has it."""
    try:
        os.fstat(number)
    except OSError:
        null = os.open(os.devnull, os.O_RDWR)
        if null != number:
            os.dup2(null, number)
            os.close(null)


def discard_output() -> None:
    """Discard further output: its reader, such as `head`, has ended, or it can't be written."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        try:
            stream.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError, AttributeError):
                null = os.open(os.devnull, os.O_WRONLY)
                os.dup2(null, stream.fileno())
                os.close(null)


def flush_output() -> None:
    """Write what is left, so that a failure is found here and not by the interpreter as it ends.

    Raises:
        OSError: standard output can't be written, as its disk is full.
    """
    sys.stdout.flush()
