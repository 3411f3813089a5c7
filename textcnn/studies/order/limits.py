"""What knowing order by k-max pooling and by flattening costs: look-alikes, texts that shift."""

from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING

from textcnn.studies.shared.architectures import KEPT, KMAX, marked, multi_width
from textcnn.studies.shared.study import (
    Claim,
    Rate,
    Results,
    Values,
    accuracy,
    different_logits,
    equal_logits,
    silent,
)

if TYPE_CHECKING:
    from textcnn.studies.shared.probe import Rows

LENGTH = 40  # words of texts that shift


def measure_look_alikes(copies: int, seed: int) -> Values:
    """So many of each marker, all of one before all of the other, and a k-max that keeps KEPT."""
    from textcnn.studies.shared.probe import (
        Training,
        build_probe,
        measure_accuracy,
        pair_gaps,
        train_probe,
    )

    train, test = (look_alikes(copies, pairs, Random(f"{seed} {pairs}")) for pairs in (1000, 200))
    classifier = build_probe(KMAX, train, seed)
    before = pair_gaps(classifier, test).max().item()
    train_probe(classifier, train, seed, Training(epochs=16, learning_rate=0.005))
    after = pair_gaps(classifier, test).max().item()
    return measure_accuracy(classifier, test) | {"gap_before": before, "gap_after": after}


def look_alikes(copies: int, pairs: int, draw: Random, length: int = 24) -> "Rows":
    rows = []
    for _ in range(pairs):
        places = sorted(draw.sample(range(length), 2 * copies))
        for first, second in ("ab", "ba"):
            words = [first] * copies + [second] * copies
            text = marked(length, dict(zip(places, words, strict=True)))
            rows.append((" ".join(text), first + second))
    return rows


def measure_shift(pooling: str, seed: int) -> Values:
    """Trained on markers in the first half, asked there and in the second."""
    from textcnn.studies.shared.probe import (
        Training,
        build_probe,
        logits_of,
        measure_accuracy,
        train_probe,
    )

    half = LENGTH // 2
    first = range(2, half - 4)
    early, late = neighbours(first, LENGTH), neighbours([p + half for p in first], LENGTH)
    classifier = build_probe(multi_width(2, pooling=pooling), early, seed, max_length=LENGTH)
    train_probe(classifier, early * 10, seed, Training(epochs=16))
    weights = classifier.model.head.weight.numel()
    moved = (logits_of(classifier, early) - logits_of(classifier, late)).abs().max().item()
    return {
        "inside": measure_accuracy(classifier, early),
        "outside": measure_accuracy(classifier, late),
        "moved": moved,
        "weights": weights,
    }


def neighbours(starts: Sequence[int], length: int) -> list[tuple[str, str]]:
    """Two markers side by side, of both orders, from each of these places on."""
    return [
        (" ".join(marked(length, {start: first, start + 1: second})), first + second)
        for start in starts
        for first, second in ("ab", "ba")
    ]


def look_alike_claims(results: Results, name: str) -> list[Claim]:
    copies = results.points()[[p.name for p in results.points()].index(name)].settings["copies"]
    title = f"1×1, {KEPT}-max pooling, {copies} of each marker"
    if copies < KEPT:
        return [accuracy("T8", title, 1.0, results.rate(name))]
    gaps = [max(v["gap_before"], v["gap_after"]) for v in results.of(name)]
    return [
        equal_logits("T8", f"{title}: logits of both orders, before and after", max(gaps)),
        accuracy("T8", title, 0.5, results.rate(name)),
    ]


def shift_claims(results: Results, name: str) -> list[Claim]:
    values = results.of(name)
    title = f"width 2, {name.removeprefix('shifted, ')} pooling"
    inside, outside = (Rate.of(v[key] for v in values) for key in ("inside", "outside"))
    moved = max(v["moved"] for v in values)
    trained = accuracy("T10", f"{title}: accuracy where it was trained", 1.0, inside)
    weights = {v["weights"] for v in values}
    if name.endswith("max"):
        return [
            trained,
            equal_logits("T10", f"{title}: logits of a text and of the same, moved", moved),
            accuracy("T10", f"{title}: accuracy of texts that begin elsewhere", 1.0, outside),
        ]
    # one for each of the positions of a window of 2, where max pooling has one for all
    expected = (LENGTH - 1) * results.first("shifted, max")["weights"]
    return [
        trained,
        Claim(
            "T10",
            f"{title}: weights of the last layer",
            f"{expected:,}",
            ", ".join(f"{each:,}" for each in sorted(weights)),
            weights == {expected},
        ),
        different_logits("T10", f"{title}: logits of a text and of the same, moved", moved),
        silent(f"{title}: accuracy of texts that begin elsewhere", str(outside)),
    ]
