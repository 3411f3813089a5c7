"""Training throughput, and the accuracy that one and the same number of epochs reaches."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import rivals
import usual
from measure import alternate, ratio
from sets import CHARS, KIM, Ours, Set, knows_precision, sample

KERNEL_SIZES = [3, 4, 5]


def usual_training(ours: Ours, chars: bool, bf16: bool = False) -> usual.Training:
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
        bf16=bf16,
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
    """Each contestant trains for a stretch in every repetition."""
    model = CHARS if chars else KIM
    settings = (*each.overrides, *model)
    if chars:
        settings = tuple(s for s in settings if not s.startswith("text.max_length"))
    long = chars or (each.max_length or 0) > 100
    few, many = (1, 2) if quick else (3, 6) if chars else (4, 20) if long else (20, 100)
    contestants: dict[str, Any] = {}
    plain = {"textcnn fp32": Ours(settings, place)}
    if knows_precision():
        plain["textcnn bf16"] = Ours((*settings, "training.precision=bf16"), place)
    for name, ours in plain.items():
        contestants[name] = lambda ours=ours: ours.train(many)
    first = plain["textcnn fp32"]
    trainings = {"usual fp32": usual_training(first, chars)}
    if chars or long:
        trainings["usual bf16"] = usual_training(first, chars, bf16=True)
    for name, training in trainings.items():
        contestants[name] = usual_rate(training, few)
    measured = alternate(contestants, repetitions)
    kind = "character CNN" if chars else "word CNN"
    print(f"  {each.name}, {kind}:", {k: f"{v.median:,.0f}" for k, v in measured.items()})
    # one pass over the training texts, or 200 steps of characters, then the test texts
    steps = 2 if quick else 100 if chars else 10**9
    texts_of_epoch = len(first.splits.train)
    rows = []
    for name, speed in measured.items():
        rows.append(
            {
                "set": each.name,
                "model": kind,
                "name": name,
                "texts_per_second": speed.median,
                "spread": speed.spread,
                "against_usual": ratio(speed, measured["usual fp32"]),
                "accuracy": accuracy_after(plain.get(name), trainings.get(name), first, steps),
                "texts": texts_of_epoch,
            }
        )
    return rows if chars else rows + rival_rows(each, first, quick)


def accuracy_after(
    ours: Ours | None, training: usual.Training | None, first: Ours, steps: int
) -> float:
    """Of the test texts, after an epoch more, or so many steps."""
    if ours is not None:
        epoch = ours.run.batches.steps or 1
        ours.train(min(steps, -(-epoch // ours.run.config.training.epochs)))
        return ours.accuracy()
    assert training is not None
    training.order = []
    for _ in range(min(steps, -(-len(training.rows) // training.batch_size))):
        training.step()
    # the usual implementation needs minutes for all 25,000
    chars = isinstance(training.model, usual.CharCnn)
    texts, labels = sample(first.splits.test, 300 if chars else 2000)
    if chars:
        ids = [usual.char_ids(text) for text in texts]
    else:
        limit = first.run.config.text.max_length or 10**9
        vocabulary = training.model.vocabulary
        ids = [usual.word_ids(text, vocabulary, limit) for text in texts]  # type: ignore[arg-type]
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
        test, answers = sample(splits.test, 2000)
        right = share_right(rival.predict(model, rival.prepare(test)), answers)
        rows.append(
            {
                "set": each.name,
                "model": f"{count:,} texts, {passes} passes",
                "name": name,
                "texts_per_second": count * passes / seconds,
                "spread": None,
                "against_usual": None,
                "accuracy": right,
                "texts": count,
            }
        )
        print(f"  {each.name}, {name}: {seconds:.1f} s")
    return rows
