"""The rows of a synthetic task, drawn by seed."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from itertools import islice
from random import Random

import pyarrow as pa

from textcnn.config.keys import command_line, join_or
from textcnn.data.synthetic.frames import Frames, Text, least_distance
from textcnn.data.synthetic.tasks import TASKS, Sizes
from textcnn.errors import InputError

CONSTANT = "o"
WINDOW = 3  # if no distance limits it
# the tasks that use each size
USED_BY = {
    "distance": ("order", "count", "brackets", "duplicate", "negation"),
    "parts": ("position",),
    "margin": ("order", "count", "brackets", "duplicate"),
    "copies": ("count",),
    "fewer": ("count",),
    "couples": ("brackets",),
    "phrase": ("keyword",),
    "window": ("order", "position", "count", "agreement", "brackets", "duplicate"),
}
SETS = ("count", "agreement")  # pairs have the same sets of windows, but different counts


@dataclass(frozen=True)
class SyntheticTexts:
    """A task with its sizes, as the keys `data.*` and `seed` say."""

    task: str = "order"
    examples: int = 1200  # of each split
    length: int = 20  # words
    filler: str = "constant"  # or random
    words: int = 20  # of random filler
    pairs: bool = True
    window: int | None = None
    distance: int = 2
    parts: int = 2
    margin: int | None = None
    copies: int = 2
    fewer: int = 1
    couples: int = 3
    phrase: int = 2
    seed: int = 0

    def check(self) -> None:
        """Check the keys.

        Raises:
            InputError: a key doesn't apply to the task, or keys contradict each other.
        """
        self.check_unused()
        if self.task == "position" and self.length % self.parts:
            more = self.length + -self.length % self.parts
            raise InputError(
                f"data.length={self.length} can't be split into data.parts={self.parts} equal "
                f"parts; try data.length={more}"
            )
        if self.fewer >= self.copies:
            raise InputError(
                f"data.fewer={self.fewer} must be less than data.copies={self.copies}; "
                f"try data.copies={self.fewer + 1}"
            )
        constant = self.filler == "constant"
        if "window" in self.sizes and "distance" in self.sizes:
            least = least_distance(self.seen_alike, constant)
            if self.distance < least:
                raise InputError(
                    f"data.window={self.window} needs data.distance of at least {least} with "
                    f"data.filler={self.filler}, got {self.distance}; try data.distance={least}"
                )
        if self.margin is not None and self.margin < self.seen_alike - 1:
            raise InputError(
                f"data.margin={self.margin} lets windows of {self.seen_alike} words hold a marker "
                f"and an end; try data.margin={self.seen_alike - 1}"
            )
        classes = len(next(self.groups(Random(0))))
        if self.examples % classes:
            more = self.examples + -self.examples % classes
            raise InputError(
                f"data.examples={self.examples} can't be divided evenly among {classes} classes; "
                f"try data.examples={more}"
            )

    def check_unused(self) -> None:
        """Refuse a key that is given but doesn't apply to this task."""
        for entry in fields(self):
            value = getattr(self, entry.name)
            if value == entry.default:
                continue
            given = f"data.{entry.name}={command_line(value)}"
            if entry.name in USED_BY and entry.name not in self.sizes:
                fitting = join_or(USED_BY[entry.name])
                raise InputError(
                    f"{given} is for data.task={fitting}, got data.task={self.task}; leave it out"
                )
            if entry.name == "words" and self.filler == "constant":
                raise InputError(f"{given} is for data.filler=random, got constant; leave it out")
            if entry.name == "window" and not self.pairs:
                raise InputError(f"{given} is for data.pairs=true, got false; leave it out")

    @property
    def sizes(self) -> list[str]:
        """The keys that the task uses."""
        return [name for name, tasks in USED_BY.items() if self.task in tasks]

    @property
    def seen_alike(self) -> int:
        """The length in words of the windows that both texts of a pair have in common."""
        if not self.pairs or "window" not in self.sizes:
            return 1
        if self.window is not None:
            return self.window
        if "distance" not in self.sizes:
            return WINDOW
        return self.distance if self.filler == "constant" else (self.distance + 1) // 2

    def groups(self, draw: Random) -> Iterator[dict[str, Text]]:
        """Endlessly, a text of each class: similar if they are pairs, else independent."""
        settings = asdict(self)
        keys = [
            f"data.{name}={settings[name]}"
            for name in self.sizes
            if name != "window" and settings[name] is not None
        ]
        windows = f"and windows of {self.seen_alike}" if self.pairs else "and data.pairs=false"
        random = tuple(f"w{number}" for number in range(self.words))
        frames = Frames(
            draw,
            self.length,
            (CONSTANT,) if self.filler == "constant" else random,
            self.seen_alike,
            " ".join([f"data.task={self.task}", *keys, windows]),
            self.margin,
        )
        sizes = Sizes(**{entry.name: settings[entry.name] for entry in fields(Sizes)})
        make = TASKS[self.task]
        while True:
            texts = make(frames, sizes)
            if not self.pairs:
                texts = {label: make(frames, sizes)[label] for label in texts}
            yield dict(sorted(texts.items()))

    def rows(self, split: str) -> pa.Table:
        """Columns `text` and `label`, the same number of each class; pairs are adjacent."""
        groups = self.groups(Random(f"{self.seed} {split}"))
        rows = (item for group in groups for item in group.items())
        labels, texts = zip(*islice(rows, self.examples), strict=True)
        return pa.table({"text": [" ".join(text) for text in texts], "label": labels})

    @property
    def note(self) -> str:
        """A note for the user: what the texts of a pair have in common."""
        if not self.pairs:
            shared = "independent texts"
        elif self.task == "keyword" and self.phrase == 1:
            shared = "the texts of a pair differ in the key word"
        else:
            often = "with different counts" if self.task in SETS else "with equal counts"
            unit = "words" if self.seen_alike == 1 else f"windows of {self.seen_alike} words"
            shared = f"the texts of a pair have the same {unit}, {often}"
        return f"data.task={self.task}: {shared}; every class has the same number of texts"
