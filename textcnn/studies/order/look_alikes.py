"""k-max pooling knows order only while fewer than k equal features compete (T8)."""

from random import Random
from typing import TYPE_CHECKING

from textcnn.studies.order.architectures import KMAX, K
from textcnn.studies.shared.markers import marked
from textcnn.studies.shared.study import Claim, Results, Values, accuracy, equal_logits

if TYPE_CHECKING:
    from textcnn.studies.shared.probe import Rows


def measure_look_alikes(copies: int, seed: int) -> Values:
    """Accuracy of K-max pooling on order, with several copies of each marker.

    All copies of one marker come before all copies of the other.
    """
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
    """Pairs of texts with the copies at the same random positions, in both orders."""
    rows = []
    for _ in range(pairs):
        positions = sorted(draw.sample(range(length), 2 * copies))
        for first, second in ("ab", "ba"):
            words = [first] * copies + [second] * copies
            text = marked(length, dict(zip(positions, words, strict=True)))
            rows.append((" ".join(text), first + second))
    return rows


def look_alike_claims(results: Results, point: str, copies: int) -> list[Claim]:
    title = f"1×1, {K}-max pooling, {copies} of each marker"
    if copies < K:
        return [accuracy("T8", f"{title}: accuracy", 1.0, results.rate(point))]
    gaps = [max(each["gap_before"], each["gap_after"]) for each in results.of(point)]
    statement = f"{title}: logit difference between both orders, before and after training"
    return [
        equal_logits("T8", statement, max(gaps)),
        accuracy("T8", f"{title}: accuracy", 0.5, results.rate(point)),
    ]
