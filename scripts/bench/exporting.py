"""Exported models: speed from raw text beside fastText, start, memory, sizes."""

import multiprocessing
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import rivals
from measure import Measured, alternate, rate, ratio
from prediction import MOST
from processes import finish, peak_of, seconds_of
from sets import Ours, Set, accuracy_of, configure, sample

from textcnn.exporting.loss import answers
from textcnn.inference import restore
from textcnn.runtime import RuntimeClassifier, load
from textcnn.system.cores import available_cores

# The models that are measured: n-grams alone, and a network of 32 filters for each width.
MODELS = {
    "n-grams": ("experiment=best_fast",),
    "CNN": ("model=multi_width", "model.num_filters=32", "training.epochs=3", "baseline=false"),
}
TEXTS = 20_000  # that are classified at a time: the test texts, repeated
CHARACTERS = 2**24  # of these, at most
SECONDS = 1.0
SEEDS = (0, 1, 2)
SIZES = ("1MB", "100KB")
SENTENCE = "The striker scored twice in the second half"
FIRST = "from textcnn.runtime import load; load({path!r}).predict([{text!r}])"
MANY = "from textcnn.runtime import load; load({path!r}).predict([{text!r}] * 20_000)"


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
    paths = {
        name: exported(each, place / name, model, *(limited if name == "CNN" else ()))[1]
        for name, model in MODELS.items()
    }
    ours = Ours(each.overrides, place)  # the same splits
    texts, labels = sample(ours.splits.test, 200 if quick else MOST)
    many = repeated(texts)
    cores = available_cores()
    programs: dict[str, Callable[[list[str], int], list[Any]]] = {
        name: partial(predict, load(path), ours.splits.labels) for name, path in paths.items()
    }
    pools = []
    if "fastText" in rivals.installed():
        rival = rivals.installed()["fastText"]
        FASTTEXT["model"], _ = rival.train(*sample(ours.splits.train, len(ours.splits.train)))
        # the workers have the model from the start: they are forked
        pools.append(multiprocessing.get_context("fork").Pool(cores))
        programs["fastText"] = partial(predict_fasttext, pools[0])
    seconds = 0.05 if quick else SECONDS
    one, all_cores, latencies = (
        alternate({name: partial(run, program) for name, program in programs.items()}, repetitions)
        for run in (
            lambda program: rate(lambda: len(program(many, 1)), seconds),
            lambda program: rate(lambda: len(program(many, cores)), seconds),
            lambda program: latency(program, texts[: 5 if quick else 200]),
        )
    )
    for pool in pools:
        pool.terminate()
    print(f"  {each.name}:", {name: f"{rate.median:,.0f}" for name, rate in all_cores.items()})
    starts = {name: start_of(path, texts[0], repetitions) for name, path in paths.items()}
    return [
        {
            "set": each.name,
            "name": name,
            "one_process": one[name].median,
            "all_cores": all_cores[name].median,
            "spread": all_cores[name].spread,
            "against_fasttext": ratio(all_cores[name], all_cores["fastText"]) if pools else None,
            "milliseconds_of_one": latencies[name].median * 1e3,
            "accuracy": accuracy_of(program(texts, 1), labels),
            **starts.get(name, {}),
        }
        for name, program in programs.items()
    ]


def repeated(texts: list[str]) -> list[str]:
    """TEXTS texts, or as many as have CHARACTERS."""
    count = min(TEXTS, max(CHARACTERS * len(texts) // max(sum(map(len, texts)), 1), len(texts)))
    return (texts * -(-count // len(texts)))[:count]


def predict(
    classifier: RuntimeClassifier, labels: Sequence[str], texts: list[str], processes: int
) -> list[int]:
    """The class number of each text."""
    numbers = {label: number for number, label in enumerate(labels)}
    return [numbers[each] for each in answers(classifier.predict(texts, processes=processes))]


FASTTEXT: dict[str, Any] = {}  # the model that the workers of a pool share


def fasttext_classes(texts: list[str]) -> list[int]:
    """From raw texts: they are split into tokens as in training, then classified."""
    return rivals.predict_fasttext(FASTTEXT["model"], rivals.tokens(texts))


def predict_fasttext(pool: Any, texts: list[str], processes: int) -> list[int]:
    if processes == 1:
        return fasttext_classes(texts)
    size = -(-len(texts) // (4 * processes))
    chunks = [texts[first : first + size] for first in range(0, len(texts), size)]
    return [label for part in pool.map(fasttext_classes, chunks, chunksize=1) for label in part]


def latency(program: Callable[[list[str], int], list[Any]], texts: list[str]) -> float:
    """Mean seconds for a text that is predicted alone."""
    start = time.perf_counter()
    for text in texts:
        program([text], 1)
    return (time.perf_counter() - start) / len(texts)


def start_of(path: Path, text: str, repetitions: int) -> dict[str, Any]:
    """Seconds of a new process that predicts one text, and memory of one that predicts many."""
    first = (sys.executable, "-c", FIRST.format(path=str(path), text=text))
    many = (sys.executable, "-c", MANY.format(path=str(path), text=text[:200]))
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
