"""Chunk max pooling: how precisely it locates a marker (T7)."""

from textcnn.studies.shared.markers import marked
from textcnn.studies.shared.study import Claim, Results, Values, accuracy

PARTS = 8  # equal parts of a text; the task is to name the one that holds the marker


def predict_part(chunks: int) -> float:
    """The best accuracy of naming the part: P chunks carry log2 P bits of the position (T7)."""
    return min(1.0, chunks / PARTS)


def measure_chunks(chunks: int, seed: int) -> Values:
    """Accuracy of naming the part that holds the marker."""
    from textcnn.studies.shared.probe import Training, build_probe, measure_accuracy, train_probe

    length = 4 * PARTS
    rows = [
        (" ".join(marked(length, {position: "a"})), str(position * PARTS // length))
        for position in range(length)
    ]
    network = {"name": "nin", "pooling": "chunk_max", "chunks": chunks}
    classifier = build_probe(network, rows, seed)
    train_probe(classifier, rows * 40, seed, Training(epochs=12))
    return measure_accuracy(classifier, rows)


def chunk_claims(results: Results, point: str, chunks: int) -> list[Claim]:
    statement = f"1×1, chunk max pooling, {chunks} chunks: accuracy of naming one of {PARTS} parts"
    return [accuracy("T7", statement, predict_part(chunks), results.rate(point))]
