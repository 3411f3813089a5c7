"""Flattening knows order only at the positions that it was trained on (T10)."""

from collections.abc import Sequence

from textcnn.studies.shared.markers import marked
from textcnn.studies.shared.networks import multi_width
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

SHIFTED_LENGTH = 40  # words


def measure_shift(pooling: str, seed: int) -> Values:
    """Train on markers in the first half of a text; measure in both halves."""
    from textcnn.studies.shared.probe import (
        Training,
        build_probe,
        logits_of,
        measure_accuracy,
        train_probe,
    )

    half = SHIFTED_LENGTH // 2
    first = range(2, half - 4)
    early = neighbours(first, SHIFTED_LENGTH)
    late = neighbours([start + half for start in first], SHIFTED_LENGTH)
    network = multi_width(2, pooling=pooling)
    classifier = build_probe(network, early, seed, max_length=SHIFTED_LENGTH)
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
    """Texts with two adjacent markers in both orders, the first of them at each start."""
    return [
        (" ".join(marked(length, {start: first, start + 1: second})), first + second)
        for start in starts
        for first, second in ("ab", "ba")
    ]


def shift_claims(results: Results, point: str, pooling: str) -> list[Claim]:
    values = results.of(point)
    title = f"width 2, {pooling} pooling"
    inside, outside = (Rate.of(v[key] for v in values) for key in ("inside", "outside"))
    moved = max(v["moved"] for v in values)
    trained = accuracy("T10", f"{title}: accuracy at trained positions", 1.0, inside)
    equality = f"{title}: logit change if the markers move"
    elsewhere = f"{title}: accuracy at other positions"
    if pooling == "max":
        return [
            trained,
            equal_logits("T10", equality, moved),
            accuracy("T10", elsewhere, 1.0, outside),
        ]
    # one weight for each position of a window of 2, where max pooling has one for all
    expected = (SHIFTED_LENGTH - 1) * results.first("shifted, max")["weights"]
    weights = {v["weights"] for v in values}
    return [
        trained,
        Claim(
            "T10",
            f"{title}: weights of the last layer",
            f"{expected:,}",
            ", ".join(f"{each:,}" for each in sorted(weights)),
            weights == {expected},
        ),
        different_logits("T10", equality, moved),
        silent(elsewhere, str(outside)),
    ]
