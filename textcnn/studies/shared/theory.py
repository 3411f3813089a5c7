"""What convolutions and a pooling can know about a text, and the best accuracy that follows.

A network sees only the *signature* of a text: for max pooling the set of windows, for sum pooling
the number of times that each window occurs, and so on. Texts with the same signature get the same
prediction. So no such network is more accurate than a table from signatures to their most frequent
class. This accuracy is the `ceiling`.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import product

from textcnn.models.layers.padding import margins

Window = tuple[str, ...]
BOUNDARY = "<end>"  # stands for zeros beyond the ends of a text


def reachable(kernel_sizes: Sequence[int], dilations: Sequence[int]) -> tuple[int, ...]:
    """The offsets that a feature of a stack with stride 1 reads: {Σ a δ : 0 ≤ a < k} (T3)."""
    steps = [
        [tap * dilation for tap in range(size)]
        for size, dilation in zip(kernel_sizes, dilations, strict=True)
    ]
    return tuple(sorted({sum(taps) for taps in product(*steps)}))


def sees_distance(offsets: Sequence[int], distance: int) -> bool:
    """Whether one window can hold two tokens at this distance."""
    return any(offset + distance in offsets for offset in offsets)


def windows(text: Sequence[str], offsets: Sequence[int], padding: str = "valid") -> list[Window]:
    """What the features of one layer see at each position, including the ends of the text."""
    span = offsets[-1] + 1
    left, right = margins(padding, span)
    first, last = -left, max(len(text) + right - span, -left)
    return [
        tuple(word_at(text, start + offset, padding) for offset in offsets)
        for start in range(first, last + 1)
    ]


def word_at(text: Sequence[str], position: int, padding: str) -> str:
    """The word at a position, which may lie beyond the ends."""
    size = len(text)
    if 0 <= position < size:
        return text[position]
    if padding == "circular":
        return text[position % size]
    if padding == "replicate":
        return text[0] if position < 0 else text[-1]
    if padding == "reflect":
        phase = position % max(2 * (size - 1), 1)
        return text[min(phase, max(2 * (size - 1), 1) - phase)]
    return BOUNDARY


def seen_by_max(seen: Sequence[Window]) -> Hashable:
    """Max pooling: the set of windows (T2)."""
    return frozenset(seen)


def seen_by_sum(seen: Sequence[Window]) -> Hashable:
    """Sum pooling: the number of times that each window occurs (T5)."""
    return frozenset(Counter(seen).items())


def seen_by_mean(seen: Sequence[Window]) -> Hashable:
    """Mean pooling: the proportions of the windows (T1, T5)."""
    return frozenset((window, count / len(seen)) for window, count in Counter(seen).items())


def seen_by_chunks(chunks: int) -> Callable[[Sequence[Window]], Hashable]:
    """Chunk max pooling: the set of windows of each chunk (T7)."""

    def seen_by(seen: Sequence[Window]) -> Hashable:
        parts: list[set[Window]] = [set() for _ in range(chunks)]
        for position, window in enumerate(seen):
            parts[position * chunks // len(seen)].add(window)
        return tuple(map(frozenset, parts))

    return seen_by


def ceiling(signatures: Iterable[tuple[Hashable, str]]) -> float:
    """The best accuracy from signatures alone.

    Args:
        signatures: the signature and the class of each text; all texts are equally likely.
    """
    classes: defaultdict[Hashable, Counter[str]] = defaultdict(Counter)
    for signature, label in signatures:
        classes[signature][label] += 1
    correct = sum(max(counts.values()) for counts in classes.values())
    return correct / sum(counts.total() for counts in classes.values())
