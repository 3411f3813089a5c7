"""Position encodings: order at positions that training reached, and at positions beyond (T6)."""

from collections.abc import Sequence

from textcnn.studies.shared.markers import marked
from textcnn.studies.shared.study import Claim, Rate, Results, Values, accuracy

TRAINED_LENGTH = 32  # words of the training texts
# words of the texts whose markers stand beyond; over so many positions chance averages out
LONG_LENGTH = 600
MARKER_DISTANCES = (1, 2, 4, 8)  # words
ENCODINGS = ("learned", "sinusoidal", "ramp")
LINE = (
    "T6 covers vectors that are independent of each other, as learned ones are. A ramp continues "
    "as the same straight line, and much of what was learned about order continues with it."
)


def predict_order(trained: bool) -> float:
    """Accuracy of the order of two markers: 1 at trained positions, chance at all others (T6).

    To the network, vectors of positions that training never reached are arbitrary, so both orders
    are equally likely.
    """
    return 1.0 if trained else 0.5


def measure_encoding(kind: str, seed: int) -> Values:
    """Accuracy of a 1×1 network on the order of two markers, inside and outside trained positions.

    Args:
        kind: one of `ENCODINGS`.
    """
    from textcnn.studies.shared.probe import Training, build_probe, measure_accuracy, train_probe

    inside = both_orders(TRAINED_LENGTH, range(TRAINED_LENGTH))
    outside = both_orders(LONG_LENGTH, range(TRAINED_LENGTH, LONG_LENGTH))
    network = {"name": "nin", "position": kind}
    classifier = build_probe(network, inside, seed, max_length=LONG_LENGTH)
    train_probe(classifier, inside * 8, seed, Training(epochs=12, learning_rate=0.005))
    return {
        "inside": measure_accuracy(classifier, inside),
        "outside": measure_accuracy(classifier, outside),
    }


def both_orders(length: int, positions: Sequence[int]) -> list[tuple[str, str]]:
    """Texts with two markers in both orders, at all of these positions and all distances."""
    return [
        (" ".join(marked(length, {start: first, start + distance: second})), first + second)
        for distance in MARKER_DISTANCES
        for start in positions[:-distance]
        for first, second in ("ab", "ba")
    ]


def encoding_claims(results: Results, point: str, kind: str) -> list[Claim]:
    values = results.of(point)
    made = []
    for key, where in (
        ("inside", "at trained positions"),
        ("outside", "beyond trained positions"),
    ):
        rate = Rate.of(each[key] for each in values)
        statement = f"1×1, {kind} positions: accuracy on order {where}"
        why = LINE if kind == "ramp" else ""
        made.append(accuracy("T6", statement, predict_order(key == "inside"), rate, why))
    return made
