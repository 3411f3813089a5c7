"""Texts of filler with slots for markers, in contexts that tell the slots apart by nothing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from textcnn.errors import InputError

Text = list[str]  # its words


@dataclass(frozen=True)
class Frames:
    """Draws texts that differ only in what stands in their slots.

    Before every slot of a text stand the same window - 1 words, after it others, the same too. So
    where slots lie at least `apart` from each other, no window of `window` words holds two of them,
    and the windows around a marker are the same in whichever slot it stands.
    """

    draw: Random
    length: int  # words of a text
    fillers: tuple[str, ...]  # one: constant filler
    window: int  # words
    asked: str  # the keys that a text too short for its slots comes of
    ends: int | None = None  # words from a slot to an end, at least; None: as windows need them

    @property
    def reach(self) -> int:
        """Words on each side of a marker that a window with it may hold."""
        return self.window - 1

    @property
    def apart(self) -> int:
        """Least distance of two slots: in random filler their contexts must not overlap."""
        return least_distance(self.window, constant=len(self.fillers) == 1)

    @property
    def margin(self) -> int:
        """Words from a slot to an end, so that no window, padded or not, holds slot and end.

        At least one, or the first and the last word would tell of the class.
        """
        return max(self.reach, 1) if self.ends is None else self.ends

    def need(self, least: int) -> None:
        """
        Raises:
            InputError: the texts have fewer words.
        """
        if self.length < least:
            raise InputError(
                f"data.length={self.length} is too short for {self.asked}, which takes at least "
                f"{least}; try data.length={least}"
            )

    def place(self, gaps: Sequence[int], margin: int, stretch: bool = False) -> list[int]:
        """Slots with these distances, anywhere in a text but for its margins.

        Args:
            gaps: from each slot to the next, tokens.
            stretch: the gaps may be longer, each as likely as the others.
        """
        least = 2 * margin + sum(gaps) + 1
        self.need(least)
        spare = self.length - least
        if stretch:  # every way to share the spare words among the gaps and both ends
            cuts = sorted(self.draw.sample(range(spare + len(gaps) + 1), len(gaps) + 1))
            offsets = [cut - number for number, cut in enumerate(cuts)]
        else:
            offsets = [self.draw.randint(0, spare)] * (len(gaps) + 1)
        starts = [margin + sum(gaps[:number]) for number in range(len(gaps) + 1)]
        return [start + offset for start, offset in zip(starts, offsets, strict=True)]

    def filler(self, count: int) -> Text:
        return self.draw.choices(self.fillers, k=count)

    def texts(
        self, slots: Sequence[int], markers: Mapping[str, Sequence[str | None]]
    ) -> dict[str, Text]:
        """A text of each class, with its markers in the slots; None is a word of filler."""
        frame = self.filler(self.length)
        before, after = self.filler(self.reach), self.filler(self.reach)
        unmarked = self.draw.choice(self.fillers)
        for slot in slots:
            for offset in range(1, self.window):
                if slot - offset >= 0:
                    frame[slot - offset] = before[-offset]
                if slot + offset < self.length:
                    frame[slot + offset] = after[offset - 1]
        return {label: [*filled(frame, slots, m, unmarked)] for label, m in markers.items()}


def filled(
    frame: Text, slots: Sequence[int], markers: Sequence[str | None], unmarked: str
) -> Iterator[str]:
    held = dict(zip(slots, markers, strict=True))
    for place, word in enumerate(frame):
        yield (held[place] or unmarked) if place in held else word


def least_distance(window: int, constant: bool) -> int:
    return window if constant else 2 * window - 1
