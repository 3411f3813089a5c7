"""What needs a process of its own: start-up and peak memory."""

import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from prediction import trained
from sets import Set

HERE = Path(__file__).parent


def measure_start(each: Set, place: Path, repetitions: int, quick: bool) -> list[Any]:
    """Seconds from the start of `predict` to the label of one line."""
    _, checkpoint = trained(each, place, quick)
    seconds = []
    for _ in range(repetitions + 1):
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "textcnn.predict", f"checkpoint={checkpoint}"],
            input="a fine film\n",
            text=True,
            check=True,
            capture_output=True,
        )
        seconds.append(time.perf_counter() - start)
    warm = seconds[1:]
    print(f"  one line: {statistics.median(warm):.1f} s")
    spread = (max(warm) - min(warm)) / 2 / statistics.median(warm)
    return [{"name": "predict, one line", "seconds": statistics.median(warm), "spread": spread}]


def measure_memory(time_steps: int, repetitions: int) -> list[Any]:
    """Peak of a training step at so many tokens, above a warm baseline; a process each."""
    kinds = ["textcnn fp32", "textcnn bf16", "usual fp32"]
    held: dict[str, list[int]] = {kind: [] for kind in kinds}
    for _ in range(repetitions):
        for kind in kinds:
            done = subprocess.run(
                [sys.executable, str(HERE / "one_step.py"), kind, str(time_steps)],
                text=True,
                check=True,
                capture_output=True,
            )
            held[kind].append(int(done.stdout.split()[-1]))
    usual = statistics.median(held["usual fp32"])
    rows: list[Any] = []
    for kind, sizes in held.items():
        middle = statistics.median(sizes)
        spread = (max(sizes) - min(sizes)) / 2 / max(middle, 1)
        rows.append({"name": kind, "bytes": middle, "spread": spread, "share": middle / usual})
    print(f"  {time_steps} tokens:", {row["name"]: f"{row['bytes'] / 1e6:,.0f} MB" for row in rows})
    return rows
