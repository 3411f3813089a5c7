"""Measurements in processes of their own: start-up time and peak memory."""

import random
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import psutil
from measure import Measured, alternate
from prediction import trained
from sets import Set

import textcnn
from textcnn.errors import InputError

HERE = Path(__file__).parent
PREDICT = (sys.executable, "-m", "textcnn.predict")
WORDS = 20  # per synthetic sentence


def finish(
    command: Sequence[str], given: str = "", environment: Mapping[str, str] | None = None
) -> str:
    """The standard output of a command.

    Raises:
        InputError: the command failed; the message ends with its last line of standard error.
    """
    done = subprocess.run(command, input=given, env=environment, text=True, capture_output=True)
    if done.returncode:
        raise InputError(failed(command, done.stderr))
    return done.stdout


def failed(command: Sequence[str], said: str) -> str:
    reason = (said.strip() or "no message").splitlines()[-1]
    return f"{' '.join(command)} failed: {reason}"


def seconds_of(command: Sequence[str], given: str = "") -> float:
    start = time.perf_counter()
    finish(command, given)
    return time.perf_counter() - start


def measure_start(each: Set, place: Path, repetitions: int, quick: bool) -> list[Any]:
    """Seconds from the start to the end of each program, each in a new process."""
    _, checkpoint = trained(each, place, quick)
    one_line = (*PREDICT, f"checkpoint={checkpoint}")
    programs = {
        "predict, one line": partial(seconds_of, one_line, "a fine film\n"),
        "train --help": partial(seconds_of, (sys.executable, "-m", "textcnn.train", "--help")),
        "import textcnn": partial(seconds_of, (sys.executable, "-c", "import textcnn")),
    }
    measured = alternate(programs, repetitions)
    print("  ", {name: f"{took.median:.2f} s" for name, took in measured.items()})
    return [
        {"name": name, "seconds": took.median, "spread": took.spread}
        for name, took in measured.items()
    ]


def measure_memory(each: Set, place: Path, repetitions: int, quick: bool) -> list[Any]:
    """Peak memory of training steps, one row per program, and of predicting few and many texts."""
    rows = measure_steps(512 if quick else 4096, repetitions)
    return rows + measure_predict(each, place, repetitions, quick)


def measure_steps(time_steps: int, repetitions: int) -> list[Any]:
    """Peak memory of a training step on texts of `time_steps` tokens, each in a new process."""
    kinds = ["textcnn fp32", "textcnn bf16", "usual fp32"]
    held: dict[str, list[int]] = {kind: [] for kind in kinds}
    for _ in range(repetitions):
        for kind in kinds:
            printed = finish((sys.executable, str(HERE / "one_step.py"), kind, str(time_steps)))
            held[kind].append(int(printed.split()[-1]))
    usual = statistics.median(held["usual fp32"])
    rows: list[Any] = []
    for kind, sizes in held.items():
        middle = statistics.median(sizes)
        spread = (max(sizes) - min(sizes)) / 2 / max(middle, 1)
        rows.append({"name": kind, "bytes": middle, "spread": spread, "share": middle / usual})
    print(f"  {time_steps} tokens:", {row["name"]: f"{row['bytes'] / 1e6:,.0f} MB" for row in rows})
    return rows


def measure_predict(each: Set, place: Path, repetitions: int, quick: bool) -> list[Any]:
    """Peak memory of `python -m textcnn.predict` on synthetic sentences, each in a new process."""
    _, checkpoint = trained(each, place, quick)
    counts = (100, 1_000) if quick else (1_000, 50_000)
    known = textcnn.load(checkpoint).encoder.vocabulary.known_tokens
    files = {count: place / f"{count}.txt" for count in counts}
    for count, file in files.items():
        file.write_text("".join(made_up(known, count)), encoding="utf-8")
    held: dict[int, list[float]] = {count: [] for count in counts}
    for _ in range(repetitions):
        for count, file in files.items():
            held[count].append(
                peak_of((*PREDICT, f"checkpoint={checkpoint}", f"input={file}", "output=/dev/null"))
            )
    peaks = {count: Measured(tuple(sizes)) for count, sizes in held.items()}
    print("  predict:", {n: f"{peak.median / 1e6:,.0f} MB" for n, peak in peaks.items()})
    return [
        {"name": "textcnn", "texts": count, "bytes": peak.median, "spread": peak.spread}
        for count, peak in peaks.items()
    ]


def made_up(words: Sequence[str], count: int) -> list[str]:
    """`count` lines with one sentence each, whose words follow Zipf's law by their rank."""
    weights = [1 / rank for rank in range(1, len(words) + 1)]
    drawn = random.Random(0).choices(words, weights, k=count * WORDS)
    return [" ".join(drawn[n * WORDS : (n + 1) * WORDS]) + "\n" for n in range(count)]


def peak_of(command: Sequence[str]) -> int:
    """The peak resident memory of a command, in bytes.

    It is sampled: Linux's own peak would include the memory of this process at the fork.
    """
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as program:
        process, peak = psutil.Process(program.pid), 0
        while program.poll() is None:
            try:
                peak = max(peak, process.memory_info().rss)
            except psutil.NoSuchProcess:
                break
            time.sleep(0.005)
        _, said = program.communicate()
    if program.returncode:
        raise InputError(failed(command, said))
    return peak
