"""In which half of a text a marker is: what the set of windows tells of that (T4)."""

from collections.abc import Hashable

from textcnn.studies.shared.architectures import marked
from textcnn.studies.shared.theory import ceiling, reachable, seen_by_max, windows


def halves(length: int) -> list[tuple[str, str]]:
    """The marker at each place, and in which half that is."""
    return [
        (" ".join(marked(length, {place: "a"})), "first" if place < length // 2 else "second")
        for place in range(length)
    ]


def signatures(padding: str, length: int, reach: int) -> list[Hashable]:
    """What max pooling sees of the marker at each place, through one layer."""
    offsets = reachable([reach], [1])
    return [seen_by_max(windows(text.split(), offsets, padding)) for text, _ in halves(length)]


def predict_halves(padding: str, length: int, reach: int) -> float:
    """The best that the set of windows allows, over all places of the marker."""
    labels = [label for _, label in halves(length)]
    return ceiling(zip(signatures(padding, length, reach), labels, strict=True))
