"""Exported models: speed from raw text beside fastText, start, memory, sizes."""

import json
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import rivals
from measure import Measured, alternate, ratio
from prediction import MOST
from processes import HERE, finish, peak_of, seconds_of
from sets import Ours, Set, accuracy_of, configure, sample

from textcnn.inference import restore
from textcnn.runtime import load
from textcnn.system.cores import available_cores

# The models that are measured: n-grams alone, and a network of 32 filters for each width.
MODELS = {
    "n-grams": ("experiment=best_fast",),
    "CNN": ("model=multi_width", "model.num_filters=32", "training.epochs=3", "baseline=false"),
}
ONE_RATE = HERE / "one_rate.py"
TEXTS = 20_000  # that are classified at a time: the test texts, repeated
CHARACTERS = 2**24  # of these, at most
SECONDS = 1.0
SEEDS = (0, 1, 2)
SIZES = ("1MB", "100KB")
SENTENCE = "The striker scored twice in the second half"
FIRST = "from textcnn.runtime import load; load({path!r}).predict([{text!r}])"
MANY = "from textcnn.runtime import load; load({path!r}).predict([{text!r}] * {count})"


def measure_exports(found: list[Set], place: Path, repetitions: int, quick: bool) -> list[Any]:
    rows: list[Any] = []
    for each in found:
        rows += measure_set(each, place / each.name, repetitions, quick)
    return rows + measure_sizes(found[0], place, quick)


def exported(each: Set, place: Path, model: Sequence[str], *settings: str) -> tuple[Path, Path]:
    """The run directory of a model, and its export."""
    run_dir, output = place / "run", place / "exported"
    place.mkdir(parents=True, exist_ok=True)
    program = (sys.executable, "-m", "textcnn.train", f"run_dir={run_dir}", "report=false")
    finish((*program, "overwrite=true", *model, *each.overrides, *settings))
    restore(run_dir).classifier.export(output)
    return run_dir, output


def measure_set(each: Set, place: Path, repetitions: int, quick: bool) -> list[Any]:
    """Texts per second of one process and of all cores, and the latency of one text."""
    limited = ("training.max_steps=3",) if quick else ()
    programs: dict[str, tuple[str, Path]] = {}
    for name, model in MODELS.items():
        few = limited if name == "CNN" else ()
        programs[name] = "runtime", exported(each, place / name, model, *few)[1]
    ours = Ours(each.overrides, place)  # the same splits
    names = ours.splits.labels
    names_of: dict[str, tuple[str, ...]] = {}  # where the labels have other names
    texts, labels = sample(ours.splits.test, 200 if quick else MOST)
    file = place / "texts.json"
    file.write_text(json.dumps(repeated(texts)), encoding="utf-8")
    if rival := rivals.installed().get("fastText"):
        model, _ = rival.train(*sample(ours.splits.train, len(ours.splits.train)))
        model.save_model(str(place / "fasttext.bin"))
        programs["fastText"] = "fastText", place / "fasttext.bin"
        names_of["fastText"] = tuple(map(str, range(len(names))))
    found: dict[str, list[str]] = {}

    def run(name: str, processes: int) -> float:
        """Texts per second, or milliseconds of one text, in a new process."""
        program, path = programs[name]
        seconds = 0.05 if quick else SECONDS
        given = (program, str(path), str(file), str(processes), str(seconds))
        said = json.loads(finish((sys.executable, str(ONE_RATE), *given)))
        found[name] = said.get("labels") or found[name]
        return float(said.get("rate") or said["milliseconds"])

    one, every, alone = (
        alternate({name: partial(run, name, count) for name in programs}, repetitions)
        for count in (1, available_cores(), 0)
    )
    print(f"  {each.name}:", {name: f"{rate.median:,.0f}" for name, rate in every.items()})
    starts = {
        name: start_of(path, texts[0], repetitions, 1_000 if quick else 20_000)
        for name, (program, path) in programs.items()
        if program == "runtime"
    }
    fasttext = every.get("fastText")
    return [
        {
            "set": each.name,
            "name": name,
            "one_process": one[name].median,
            "all_cores": every[name].median,
            "spread": every[name].spread,
            "against_fasttext": None if fasttext is None else ratio(every[name], fasttext),
            "milliseconds_of_one": alone[name].median,
            "accuracy": accuracy_of(
                [names_of.get(name, names).index(label) for label in found[name][: len(labels)]],
                labels[: len(found[name])],
            ),
            **starts.get(name, {}),
        }
        for name in programs
    ]


def repeated(texts: list[str]) -> list[str]:
    """TEXTS texts, or as many as have CHARACTERS."""
    count = min(TEXTS, max(CHARACTERS * len(texts) // max(sum(map(len, texts)), 1), len(texts)))
    return (texts * -(-count // len(texts)))[:count]


def start_of(path: Path, text: str, repetitions: int, count: int) -> dict[str, Any]:
    """Seconds of a new process that predicts one text, and memory of one that predicts `count`."""
    first = (sys.executable, "-c", FIRST.format(path=str(path), text=text))
    many = (sys.executable, "-c", MANY.format(path=str(path), text=text[:200], count=count))
    seconds_of(first)
    seconds = Measured(tuple(seconds_of(first) for _ in range(repetitions)))
    tables = sum(file.stat().st_size for file in path.iterdir())
    return {
        "start_seconds": seconds.median,
        "bytes_of_export": tables,
        "bytes_beside": max(peak_of(many) - tables, 0),
    }


def measure_sizes(each: Set, place: Path, quick: bool) -> list[Any]:
    """Points of accuracy that the default model loses on the test texts, for each seed."""
    rows: list[Any] = []
    for seed in SEEDS[:1] if quick else SEEDS:
        settings = (f"seed={seed}", *(("training.epochs=1",) if quick else ()))
        run_dir, _ = exported(each, place / f"seed{seed}", (), *settings)
        config = configure((*each.overrides, *settings))
        ours = Ours((*each.overrides, f"seed={config.seed}"), place / "splits")
        test = ours.splits.test
        labels = [test.names[label] for label in test.labels]
        classifier = restore(run_dir).classifier
        for size in SIZES:
            output = place / f"seed{seed}" / size
            done = classifier.export(output, max_size=size, texts=test.texts(), labels=labels)
            loss = load(output).manifest["loss"]
            rows.append(
                {
                    "name": f"default model in {size}",
                    "seed": seed,
                    "bytes": done.bytes,
                    "before": loss["before"],
                    "after": loss["after"],
                    "points_lost": 100 * (loss["before"] - loss["after"]),
                }
            )
    return rows
