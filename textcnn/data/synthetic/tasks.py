"""The tasks: each draws a text of every class that differ only in what the task is about.

Unless a docstring says otherwise, the texts have equal multisets of windows of `Frames.window`
words: every window occurs in both texts, the same number of times.
"""

from collections.abc import Callable
from dataclasses import dataclass

from textcnn.data.synthetic.frames import Frames, Text

A, B = "a", "b"  # the markers
PAIRED = {"(": ")", "[": "]"}


@dataclass(frozen=True)
class Sizes:
    """The sizes of tasks; each is the key `data.*` of its name."""

    distance: int
    parts: int
    copies: int
    fewer: int
    couples: int
    phrase: int


def order(frames: Frames, sizes: Sizes) -> dict[str, Text]:
    """Which of two markers comes first."""
    slots = frames.place([sizes.distance], frames.margin)
    return frames.texts(slots, {"ab": (A, B), "ba": (B, A)})


def position(frames: Frames, sizes: Sizes) -> dict[str, Text]:
    """Which of `parts` equal parts of a text holds the only marker.

    In independent texts (window 1) the marker may be anywhere, even at the ends.
    """
    size = frames.length // sizes.parts
    frames.need(sizes.parts * (2 * frames.reach + 1))
    places = range(frames.reach, size - frames.reach)
    slots = [part * size + frames.draw.choice(places) for part in range(sizes.parts)]
    only = {
        str(part + 1): [A if part == slot else None for slot in range(sizes.parts)]
        for part in range(sizes.parts)
    }
    return frames.texts(slots, only)


def count(frames: Frames, sizes: Sizes) -> dict[str, Text]:
    """`copies` copies of the marker, or `fewer`: equal sets of windows, not multisets.

    There is one slot more than copies, so that both texts have windows around an empty slot.
    """
    slots = frames.place([sizes.distance] * sizes.copies, frames.margin, stretch=True)
    several: list[str | None] = [A] * sizes.copies + [None]
    fewer: list[str | None] = [A] * sizes.fewer + [None] * (len(several) - sizes.fewer)
    frames.draw.shuffle(fewer)
    frames.draw.shuffle(several)
    return frames.texts(slots, {str(sizes.fewer): fewer, str(sizes.copies): several})


def agreement(frames: Frames, sizes: Sizes) -> dict[str, Text]:
    """Whether the first and the last word are equal: equal sets of windows, not multisets.

    With four more markers inside, every window at an end also occurs elsewhere, and each text holds
    both markers three times. Zero padding would reveal what is first and last.
    """
    inside = frames.place([frames.apart] * 3, frames.apart, stretch=True)
    first, other = frames.draw.sample((A, B), 2)
    mostly_other, both = [first, other, other, other], [first, first, other, other]
    frames.draw.shuffle(mostly_other)
    frames.draw.shuffle(both)
    markers = {"equal": (first, *mostly_other, first), "different": (first, *both, other)}
    return frames.texts([0, *inside, frames.length - 1], markers)


def brackets(frames: Frames, sizes: Sizes) -> dict[str, Text]:
    """Brackets of two kinds, properly nested, or with two closing ones of different kinds swapped.

    Both texts open and close brackets at the same positions.
    """
    slots = frames.place([sizes.distance] * (2 * sizes.couples - 1), frames.margin)
    nested = nest(frames, sizes.couples)
    round_ones, square_ones = (
        [place for place, bracket in enumerate(nested) if bracket == closing]
        for closing in PAIRED.values()
    )
    broken = list(nested)
    one, other = frames.draw.choice(round_ones), frames.draw.choice(square_ones)
    broken[one], broken[other] = broken[other], broken[one]
    return frames.texts(slots, {"nested": nested, "broken": broken})


def nest(frames: Frames, couples: int) -> Text:
    """Nested brackets, with at least one pair of each kind."""
    kinds = [*PAIRED, *frames.draw.choices(list(PAIRED), k=couples - 2)]
    frames.draw.shuffle(kinds)
    nested: Text = []
    waiting: Text = []
    while kinds or waiting:
        if kinds and (not waiting or frames.draw.random() < 0.5):
            nested.append(kinds.pop())
            waiting.append(PAIRED[nested[-1]])
        else:
            nested.append(waiting.pop())
    return nested


def duplicate(frames: Frames, sizes: Sizes) -> dict[str, Text]:
    """Two pairs of markers: the markers of a pair are the same, or they are different.

    A single pair would reveal its class by its words.
    """
    # pairs are farther apart than the markers of a pair, so that it is clear which belong together
    gaps = [sizes.distance, sizes.distance + 1, sizes.distance]
    slots = frames.place(gaps, frames.margin)
    one, other = frames.draw.sample((A, B), 2)
    markers = {"same": (one, one, other, other), "different": (one, other, one, other)}
    return frames.texts(slots, markers)


def negation(frames: Frames, sizes: Sizes) -> dict[str, Text]:
    """A cue, good or bad, that `not` reverses if it is at most `distance` words before the cue.

    In the other text `not` comes after the cue or too far before it. Equal multisets of words, not
    of windows.
    """
    scope = sizes.distance
    margin = 1
    frames.need(3 * scope + 1 + 2 * margin)
    cue = frames.draw.randint(margin + 2 * scope, frames.length - 1 - margin - scope)
    inside = cue - frames.draw.randint(1, scope)
    too_far = cue - scope - frames.draw.randint(1, scope)
    outside = frames.draw.choice((cue + frames.draw.randint(1, scope), too_far))
    word, turned, plain = frames.draw.choice(
        (("good", "negative", "positive"), ("bad", "positive", "negative"))
    )
    markers = {turned: ("not", word, None), plain: (None, word, "not")}
    return frames.texts([inside, cue, outside], markers)


def keyword(frames: Frames, sizes: Sizes) -> dict[str, Text]:
    """A phrase anywhere, or its words elsewhere but not the phrase: equal multisets of words.

    A phrase of one word is present or absent.
    """
    words = [f"key{number}" for number in range(1, sizes.phrase + 1)]
    inner = range(1, frames.length - 1)
    frames.need(sizes.phrase + 2)
    start = frames.draw.choice(inner[: len(inner) - sizes.phrase + 1])
    phrase = list(range(start, start + sizes.phrase))
    scattered = frames.draw.sample(inner, sizes.phrase)
    if all(place == scattered[0] + number for number, place in enumerate(scattered)):
        scattered.reverse()
    rest = frames.filler(frames.length - sizes.phrase)
    absent = frames.filler(1) if sizes.phrase == 1 else words
    return {"present": insert(rest, phrase, words), "absent": insert(rest, scattered, absent)}


def insert(rest: Text, places: list[int], words: Text) -> Text:
    """`rest` with the words inserted at `places`."""
    text = list(rest)
    for place, word in sorted(zip(places, words, strict=True)):
        text.insert(place, word)
    return text


TASKS: dict[str, Callable[[Frames, Sizes], dict[str, Text]]] = {
    "order": order,
    "position": position,
    "count": count,
    "agreement": agreement,
    "brackets": brackets,
    "duplicate": duplicate,
    "negation": negation,
    "keyword": keyword,
}
