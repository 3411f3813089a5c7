"""Training throughput, and the accuracy that one and the same number of epochs reaches."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import rivals
import usual
from measure import alternate, ratio
from sets import CHARS, KIM, Ours, Set, sample

KERNEL_SIZES = [3, 4, 5]
TESTED = 1000  # texts of every test split, the same for all


def usual_training(ours: Ours, chars: bool) -> usual.Training:
    """The usual implementation on the same rows, with the same sizes."""
    rows = ours.splits.train
    texts, labels = rows.texts(), rows.labels.tolist()
    config = ours.run.config
    classes = len(ours.splits.labels)
    if chars:
        model: Any = usual.CharCnn(len(usual.ALPHABET), classes)
        ids, shortest = [usual.char_ids(text) for text in texts], 1
    else:
        vocabulary = usual.build_vocabulary([usual.basic_english(text) for text in texts])
        model = usual.WordCnn(len(vocabulary) + 2, 300, KERNEL_SIZES, 100, classes)
        limit = config.text.max_length or 10**9
        ids = [usual.word_ids(text, vocabulary, limit) for text in texts]
        shortest = max(KERNEL_SIZES)
        model.vocabulary = vocabulary  # for those who predict
    return usual.Training(
        model,
        ids,
        labels,
        batch_size=config.training.batch_size,
        shortest=shortest,
        learning_rate=config.optimizer.learning_rate,
    )


def usual_rate(training: usual.Training, steps: int) -> Callable[[], float]:
    def run() -> float:
        start = time.perf_counter()
        texts = sum(training.step() for _ in range(steps))
        return texts / (time.perf_counter() - start)

    return run


def measure_training(found: list[Set], place: Path, repetitions: int, quick: bool) -> list[Any]:
    """A row for each data set and contestant."""
    rows = []
    for each in found:
        rows += measure_set(each, place, repetitions, quick, chars=False)
    rows += measure_set(found[-1], place, repetitions, quick, chars=True)
    return rows


def measure_set(each: Set, place: Path, repetitions: int, quick: bool, chars: bool) -> list[Any]:
    """Each contestant trains for a stretch in every repetition; accuracies are of new ones."""
    settings = (*each.overrides, *(CHARS if chars else KIM))
    if chars:
        settings = tuple(s for s in settings if not s.startswith("text.max_length"))
    long = chars or (each.max_length or 0) > 100
    few, many = (1, 2) if quick else (3, 6) if chars else (4, 20) if long else (20, 100)
    # what everybody trains before the test: MR's epoch has 172, TREC's 98
    steps = 2 if quick else 60 if chars else 200
    precisions = {
        "textcnn fp32": settings,
        "textcnn bf16": (*settings, "training.precision=bf16"),
    }
    plain = {name: Ours(given, place) for name, given in precisions.items()}
    first = plain["textcnn fp32"]
    contestants = {name: partial(ours.train, many) for name, ours in plain.items()}
    contestants["usual fp32"] = usual_rate(usual_training(first, chars), few)
    measured = alternate(contestants, repetitions)
    accuracies = {
        name: accuracy_after(Ours(given, place), steps) for name, given in precisions.items()
    }
    accuracies["usual fp32"] = usual_accuracy_after(usual_training(first, chars), first, steps)
    kind = "character CNN" if chars else "word CNN"
    print(f"  {each.name}, {kind}:", {k: f"{v.median:,.0f}" for k, v in measured.items()})
    rows = [
        {
            "set": each.name,
            "model": kind,
            "name": name,
            "texts_per_second": speed.median,
            "spread": speed.spread,
            "against_usual": ratio(speed, measured["usual fp32"]),
            "accuracy": accuracies[name],
            "trained": f"{steps} steps",
        }
        for name, speed in measured.items()
    ]
    return rows if chars else rows + rival_rows(each, first, quick)


def accuracy_after(ours: Ours, steps: int) -> float:
    """Of TESTED test texts."""
    ours.train(steps)
    texts, labels = sample(ours.splits.test, TESTED)
    return share_right(ours.predict(texts), labels)


def usual_accuracy_after(training: usual.Training, first: Ours, steps: int) -> float:
    for _ in range(steps):
        training.step()
    texts, labels = sample(first.splits.test, TESTED)
    if isinstance(training.model, usual.CharCnn):
        ids = [usual.char_ids(text) for text in texts]
    else:
        limit = first.run.config.text.max_length or 10**9
        vocabulary: Any = training.model.vocabulary
        ids = [usual.word_ids(text, vocabulary, limit) for text in texts]
    return share_right(usual.predict(training.model, ids, training.shortest), labels)


def share_right(predicted: list[int], labels: list[int]) -> float:
    return sum(p == y for p, y in zip(predicted, labels, strict=True)) / len(labels)


def rival_rows(each: Set, first: Ours, quick: bool) -> list[Any]:
    """Other programs train once: theirs is a whole training, not a stretch of one."""
    splits = first.splits
    rows = []
    for name, rival in rivals.installed().items():
        count = 200 if quick or name == "spaCy" else len(splits.train)
        texts, labels = sample(splits.train, count)
        start = time.perf_counter()
        model, passes = rival.train(texts, labels)
        seconds = time.perf_counter() - start
        test, answers = sample(splits.test, TESTED)
        right = share_right(rival.predict(model, rival.prepare(test)), answers)
        rows.append(
            {
                "set": each.name,
                "model": "",
                "name": name,
                "texts_per_second": count * passes / seconds,
                "spread": None,
                "against_usual": None,
                "accuracy": right,
                "trained": f"{count:,} texts, {passes} times",
            }
        )
        print(f"  {each.name}, {name}: {seconds:.1f} s")
    return rows
