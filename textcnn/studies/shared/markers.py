"""Texts of filler with markers in known places, and in which half a marker stands (T4)."""

from collections.abc import Hashable

from textcnn.studies.shared.theory import ceiling, reachable, seen_by_max, windows

FILLER = "o"


def marked(length: int, markers: dict[int, str]) -> list[str]:
    """The words of a text: filler, except for the markers at their positions."""
    return [markers.get(position, FILLER) for position in range(length)]


def halves(length: int) -> list[tuple[str, str]]:
    """One text for each position of the marker, labelled with the half that holds it."""
    return [
        (" ".join(marked(length, {position: "a"})), "first" if position < length // 2 else "second")
        for position in range(length)
    ]


def signatures(padding: str, length: int, kernel_size: int) -> list[Hashable]:
    """What max pooling after one convolution sees of the marker, for each of its positions."""
    offsets = reachable([kernel_size], [1])
    return [seen_by_max(windows(text.split(), offsets, padding)) for text, _ in halves(length)]


def predict_halves(padding: str, length: int, kernel_size: int) -> float:
    """The best accuracy that the set of windows allows, over all positions of the marker."""
    labels = [label for _, label in halves(length)]
    return ceiling(zip(signatures(padding, length, kernel_size), labels, strict=True))
