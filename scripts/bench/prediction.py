"""Prediction: throughput from raw text, and the latency of one text."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import rivals
import usual
from measure import Measured, alternate, rate, ratio
from sets import KIM, Ours, Set, sample

import textcnn


def trained(each: Set, place: Path, quick: bool) -> tuple[Ours, Path]:
    """A word CNN after two epochs, in a checkpoint."""
    place.mkdir(parents=True, exist_ok=True)
    ours = Ours((*each.overrides, *KIM, "training.epochs=2"), place)
    for _ in range(1 if quick else 2):
        ours.train(3 if quick else -(-(ours.run.batches.steps or 2) // 2))
    ours.run.state.history = []
    ours.keep("best")
    return ours, place / "best"


def measure_prediction(found: list[Set], place: Path, repetitions: int, quick: bool) -> list[Any]:
    rows = []
    for each in found:
        rows += measure_set(each, place / each.name, repetitions, quick)
    return rows


def measure_set(each: Set, place: Path, repetitions: int, quick: bool) -> list[Any]:
    ours, checkpoint = trained(each, place, quick)
    classifier = textcnn.load(checkpoint)
    test = ours.splits.test
    count = min(len(test), 200 if quick else 2000)
    texts, labels = sample(test, count)
    number_of = {label: number for number, label in enumerate(classifier.labels)}
    plain = usual.with_weights_of(classifier.model.state_dict())
    known = classifier.encoder.vocabulary.tokens
    vocabulary = {token: number for number, token in enumerate(known, start=2)}
    limit = classifier.encoder.max_length or 10**9

    def ours_predict(some: list[str]) -> list[int]:
        return [number_of[found.label] for found in classifier.predict(some)]

    def usual_predict(some: list[str]) -> list[int]:
        rows = [usual.word_ids(text, vocabulary, limit) for text in some]
        return usual.predict(plain, rows, shortest=5)

    programs: dict[str, tuple[Callable[[list[str]], list[int]], list[str]]] = {
        "textcnn": (ours_predict, texts),
        "usual fp32": (usual_predict, texts),
    }
    train = ours.splits.train
    for name, rival in rivals.installed().items():
        most = 200 if quick or name == "spaCy" else len(train)
        model, _ = rival.train(*sample(train, most))
        # tokenized beforehand, where the program takes that
        programs[name] = (
            lambda some, model=model, rival=rival: rival.predict(model, some),
            rival.prepare(texts),
        )
    seconds = 0.05 if quick else 1.0

    def throughput(predict: Callable[[list[str]], list[int]], given: list[str]) -> float:
        return rate(lambda: len(predict(given)), seconds)

    speeds = alternate({n: lambda p=p: throughput(*p) for n, p in programs.items()}, repetitions)
    latencies = alternate(
        {n: lambda p=p: latency(*p, 5 if quick else 50) for n, p in programs.items()}, repetitions
    )
    print(f"  {each.name}:", {name: f"{each.median:,.0f}" for name, each in speeds.items()})
    return [
        {
            "set": each.name,
            "name": name,
            "texts_per_second": speed.median,
            "spread": speed.spread,
            "against_usual": ratio(speed, speeds["usual fp32"]),
            "against_fasttext": against(speed, speeds.get("fastText")),
            "milliseconds_of_one": latencies[name].median * 1e3,
            "accuracy": sum(
                p == y for p, y in zip(programs[name][0](programs[name][1]), labels, strict=True)
            )
            / count,
        }
        for name, speed in speeds.items()
    ]


def against(speed: Measured, other: Measured | None) -> float | None:
    return None if other is None else ratio(speed, other)


def latency(predict: Callable[[list[str]], list[int]], texts: list[str], count: int) -> float:
    """Seconds of one text by itself: the mean over the first ones."""
    some = texts[:count]
    start = time.perf_counter()
    for text in some:
        predict([text])
    return (time.perf_counter() - start) / len(some)
