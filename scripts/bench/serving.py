"""How long `textcnn.serve` takes for an answer, and whether its memory grows."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from measure import Measured
from processes import HERE, failed, finish
from sets import Set, configure, sample

from textcnn.builders.data import build_data
from textcnn.errors import InputError

RATE = 500  # requests a second
SECONDS = 20.0
QUANTILES = ("50", "99", "99.9")
TEXTS = RATE * 3600  # an hour's worth, sent as fast as they are answered
EACH = 10  # of these texts, in a request
WARM = 0.1  # of these texts, before memory is measured
SENTENCE = re.compile(r".{20,200}?[.!?](?=\s)|.{20,200}", re.DOTALL)


def measure_serving(each: Set, place: Path, repetitions: int, quick: bool) -> list[Any]:
    """Milliseconds of single-text requests, and memory over an hour's worth of texts."""
    place.mkdir(parents=True, exist_ok=True)
    run_dir = place / "run"
    train = (sys.executable, "-m", "textcnn.train", f"run_dir={run_dir}", "report=false")
    finish((*train, *each.overrides, "training.epochs=2"))
    config = configure(each.overrides)
    texts, _ = sample(build_data(config.data, config.text, config.seed).splits.test, 1000)
    files = {
        "sentences": written(place / "sentences.json", [*map(first_sentence, texts)]),
        "whole texts": written(place / "texts.json", texts),
    }
    with server(run_dir) as (process, address):
        load = (sys.executable, str(HERE / "load.py"), address)
        rows: list[Any] = [
            steady(each, name, (*load, str(file)), repetitions, quick)
            for name, file in files.items()
        ]
        rows.append(memory(each, (*load, str(files["sentences"])), process, quick))
    return rows


def steady(
    each: Set, name: str, load: tuple[str, ...], repetitions: int, quick: bool
) -> dict[str, Any]:
    """Quantiles of the time of requests at a steady rate, medians over the repetitions."""
    seconds = 1.0 if quick else SECONDS
    at_rate = (*load, f"--rate={RATE}", f"--seconds={seconds}")
    finish((*load, f"--rate={RATE / 2}", "--seconds=1"))  # not counted
    found = [json.loads(finish(at_rate)) for _ in range(repetitions)]
    took = {
        quantile: Measured(tuple(run["milliseconds"][quantile] for run in found))
        for quantile in QUANTILES
    }
    print(
        f"  {each.name}, {name}:", {f"{q} %": f"{each.median:.2f} ms" for q, each in took.items()}
    )
    answered = all(run["statuses"] == {"200": run["requests"]} for run in found)
    return {
        "kind": "steady",
        "set": each.name,
        "name": name,
        "milliseconds": [each.median for each in took.values()],
        "spread": took["99"].spread,
        # refused requests are fast
        "p99": took["99"].median if answered else None,
    }


def memory(
    each: Set, load: tuple[str, ...], process: psutil.Process, quick: bool
) -> dict[str, Any]:
    """Resident memory after a tenth of the texts, and after all."""
    texts = 1000 if quick else TEXTS
    counts = [round(share * texts) for share in (WARM, 1 - WARM)]
    held, found = [], {}
    for count in counts:
        found = json.loads(finish((*load, f"--texts={count}", f"--each={EACH}")))
        held.append(process.memory_info().rss)
    growth = held[1] / held[0] - 1
    print(f"  {each.name}: {held[0] / 1e6:.0f} MB, after {texts:,} texts {growth:+.1%}")
    return {
        "kind": "memory",
        "set": each.name,
        "texts": texts,
        "texts_per_second": found["per_second"] * EACH,
        "bytes": held[0],
        "growth": growth,
    }


@contextmanager
def server(run_dir: Path) -> Iterator[tuple[psutil.Process, str]]:
    """A server of a checkpoint in a new process, with its address."""
    command = (sys.executable, "-m", "textcnn.serve", f"checkpoint={run_dir}", "port=0")
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        said = program.stdout.readline()
        if not said:
            raise InputError(failed(command, program.communicate()[1]))
        try:
            yield psutil.Process(program.pid), said.split()[-1]
        finally:
            program.terminate()


def first_sentence(text: str) -> str:
    found = SENTENCE.search(text)
    return found[0] if found else text[:200]


def written(file: Path, texts: list[str]) -> Path:
    file.write_text(json.dumps(texts), encoding="utf-8")
    return file
