"""Training throughput, and test accuracy after equal numbers of steps."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import rivals
import usual
from measure import alternate, faster_threads, ratio, with_threads
from sets import CHARS, KIM, TESTED, Ours, Set, accuracy_of, sample

from textcnn.config.model import MultiWidthConfig


def usual_training(ours: Ours) -> usual.Training:
    """The usual implementation with the same rows and sizes."""
    rows = ours.splits.train
    config, model_config = ours.run.config, ours.run.config.model
    classes = len(ours.splits.labels)
    if isinstance(model_config, MultiWidthConfig):
        widths = list(model_config.kernel_sizes)
        vocabulary = usual.build_vocabulary([usual.basic_english(text) for text in rows.texts()])
        reader: usual.Reader = usual.WordReader(vocabulary, config.text.max_length or 10**9, widths)
        assert model_config.embedding_dim is not None
        model: Any = usual.WordCnn(
            len(vocabulary) + 2,
            model_config.embedding_dim,
            widths,
            model_config.num_filters,
            classes,
        )
    else:
        reader = usual.CharReader()
        model = usual.CharCnn(len(usual.ALPHABET), classes)
    return usual.Training(
        model,
        reader,
        [reader.ids(text) for text in rows.texts()],
        rows.labels.tolist(),
        batch_size=config.training.batch_size,
        learning_rate=config.optimizer.learning_rate,
    )


def usual_rate(training: usual.Training, steps: int) -> float:
    start = time.perf_counter()
    texts = sum(training.step() for _ in range(steps))
    return texts / (time.perf_counter() - start)


def measure_training(found: list[Set], place: Path, repetitions: int, quick: bool) -> list[Any]:
    """One row per data set and program."""
    rows = []
    for each in found:
        rows += measure_set(each, place, repetitions, quick, chars=False)
    rows += measure_set(found[-1], place, repetitions, quick, chars=True)
    return rows


def lengths(each: Set, chars: bool, quick: bool) -> tuple[int, int, int]:
    """Steps per turn of the usual implementation and of textcnn, and steps before the test."""
    if quick:
        return 1, 2, 2
    if chars:
        return 3, 6, 60
    # a step of the usual implementation on IMDB takes two thirds of a second
    return (*((4, 20) if (each.max_length or 0) > 100 else (20, 100)), 200)


def measure_set(each: Set, place: Path, repetitions: int, quick: bool, chars: bool) -> list[Any]:
    """Train each program from scratch and test it; then measure its speed over further steps."""
    settings = (*each.overrides, *(CHARS if chars else KIM))
    if chars:
        settings = tuple(s for s in settings if not s.startswith("text.max_length"))
    settings += ("training.batch_size=4",) if chars and quick else ()
    few, many, steps = lengths(each, chars, quick)
    ours = {
        "textcnn fp32": Ours(settings, place),
        "textcnn bf16": Ours((*settings, "training.precision=bf16"), place),
    }
    first = ours["textcnn fp32"]
    plain = usual_training(first)
    test, labels = sample(first.splits.test, TESTED)
    accuracies = {}
    for name, one in ours.items():
        one.train(steps)
        accuracies[name] = accuracy_of(one.predict(test), labels)
    threads = faster_threads(partial(usual_rate, plain, 1 if quick else 2))
    with_threads(threads, partial(usual_rate, plain, max(steps - plain.steps, 1)))
    accuracies["usual fp32"] = accuracy_of(usual.predict(plain.model, plain.reader, test), labels)

    contestants: dict[str, Callable[[], float]] = {
        name: partial(one.train, many) for name, one in ours.items()
    }
    contestants["usual fp32"] = partial(with_threads, threads, partial(usual_rate, plain, few))
    measured = alternate(contestants, repetitions)
    kind = "character CNN" if chars else "word CNN"
    print(f"  {each.name}, {kind}:", {k: f"{v.median:,.0f}" for k, v in measured.items()})
    rows = [
        {
            "set": each.name,
            "model": kind,
            "name": name,
            "texts_per_second": speed.median,
            "spread": speed.spread,
            "threads": threads if name == "usual fp32" else None,
            "against_usual": ratio(speed, measured["usual fp32"]),
            "accuracy": accuracies[name],
            "trained": f"{steps} steps",
        }
        for name, speed in measured.items()
    ]
    return rows if chars else rows + rival_rows(each, first, quick)


def rival_rows(each: Set, first: Ours, quick: bool) -> list[Any]:
    """Other programs train once, from start to end."""
    splits = first.splits
    rows = []
    for name, rival in rivals.installed().items():
        count = 200 if quick else rivals.affordable(name, len(splits.train))
        texts, labels = sample(splits.train, count)
        start = time.perf_counter()
        model, passes = rival.train(texts, labels)
        seconds = time.perf_counter() - start
        test, answers = sample(splits.test, TESTED)
        rows.append(
            {
                "set": each.name,
                "model": "",
                "name": name,
                "texts_per_second": len(texts) * passes / seconds,
                "spread": None,
                "threads": None,
                "against_usual": None,
                "accuracy": accuracy_of(rival.predict(model, rival.prepare(test)), answers),
                "trained": f"{len(texts):,} texts, {passes} {'pass' if passes == 1 else 'passes'}",
            }
        )
        print(f"  {each.name}, {name}: {seconds:.1f} s")
    return rows
