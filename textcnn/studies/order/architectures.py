"""The networks of the order study, and how far theory says that each of them sees."""

from dataclasses import dataclass

from textcnn.studies.shared.markers import marked
from textcnn.studies.shared.networks import dilated, multi_width, stack
from textcnn.studies.shared.study import Values
from textcnn.studies.shared.theory import ceiling, reachable, seen_by_chunks, sees_distance, windows

MAX_DISTANCE = 18  # words from one marker to the other
TRAINING_PAIRS = 60  # for each distance
TRAINING_PAIRS_BY_POSITION = 180  # for each distance, if every position has to be learned
CHUNKS = 4
K = 3  # of k-max pooling


@dataclass(frozen=True)
class Architecture:
    """A network and what theory knows about it."""

    title: str
    theorem: str
    model: Values  # the keys of `model=`
    offsets: tuple[tuple[int, ...], ...]  # tokens that a feature reads, for each kernel size
    unit: str = "word"
    everywhere: bool = False  # it knows positions, so distance does not matter
    filler: str = "constant"
    why: str = ""  # the reason, if it learns less than theory allows

    @property
    def reach(self) -> int:
        """The receptive field in words."""
        tokens = max(offsets[-1] for offsets in self.offsets) + 1
        return tokens if self.unit == "word" else (tokens + 1) // 2

    @property
    def pairs(self) -> int:
        """Training pairs for each distance."""
        return TRAINING_PAIRS_BY_POSITION if self.everywhere else TRAINING_PAIRS

    @property
    def margin(self) -> int:
        """Words of filler between the markers and the ends of a text, at least."""
        return max(self.reach - 1, 1)

    @property
    def length(self) -> int:
        """Words of each text, the same at all distances."""
        return 2 * self.margin + MAX_DISTANCE + 6


ONE_WORD = ((0,),)  # the offsets of a kernel of one word
KMAX = {
    "name": "nin",
    "depth": 1,
    "num_filters": 64,
    "activation": "leaky_relu",
    "pooling": "kmax",
    "k": K,
}
DEAD = (
    "Weights that keep the markers above the filler solve the task. But training pushes the "
    "markers below zero, where ReLU makes them equal to the filler. Their gradient is then zero, "
    "so they stay there."
)
ARCHITECTURES = {
    "one": Architecture("1×1", "T1", {"name": "nin"}, ONE_WORD),
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
        dilated(4),
        (reachable([3], [4]),),
    ),
    "dilated": Architecture(
        "dilations 1, 2, 4",
        "T3",
        dilated(1, 2, 4, num_filters=48),
        (reachable([3, 3, 3], [1, 2, 4]),),
    ),
    "deep": Architecture(
        "four layers of 3", "T2", stack([3] * 4, [1] * 4), (reachable([3] * 4, [1] * 4),)
    ),
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
        ONE_WORD,
        everywhere=True,
    ),
    "sinusoidal": Architecture(
        "1×1, sinusoidal positions",
        "T6",
        {"name": "nin", "position": "sinusoidal"},
        ONE_WORD,
        everywhere=True,
    ),
    "kmax": Architecture(
        f"1×1, {K}-max pooling",
        "T8",
        KMAX,
        ONE_WORD,
        everywhere=True,
    ),
    "kmax, relu": Architecture(
        f"1×1, {K}-max pooling, ReLU",
        "T8",
        KMAX | {"activation": "relu"},
        ONE_WORD,
        everywhere=True,
        why=DEAD,
    ),
    "chunks": Architecture(
        f"1×1, {CHUNKS} chunks",
        "T7",
        {"name": "nin", "pooling": "chunk_max", "chunks": CHUNKS},
        ONE_WORD,
    ),
    "flatten": Architecture(
        "1×1, flatten", "T10", {"name": "nin", "pooling": "flatten"}, ONE_WORD, everywhere=True
    ),
}
QUICK_ARCHITECTURES = ("one", "width", "hole", "learned", "chunks")


def distances(architecture: Architecture) -> list[int]:
    """The distances that theory covers: in random filler, windows chain up to 2 R - 2 (T2)."""
    every = range(1, MAX_DISTANCE + 1)
    if architecture.filler == "constant":
        return list(every)
    reach = architecture.reach
    return [distance for distance in every if not reach <= distance <= 2 * reach - 2]


def predict(architecture: Architecture, distance: int) -> float:
    """The accuracy that theory predicts at a distance in words."""
    if architecture.everywhere:
        return 1.0
    if architecture.model.get("pooling") == "chunk_max":
        return chunk_ceiling(architecture.length, architecture.margin, distance)
    tokens = distance if architecture.unit == "word" else 2 * distance  # a space between words
    return 1.0 if any(sees_distance(each, tokens) for each in architecture.offsets) else 0.5


def chunk_ceiling(length: int, margin: int, distance: int) -> float:
    """The best accuracy for chunks of C tokens: ½ + ½ min(1, d / C), except near the ends.

    It is counted exactly, over all positions where the markers may stand.
    """
    seen_by = seen_by_chunks(CHUNKS)
    texts = [
        (marked(length, {start: first, start + distance: second}), first + second)
        for start in range(margin, length - margin - distance)
        for first, second in ("ab", "ba")
    ]
    return ceiling((seen_by(windows(text, (0,))), label) for text, label in texts)
