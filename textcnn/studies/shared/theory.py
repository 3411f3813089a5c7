"""What a stack of convolutions and a pooling can know of a text, and the best that follows from it.

A network sees of a text its *signature*: of max pooling the set of windows, of sum pooling how
often each occurs, and so on. Texts of one signature get one answer, so no network of that kind is
right more often than a table from signatures to their commonest class: the `ceiling`.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import product

from textcnn.models.layers.padding import margins

Window = tuple[str, ...]
BOUNDARY = "<end>"  # what zeros beyond a text's ends look like


def reachable(kernel_sizes: Sequence[int], dilations: Sequence[int]) -> tuple[int, ...]:
    """The offsets that a feature of a stack at stride 1 reads: {Σ a δ : 0 ≤ a < k} (T3)."""
    steps = [
        [tap * dilation for tap in range(size)]
        for size, dilation in zip(kernel_sizes, dilations, strict=True)
    ]
    return tuple(sorted({sum(taps) for taps in product(*steps)}))


def sees_distance(offsets: Sequence[int], distance: int) -> bool:
    """Whether one window can hold two tokens so far apart."""
    return any(offset + distance in offsets for offset in offsets)


def windows(text: Sequence[str], offsets: Sequence[int], padding: str = "valid") -> list[Window]:
    """What the features of one layer see, position by position, at the text's own ends."""
    span = offsets[-1] + 1
    left, right = margins(padding, span)
    first, last = -left, max(len(text) + right - span, -left)
    return [
        tuple(word_at(text, start + offset, padding) for offset in offsets)
        for start in range(first, last + 1)
    ]


def word_at(text: Sequence[str], place: int, padding: str) -> str:
    size = len(text)
    if 0 <= place < size:
        return text[place]
    if padding == "circular":
        return text[place % size]
    if padding == "replicate":
        return text[0] if place < 0 else text[-1]
    if padding == "reflect":
        phase = place % max(2 * (size - 1), 1)
        return text[min(phase, max(2 * (size - 1), 1) - phase)]
    return BOUNDARY


def seen_by_max(seen: Sequence[Window]) -> Hashable:
    """Max pooling: which windows there are (T2)."""
    return frozenset(seen)


def seen_by_sum(seen: Sequence[Window]) -> Hashable:
    """Sum pooling: how often each window occurs (T5)."""
    return frozenset(Counter(seen).items())


def seen_by_mean(seen: Sequence[Window]) -> Hashable:
    """Mean pooling: in which shares the windows occur (T1, T5)."""
    return frozenset((window, count / len(seen)) for window, count in Counter(seen).items())


def seen_by_chunks(chunks: int) -> Callable[[Sequence[Window]], Hashable]:
    """Chunk max pooling: which windows each part has (T7)."""

    def seen_by(seen: Sequence[Window]) -> Hashable:
        parts: list[set[Window]] = [set() for _ in range(chunks)]
        for place, window in enumerate(seen):
            parts[place * chunks // len(seen)].add(window)
        return tuple(map(frozenset, parts))

    return seen_by


def ceiling(signatures: Iterable[tuple[Hashable, str]]) -> float:
    """The best accuracy that there is on such texts, for who knows their signatures alone.

    Args:
        signatures: of each text the signature and the class; each text is as likely as the others.
    """
    classes: defaultdict[Hashable, Counter[str]] = defaultdict(Counter)
    for signature, label in signatures:
        classes[signature][label] += 1
    right = sum(max(counts.values()) for counts in classes.values())
    return right / sum(counts.total() for counts in classes.values())
