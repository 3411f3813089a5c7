"""Texts of filler with slots for markers, where the context of a slot reveals nothing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from textcnn.errors import InputError

Text = list[str]  # its words


@dataclass(frozen=True)
class Frames:
    """Draws texts that differ only in the words in their slots.

    All slots of a text have the same window - 1 words before them and the same window - 1 words
    after them. If slots are at least `apart` from each other, no window of `window` words holds two
    of them, and the windows around a marker are the same for every slot.
    """

    draw: Random
    length: int  # words of a text
    fillers: tuple[str, ...]  # a single one: constant filler
    window: int  # words
    asked: str  # the keys that determine the least length, for messages
    ends: int | None = None  # least number of words from a slot to an end; None: see `margin`

    @property
    def reach(self) -> int:
        """The most words on one side of a marker in a window that holds it."""
        return self.window - 1

    @property
    def apart(self) -> int:
        """The least distance of two slots; in random filler their contexts must not overlap."""
        return least_distance(self.window, constant=len(self.fillers) == 1)

    @property
    def margin(self) -> int:
        """Words from a slot to an end, so that no window, padded or not, holds slot and end.

        At least one; otherwise the first or last word would reveal the class.
        """
        return max(self.reach, 1) if self.ends is None else self.ends

    def need(self, least: int) -> None:
        """Check the length of texts.

        Args:
            least: number of words that the task needs.

        Raises:
            InputError: the texts have fewer words.
        """
        if self.length < least:
            raise InputError(
                f"data.length={self.length} is too short for {self.asked}, which needs at least "
                f"{least}; try data.length={least}"
            )

    def place(self, gaps: Sequence[int], margin: int, stretch: bool = False) -> list[int]:
        """The positions of slots, drawn at random.

        Args:
            gaps: the distance from each slot to the next, in words.
            margin: least number of words from a slot to an end.
            stretch: gaps may be longer; all ways to place the slots are equally likely.
        """
        least = 2 * margin + sum(gaps) + 1
        self.need(least)
        spare = self.length - least
        if stretch:  # every way to distribute the spare words among the gaps and both ends
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
        """A text of each class.

        Args:
            slots: positions in the text.
            markers: for each class the words in the slots; None: a word of filler.
        """
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
