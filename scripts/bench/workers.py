"""Compare the time and memory of `predict` on a large file in one process and in several.

    python scripts/bench/workers.py --checkpoint RUN --texts mr.csv --rows 20000 200000

Repeats the texts of a CSV file to files of so many rows, predicts each with `workers=1` and
`workers=2` in turn, and checks that the output is the same to the byte. Prints the median seconds
of the whole program with half of the range, and the peak of the resident memory of all its
processes together, which counts shared pages once in each.
"""

import argparse
import csv
import hashlib
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil
from tables import table


def main() -> None:
    options = parsed()
    with options.texts.open(encoding="utf-8", newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    rows = []
    with tempfile.TemporaryDirectory() as place:
        for count in options.rows:
            source = Path(place) / f"{count}.csv"
            write(source, texts, count)
            output = Path(place) / f"out.{options.ending}"
            rows += measured(source, output, count, options)
    print(table(["rows", "workers", "seconds", "±", "MB"], rows))


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--texts", type=Path, required=True, help="CSV with a column text")
    parser.add_argument("--rows", type=int, nargs="+", default=[20_000, 200_000])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--ending", default="csv", help="format of the output")
    parser.add_argument("--repetitions", type=int, default=3)
    return parser.parse_args()


def write(path: Path, texts: list[str], count: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text"])
        writer.writerows([number, texts[number % len(texts)]] for number in range(count))


def measured(
    source: Path, output: Path, count: int, options: argparse.Namespace
) -> list[list[str]]:
    """A row of the table for each number of workers."""
    seconds: dict[int, list[float]] = {workers: [] for workers in options.workers}
    peaks: dict[int, int] = dict.fromkeys(options.workers, 0)
    outputs = set()
    for _ in range(options.repetitions):
        for workers in options.workers:
            command = [sys.executable, "-m", "textcnn.predict", f"input={source}"]
            command += [f"checkpoint={options.checkpoint}", f"output={output}"]
            start = time.perf_counter()
            peak = peak_of([*command, f"workers={workers}", "overwrite=true"])
            seconds[workers].append(time.perf_counter() - start)
            peaks[workers] = max(peaks[workers], peak)
            outputs.add(hashlib.sha256(output.read_bytes()).hexdigest())
    assert len(outputs) == 1, "the output depends on the number of workers"
    return [
        [
            f"{count:,}",
            str(workers),
            f"{statistics.median(times):.1f}",
            f"{(max(times) - min(times)) / 2:.1f}",
            f"{peaks[workers] / 1e6:,.0f}",
        ]
        for workers, times in seconds.items()
    ]


def peak_of(command: list[str]) -> int:
    """The largest sum of the resident memory of a command and its processes, in bytes."""
    peak = 0
    with subprocess.Popen(command) as program:
        process = psutil.Process(program.pid)
        while program.poll() is None:
            held = 0
            for each in [process, *children(process)]:
                with suppress(psutil.NoSuchProcess):
                    held += each.memory_info().rss
            peak = max(peak, held)
            time.sleep(0.02)
    if program.returncode:
        sys.exit(f"{' '.join(command)} failed")
    return peak


def children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


if __name__ == "__main__":
    main()
