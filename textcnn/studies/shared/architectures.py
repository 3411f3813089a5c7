"""The networks whose sight is measured, and how far theory says that they see."""

from dataclasses import dataclass

from textcnn.studies.shared.study import Values
from textcnn.studies.shared.theory import ceiling, reachable, seen_by_chunks, sees_distance, windows

FARTHEST = 18  # words from one marker to the other
PAIRS = 60  # for each distance, to train on
PAIRS_OF_PLACES = 180  # where every place has to be learnt
CHUNKS = 4
KEPT = 3  # by k-max, of look-alikes


@dataclass(frozen=True)
class Architecture:
    """A network of the study and what theory knows of it."""

    title: str
    theorem: str
    model: Values  # the keys of `model=`
    offsets: tuple[tuple[int, ...], ...]  # that its features read, of each width
    unit: str = "word"
    everywhere: bool = False  # it knows places, so distance does not matter
    filler: str = "constant"
    why: str = ""  # what is known of it where it learns less than theory allows

    @property
    def reach(self) -> int:
        """The receptive field in words."""
        tokens = max(offsets[-1] for offsets in self.offsets) + 1
        return tokens if self.unit == "word" else (tokens + 1) // 2

    @property
    def pairs(self) -> int:
        """For each distance, to train on."""
        return PAIRS_OF_PLACES if self.everywhere else PAIRS

    @property
    def margin(self) -> int:
        return max(self.reach - 1, 1)

    @property
    def length(self) -> int:
        """Words of its texts: at every distance the same."""
        return 2 * self.margin + FARTHEST + 6


def multi_width(*sizes: int, **settings: object) -> Values:
    return {"name": "multi_width", "kernel_sizes": list(sizes), **settings}


ONE = ((0,),)  # a kernel of one word
DEEP = {
    "name": "char_cnn",
    "embedding": "random",
    "kernel_sizes": [3, 3, 3, 3],
    "pool_sizes": [1, 1, 1, 1],
    "pooling": "max",
    "hidden_sizes": [],
    "init_std": None,
}
KMAX = {
    "name": "nin",
    "depth": 1,
    "num_filters": 64,
    "activation": "leaky_relu",
    "pooling": "kmax",
    "k": KEPT,
}
DEAD = (
    "Weights that keep the markers above the filler solve it; but training pushes them below zero, "
    "where ReLU makes them equal to the filler, and no gradient brings them back."
)
ARCHITECTURES = {
    "one": Architecture("1×1", "T1", {"name": "nin"}, ONE),
    "width": Architecture("width 3", "T2", multi_width(3), (reachable([3], [1]),)),
    "mean": Architecture(
        "width 3, mean pooling", "T2", multi_width(3, pooling="mean"), (reachable([3], [1]),)
    ),
    "random": Architecture(
        "width 3, random filler", "T2", multi_width(3), (reachable([3], [1]),), filler="random"
    ),
    "widths": Architecture(
        "widths 2, 3 and 5",
        "T2b",
        multi_width(2, 3, 5),
        tuple(reachable([size], [1]) for size in (2, 3, 5)),
    ),
    "hole": Architecture(
        "one layer, dilation 4",
        "T3",
        {"name": "dilated", "kernel_size": 3, "dilations": [4]},
        (reachable([3], [4]),),
    ),
    "dilated": Architecture(
        "dilations 1, 2, 4",
        "T3",
        {"name": "dilated", "kernel_size": 3, "dilations": [1, 2, 4], "num_filters": 48},
        (reachable([3, 3, 3], [1, 2, 4]),),
    ),
    "deep": Architecture("four layers of 3", "T2", DEEP, (reachable([3] * 4, [1] * 4),)),
    "gated": Architecture(
        "two gated layers of 5",
        "T2",
        {"name": "gated", "kernel_size": 5, "depth": 2, "position": "none"},
        (reachable([5, 5], [1, 1]),),
    ),
    "char": Architecture(
        "characters, width 7", "T2", multi_width(7), (reachable([7], [1]),), unit="char"
    ),
    "learned": Architecture(
        "1×1, learned positions",
        "T6",
        {"name": "nin", "position": "learned"},
        ONE,
        everywhere=True,
    ),
    "sinusoidal": Architecture(
        "1×1, sinusoidal positions",
        "T6",
        {"name": "nin", "position": "sinusoidal"},
        ONE,
        everywhere=True,
    ),
    "kmax": Architecture(
        f"1×1, {KEPT}-max pooling",
        "T8",
        KMAX,
        ONE,
        everywhere=True,
    ),
    "kmax, relu": Architecture(
        f"1×1, {KEPT}-max pooling, ReLU",
        "T8",
        KMAX | {"activation": "relu"},
        ONE,
        everywhere=True,
        why=DEAD,
    ),
    "chunks": Architecture(
        f"1×1, {CHUNKS} chunks",
        "T7",
        {"name": "nin", "pooling": "chunk_max", "chunks": CHUNKS},
        ONE,
    ),
    "flatten": Architecture(
        "1×1, flatten", "T10", {"name": "nin", "pooling": "flatten"}, ONE, everywhere=True
    ),
}
QUICK = ("one", "width", "hole", "learned", "chunks")


def distances(architecture: Architecture) -> list[int]:
    """Those that theory speaks of: in random filler windows chain up to 2 R - 2 (T2)."""
    every = range(1, FARTHEST + 1)
    if architecture.filler == "constant":
        return list(every)
    reach = architecture.reach
    return [distance for distance in every if not reach <= distance <= 2 * reach - 2]


def predict(architecture: Architecture, distance: int) -> float:
    """The accuracy that theory gives at a distance in words."""
    if architecture.everywhere:
        return 1.0
    if architecture.model.get("pooling") == "chunk_max":
        return chunk_ceiling(architecture.length, architecture.margin, distance)
    tokens = distance if architecture.unit == "word" else 2 * distance  # a space between words
    return 1.0 if any(sees_distance(each, tokens) for each in architecture.offsets) else 0.5


def chunk_ceiling(length: int, margin: int, distance: int) -> float:
    """½ + ½ min(1, d / C) but for the ends: over all places where the markers may stand."""
    seen_by = seen_by_chunks(CHUNKS)
    texts = [
        (marked(length, {start: first, start + distance: second}), first + second)
        for start in range(margin, length - margin - distance)
        for first, second in ("ab", "ba")
    ]
    return ceiling((seen_by(windows(text, (0,))), label) for text, label in texts)


def marked(length: int, markers: dict[int, str]) -> list[str]:
    return [markers.get(place, "o") for place in range(length)]
