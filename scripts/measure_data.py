"""Measure how fast data reach the model, and in how much memory: the numbers in docs/guide.md.

    python scripts/measure_data.py starts FOLDER   # time to the first step, peak memory
    python scripts/measure_data.py loader FOLDER   # texts per second, without and with training
    python scripts/measure_data.py stream [LINES]  # memory over a stream (default 2,000,000 lines)

FOLDER holds imdb_train.parquet and imdb_test.parquet. Each printed line has a name, a number and
its goal.
"""

import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

REPETITIONS = 5
TRAIN = [sys.executable, "-m", "textcnn.train"]


class Memory(threading.Thread):
    """Samples the memory of a process and its children: bytes, shared pages counted once."""

    def __init__(self, process: subprocess.Popen[str]):
        super().__init__(daemon=True)
        self.process = psutil.Process(process.pid)
        self.samples: list[tuple[float, int]] = []  # (time, bytes)

    def run(self) -> None:
        while True:
            try:
                tree = [self.process, *self.process.children(recursive=True)]
                held = sum(each.memory_full_info().pss for each in tree)
            except psutil.Error:
                if not self.process.is_running() or self.process.status() == "zombie":
                    return
                continue
            self.samples.append((time.time(), held))
            time.sleep(0.1)


def report(what: str, number: str, goal: str) -> None:
    print(f"{what:<56} {number:>16}   goal: {goal}", flush=True)


def imdb(folder: Path) -> list[str]:
    return [
        "data=files",
        f"data.train={folder / 'imdb_train.parquet'}",
        f"data.test={folder / 'imdb_test.parquet'}",
    ]


def measure_starts(folder: Path) -> None:
    """Time from the command to the first training step on IMDB, with an empty and a full cache."""
    with tempfile.TemporaryDirectory() as place:
        seconds, peaks = [], []
        for number in range(1 + REPETITIONS):
            elapsed, peak = start_training(imdb(folder), Path(place), f"run{number}")
            seconds.append(elapsed)
            peaks.append(peak)
    report("IMDB, first start, time to the first step", f"{seconds[0]:.1f} s", "< 25 s")
    later = f"{statistics.median(seconds[1:]):.1f} s"
    report(f"IMDB, later starts, median of {REPETITIONS}", later, "< 6 s")
    report("IMDB, peak memory of all processes", f"{max(peaks) / 1e6:,.0f} MB", "< 2,000 MB")


def start_training(overrides: list[str], place: Path, name: str) -> tuple[float, int]:
    """Seconds to the first step, and peak memory in bytes until a few steps later."""
    command = [*TRAIN, *overrides, f"run_dir={place / name}", "training.log_every=1"]
    environment = os.environ | {"HF_DATASETS_CACHE": str(place / "cache")}
    started = time.time()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        memory = Memory(process)
        memory.start()
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("training begins"):
                break
        time.sleep(5)
        process.send_signal(signal.SIGTERM)
        process.communicate()
    events = EventAccumulator(str(place / name)).Reload()
    first_step = events.Scalars("train/loss")[0].wall_time
    return first_step - started, max(held for _, held in memory.samples)


def measure_loader(folder: Path) -> None:
    """Texts per second of the loader alone, and with the word CNN training on its batches."""
    import torch

    from textcnn.builders.data import build_data
    from textcnn.config.data import DataConfig
    from textcnn.config.text import WordConfig
    from textcnn.models.build import build_model
    from textcnn.training.batches import EpochBatches

    files = {name: str(folder / f"imdb_{name}.parquet") for name in ("train", "test")}
    data = build_data(DataConfig(source="files", **files), WordConfig(), seed=0)
    batches = EpochBatches(
        data.texts.train,
        epochs=10**6,
        max_steps=None,
        batch_size=50,
        batch_tokens=None,
        weights=None,
        seed=0,
        rank=0,
        count=1,
    )
    model = build_model(
        "multi_width",
        vocabulary_size=len(data.texts.encoder.vocabulary),
        num_classes=2,
        embedding_dim=64,
        kernel_sizes=(1, 2, 3),
        num_filters=64,
        dropout=0.5,
    )
    optimizer = torch.optim.Adam(model.parameters())
    loading, training = [], []
    for _ in range(REPETITIONS):
        start, texts = time.perf_counter(), 0
        for batch in batches:
            texts += len(batch.lengths)
        loading.append(texts / (time.perf_counter() - start))
        start, texts = time.perf_counter(), 0
        for _, batch in zip(range(40), batches, strict=False):
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(batch.ids, batch.lengths), batch.labels)
            loss.backward()
            optimizer.step()
            texts += len(batch.lengths)
        training.append(texts / (time.perf_counter() - start))
    threads = f"{torch.get_num_threads()} threads"
    alone, trained = statistics.median(loading), statistics.median(training)
    report("IMDB, loader alone", f"{alone:,.0f} texts/s", "")
    report(f"IMDB, default word CNN in training, {threads}", f"{trained:,.0f} texts/s", "")
    ratios = [fast / slow for fast, slow in zip(loading, training, strict=True)]
    report("  loader vs. training", f"{statistics.median(ratios):.0f} x", ">= 10 x")


def measure_stream(lines: int) -> None:
    """Memory during one pass over a long file."""
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "lines.csv"
        write_lines(file, lines)
        command = [
            *TRAIN,
            "data=files",
            f"data.train={file}",
            "data.streaming=true",
            "training.batch_size=200",
            "training.validate_every=500",
            "training.patience=null",
            f"run_dir={Path(place) / 'run'}",
        ]
        steps = lines // 200
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            memory = Memory(process)
            memory.start()
            assert process.stdout is not None
            tenth = None
            for line in process.stdout:
                print("   ", line.rstrip())
                if line.startswith("step "):
                    step = int(line.split()[1].replace(",", ""))
                    if tenth is None and step >= steps / 10:
                        tenth = time.time()
        assert tenth is not None
        first, last = memory.samples[0][0], memory.samples[-1][0]
        tenth_long = tenth - first
        # medians, since long texts, validations and checkpoints make the memory rise and fall
        early = [held for when, held in memory.samples if tenth - tenth_long / 2 <= when <= tenth]
        late = [held for when, held in memory.samples if when >= last - tenth_long]
        before, after = statistics.median(early), statistics.median(late)
        minutes = (last - first) / 60
        report(f"stream of {lines:,} lines, memory at the end of the first tenth", mb(before), "")
        report(f"  memory in the last tenth, after {minutes:.1f} minutes", mb(after), "")
        report("  growth", f"{100 * (after / before - 1):+.1f} %", "< 5 %")
        most = max(held for when, held in memory.samples if when <= tenth)
        report("  peak in the first tenth", mb(most), "")
        most = max(held for when, held in memory.samples if when > tenth)
        report("  peak after the first tenth", mb(most), "")


def mb(size: float) -> str:
    return f"{size / 1e6:,.0f} MB"


def write_lines(file: Path, lines: int) -> None:
    """Write lines of 5 to 35 words in two classes, with word frequencies as in language (Zipf)."""
    draw = random.Random(0)
    words = [f"w{rank}" for rank in range(50_000)]
    weights = [1 / rank for rank in range(1, len(words) + 1)]
    pool = draw.choices(words, weights, k=2_000_000)
    with file.open("w") as out:
        out.write("text,label\n")
        for number in range(lines):
            start = draw.randrange(len(pool) - 40)
            label = ("low", "high")[number % 2]
            text = " ".join(pool[start : start + draw.randrange(5, 36)])
            out.write(f"{text} {label}{draw.randrange(50)},{label}\n")


if __name__ == "__main__":
    what, *rest = sys.argv[1:] or ["help"]
    if what == "starts":
        measure_starts(Path(rest[0]))
    elif what == "loader":
        measure_loader(Path(rest[0]))
    elif what == "stream":
        measure_stream(int(rest[0]) if rest else 2_000_000)
    else:
        print(__doc__)
