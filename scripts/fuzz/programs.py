"""Carry out a case in a process of its own, and judge how it ended.

A process is forked from one that has imported PyTorch: that takes seconds, a fork milliseconds.
"""

import importlib
import json
import os
import re
import signal
import sys
import tempfile
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, NoReturn

from cases import Case

from textcnn.errors import LONGEST_LINE, InputError

ACCEPTED = (0, 2, 130)
PATIENCE = 60  # seconds after which a case counts as hanging
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class Outcome:
    """How a case ended."""

    code: int | None  # None: it had to be killed
    out: str
    err: str


def carry_out(case: Case) -> Outcome:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        pid = os.fork()
        if pid == 0:
            begin(case, out, err)
        code = wait(pid)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
    return Outcome(code, *texts)


def begin(case: Case, out: IO[bytes], err: IO[bytes]) -> NoReturn:
    """In the child: run the program or the function of a case, and end."""
    code = 70
    try:
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        os.chdir(case.folder)
        sys.stdin = open(os.devnull)  # noqa: SIM115, PTH123
        sys.stdout = open(1, "w", encoding=case.encoding, closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding=case.encoding, closefd=False, errors="backslashreplace")  # noqa: SIM115
        for name in case.closed:
            os.close(("stdin", "stdout", "stderr").index(name))
            setattr(sys, name, None)
        if case.function is not None:
            code = call(case)
        else:
            sys.argv = [f"textcnn.{case.program}", *case.arguments]
            importlib.import_module(f"textcnn.{case.program}").main()
            code = 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 1
    except BaseException:
        if sys.stderr is not None:
            traceback.print_exc()
        code = 1
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):
                stream.flush()
        os._exit(code)


def call(case: Case) -> int:
    """The exit code that a program would have."""
    assert case.function is not None
    try:
        case.function()
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def wait(pid: int) -> int | None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return None


def fault(outcome: Outcome) -> str | None:
    """What is wrong with how a case ended; None: nothing."""
    if outcome.code is None:
        return f"it did not end in {PATIENCE} seconds"
    if "Traceback" in outcome.err:
        return "a traceback"
    if outcome.code not in ACCEPTED:
        return "a crash"
    for line in outcome.err.splitlines():
        if len(line) > LONGEST_LINE:
            return f"a line of {len(line)} characters"
    if CONTROL.search(outcome.out + outcome.err):
        return "control characters in the terminal"
    return next(filter(None, map(json_fault, outcome.out.splitlines())), None)


def json_fault(line: str) -> str | None:
    """What is wrong with a line of predictions; None: nothing, or it is none."""
    if not line.startswith('{"row": '):
        return None
    try:
        json.loads(line, parse_constant=lambda word: int(f"no number: {word}"))
    except ValueError as error:
        return f"no JSON: {error}"
    return None
