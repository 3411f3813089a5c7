"""Ctrl-C while a program starts.

Importing PyTorch takes seconds. A KeyboardInterrupt in an import ends in a traceback, or in another
error, or is ignored. So until the work begins, Ctrl-C ends the process at once; nothing has been
written by then.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

INTERRUPTED = 130  # exit code


def end_at_once(number: int, frame: FrameType | None) -> None:
    """Handle Ctrl-C: one line, no cleaning up."""
    with suppress(OSError):
        os.write(2, b"interrupted\n")
    os._exit(INTERRUPTED)


def begin_program() -> None:
    """`begin_start`, if this process is one of textcnn's programs and not a program that uses it.

    Called first of all: even the imports of the command line take half a second.
    """
    if running_program() is not None:
        begin_start()


def running_program() -> str | None:
    """The program of textcnn that this process is, as it was typed; None: another program."""
    given = sys.orig_argv
    module = given[given.index("-m") + 1 :][:1] if "-m" in given else []
    for name in module:
        if name.startswith("textcnn."):
            return f"python -m {name}"
    main = getattr(sys.modules.get("__main__"), "__file__", None) or ""
    return "textcnn" if Path(main).name == "textcnn" else None


def begin_start() -> Any:
    """From here on Ctrl-C ends the process at once. Returns the handler before, to set again.

    Outside the main thread, where Python can't handle signals, nothing changes.
    """
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # not if Ctrl-C is ignored, as in the background
        set_handler(end_at_once)
    return before


def end_start() -> None:
    """From here on Ctrl-C raises KeyboardInterrupt, so that the work can clean up."""
    if signal.getsignal(signal.SIGINT) is end_at_once:
        set_handler(signal.default_int_handler)


def set_handler(handler: Any) -> None:
    with suppress(ValueError):  # not the main thread
        signal.signal(signal.SIGINT, handler)


@contextmanager
def ended_by_sigterm() -> Iterator[None]:
    """In the block, SIGTERM does what Ctrl-C does, so that the work can clean up."""
    before = signal.getsignal(signal.SIGTERM)
    if before is signal.SIG_DFL:
        with suppress(ValueError):  # not the main thread
            signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        with suppress(ValueError, TypeError):
            signal.signal(signal.SIGTERM, before)
