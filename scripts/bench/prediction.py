"""Prediction: throughput from raw text, and latency of one text."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import rivals
import torch
import usual
from measure import Measured, alternate, faster_threads, rate, ratio, with_threads
from sets import KIM, TESTED, Ours, Set, accuracy_of, sample

import textcnn

MOST = 2000  # texts per turn
TURN = 2.0  # target seconds per turn: a slow program gets fewer texts
BATCH = 50  # texts


@dataclass
class Program:
    """A trained program that labels texts.

    Attributes:
        run: from prepared texts to class numbers.
        prepare: preparation of texts, which isn't measured.
        threads: PyTorch threads when throughput is measured; None: PyTorch's default.
        threads_of_one: PyTorch threads when the latency of one text is measured.
    """

    run: Callable[[list[str]], list[int]]
    prepare: Callable[[list[str]], list[str]] = list
    threads: int | None = None
    threads_of_one: int | None = None

    def throughput(self, prepared: list[str], seconds: float) -> float:
        """Texts per second, running the same texts repeatedly."""
        threads = self.threads or torch.get_num_threads()
        return with_threads(threads, lambda: rate(lambda: len(self.run(prepared)), seconds))

    def latency(self, prepared: list[str]) -> float:
        """Mean seconds for a text that is predicted alone."""
        threads = self.threads_of_one or torch.get_num_threads()
        start = time.perf_counter()
        with_threads(threads, lambda: [self.run([text]) for text in prepared])
        return (time.perf_counter() - start) / len(prepared)

    def choose_threads(self, prepared: list[str], seconds: float) -> None:
        """Choose the faster number of threads, for throughput and for latency."""
        self.threads = faster_threads(lambda: self.throughput(prepared, seconds))
        self.threads_of_one = faster_threads(lambda: 1 / self.latency(prepared))

    def affordable(self, prepared: list[str]) -> int:
        """How many of the texts it labels in about `TURN` seconds, in full batches."""
        some = prepared[:BATCH]
        self.throughput(some, 0)  # warm up
        return min(len(prepared), max(1, int(self.throughput(some, 0) * TURN / BATCH)) * BATCH)


def trained(each: Set, place: Path, quick: bool) -> tuple[Ours, Path]:
    """A word CNN after two epochs, and its checkpoint."""
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
    programs = {
        "textcnn": our_program(classifier),
        "usual fp32": usual_program(classifier),
        **rival_programs(ours, quick),
    }
    texts, labels = sample(ours.splits.test, 200 if quick else MOST)
    prepared = {name: program.prepare(texts) for name, program in programs.items()}
    few = 5 if quick else 50
    programs["usual fp32"].choose_threads(prepared["usual fp32"][:few], 0.05 if quick else 0.5)
    counts = {name: program.affordable(prepared[name]) for name, program in programs.items()}

    def run_all(measure: Callable[[str], float]) -> dict[str, Measured]:
        return alternate({name: partial(measure, name) for name in programs}, repetitions)

    speeds = run_all(
        lambda n: programs[n].throughput(prepared[n][: counts[n]], 0.05 if quick else 1.0)
    )
    latencies = run_all(lambda n: programs[n].latency(prepared[n][:few]))
    print(f"  {each.name}:", {name: f"{one.median:,.0f}" for name, one in speeds.items()})
    return [
        {
            "set": each.name,
            "name": name,
            "texts_per_second": speed.median,
            "spread": speed.spread,
            "texts": counts[name],
            "threads": programs[name].threads,
            "against_usual": ratio(speed, speeds["usual fp32"]),
            "against_fasttext": ratio(speed, speeds["fastText"]) if "fastText" in speeds else None,
            "milliseconds_of_one": latencies[name].median * 1e3,
            "accuracy": accuracy_of(programs[name].run(prepared[name][:TESTED]), labels[:TESTED]),
        }
        for name, speed in speeds.items()
    ]


def our_program(classifier: textcnn.Classifier) -> Program:
    number_of = {label: number for number, label in enumerate(classifier.labels)}
    return Program(lambda texts: [number_of[found.label] for found in classifier.predict(texts)])


def usual_program(classifier: textcnn.Classifier) -> Program:
    """The usual implementation with textcnn's weights."""
    plain = usual.with_weights_of(classifier.model.state_dict())
    known = classifier.encoder.vocabulary.known_tokens
    vocabulary = {token: number for number, token in enumerate(known, start=2)}
    limit = classifier.encoder.max_length or 10**9
    reader = usual.WordReader(vocabulary, limit, [3, 4, 5])
    return Program(lambda texts: usual.predict(plain, reader, texts, BATCH))


def rival_programs(ours: Ours, quick: bool) -> dict[str, Program]:
    programs = {}
    for name, rival in rivals.installed().items():
        count = 200 if quick else rivals.affordable(name, len(ours.splits.train))
        model, _ = rival.train(*sample(ours.splits.train, count))
        programs[name] = Program(partial(rival.predict, model), rival.prepare)
    return programs
