"""What `model.json` says of an exported model: everything but its numbers and words."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from textcnn.runtime.calibration import Calibration, within

PADDINGS = ("valid", "zeros", "reflect", "replicate", "circular", "full", "causal")
ACTIVATIONS = ("relu", "tanh", "gelu", "elu", "leaky_relu", "none")
POOLINGS = ("max", "kmax", "chunk_max", "mean", "sum", "attention", "flatten")
# Limits far beyond any useful model; they keep hostile files from asking for endless work.
MOST_MEMBERS, MOST_CONVOLUTIONS, WIDEST, MOST_PLACES = 100, 100, 1000, 100_000
MOST_LAYERS, LONGEST_NGRAM = 20, 20


@dataclass(frozen=True)
class Text:
    """How a text becomes ids; see `textcnn.text.encoder`."""

    settings: dict[str, Any]  # arguments of `build_tokenizer`
    max_length: int | None
    truncate: str
    subwords: bool  # whether unknown words have subwords


@dataclass(frozen=True)
class Convolution:
    kernel_size: int
    padding: str


@dataclass(frozen=True)
class Pooling:
    name: str
    places: tuple[int, ...]  # numbers that it makes of each channel, by map


@dataclass(frozen=True)
class Layer:
    """A layer between pooling and head: response_norm, scale, linear or relu."""

    kind: str
    maps: tuple[tuple[int, int], ...] = ()  # of response_norm: channels and places of each map


@dataclass(frozen=True)
class Network:
    """Networks of one shape; several vote.

    With `embedding=rows`, what a token adds to each place of a window is stored instead of vectors
    and kernels; with `region=bow` it adds it once, at whichever place.
    """

    members: int
    frame_length: int | None  # tokens that are read; None: all
    embedding: str  # vectors or rows
    region: str  # seq or bow
    convolutions: tuple[Convolution, ...]  # none: a bag, whose only map is the embedding
    activation: str
    pooling: Pooling
    hidden: tuple[Layer, ...]


@dataclass(frozen=True)
class NgramTable:
    longest: int  # tokens
    norm: bool  # whether sums are divided by the L2 norm of inverse document frequencies


@dataclass(frozen=True)
class Description:
    labels: tuple[str, ...]
    thresholds: tuple[float, ...] | None  # of label sets, before calibration; None: one class
    calibration: Calibration
    text: Text
    weights: tuple[float, float]  # by which the logits of network and n-grams are multiplied
    network: Network | None  # None: there is none, or a graph computes all
    ngrams: NgramTable | None

    def as_json(self) -> dict[str, Any]:
        unfit = self.calibration == Calibration()
        return asdict(self) | {"calibration": None if unfit else self.calibration.as_json()}

    @classmethod
    def parse(cls, stored: Any) -> "Description":
        """The description that `as_json` turned into `stored`.

        Raises:
            KeyError, TypeError, ValueError: it is none.
        """
        labels = tuple(strings(stored["labels"]))
        thresholds = stored["thresholds"]
        if len(labels) < (2 if thresholds is None else 1) or len(set(labels)) < len(labels):
            raise ValueError("expected two classes or one label at least, without repetition")
        for label in labels:
            label.encode()  # half of a surrogate pair can't be printed
        if thresholds is not None:
            if len(thresholds) != len(labels):
                raise ValueError("expected a threshold for each label")
            thresholds = tuple(within(each, 0, 1) for each in thresholds)
        first, second = (within(each, -1e9, 1e9) for each in stored["weights"])
        network, ngrams = stored["network"], stored["ngrams"]
        return cls(
            labels,
            thresholds,
            parse_calibration(stored["calibration"], None if thresholds is None else len(labels)),
            parse_text(stored["text"]),
            (first, second),
            None if network is None else parse_network(network),
            None if ngrams is None else parse_ngrams(ngrams),
        )


def parse_calibration(stored: Any, labels: int | None) -> Calibration:
    return Calibration() if stored is None else Calibration.restore(stored, labels)


def parse_text(stored: Mapping[str, Any]) -> Text:
    settings, length = stored["settings"], stored["max_length"]
    if not isinstance(settings, dict):
        raise TypeError("expected the settings of a tokenizer")
    if not isinstance(settings.get("tokenizer", ""), str):
        raise TypeError("expected the name of a tokenizer")
    return Text(
        settings,
        None if length is None else whole(length, 1, 2**31),
        one_of(stored["truncate"], ("head", "tail", "both")),
        truth(stored["subwords"]),
    )


def parse_network(stored: Mapping[str, Any]) -> Network:
    convolutions = tuple(
        Convolution(whole(each["kernel_size"], 1, WIDEST), one_of(each["padding"], PADDINGS))
        for each in few(stored["convolutions"], MOST_CONVOLUTIONS)
    )
    embedding = one_of(stored["embedding"], ("vectors", "rows"))
    if embedding == "rows" and not convolutions:
        raise ValueError("rows of one-hot tokens need a convolution")
    places = few(stored["pooling"]["places"], MOST_CONVOLUTIONS)
    if len(places) != max(len(convolutions), 1):
        raise ValueError("expected a number of places for each map")
    pooling = Pooling(
        one_of(stored["pooling"]["name"], POOLINGS),
        tuple(whole(each, 1, MOST_PLACES) for each in places),
    )
    if pooling.name in ("max", "mean", "sum", "attention") and set(pooling.places) != {1}:
        raise ValueError(f"{pooling.name} pooling makes one number of a channel")
    frame = stored["frame_length"]
    return Network(
        whole(stored["members"], 1, MOST_MEMBERS),
        None if frame is None else whole(frame, 1, MOST_PLACES),
        embedding,
        one_of(stored["region"], ("seq", "bow")),
        convolutions,
        one_of(stored["activation"], ACTIVATIONS),
        pooling,
        tuple(map(parse_layer, few(stored["hidden"], MOST_LAYERS))),
    )


def parse_layer(stored: Mapping[str, Any]) -> Layer:
    maps = tuple(
        (whole(channels, 1, 2**31), whole(places, 1, MOST_PLACES))
        for channels, places in few(stored["maps"], MOST_CONVOLUTIONS)
    )
    return Layer(one_of(stored["kind"], ("response_norm", "scale", "linear", "relu")), maps)


def parse_ngrams(stored: Mapping[str, Any]) -> NgramTable:
    return NgramTable(whole(stored["longest"], 1, LONGEST_NGRAM), truth(stored["norm"]))


def few(values: Any, most: int) -> Sequence[Any]:
    if not isinstance(values, list) or len(values) > most:
        raise ValueError(f"expected a list of at most {most}")
    return values


def strings(values: Any) -> list[str]:
    if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
        raise ValueError("expected a list of strings")
    return values


def whole(value: Any, low: int, high: int) -> int:
    if type(value) is not int or not low <= value <= high:  # a bool is an int
        raise ValueError(f"expected a whole number from {low} to {high}, got {value!r:.40}")
    return value


def truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"expected true or false, got {value!r:.40}")
    return value


def one_of(value: Any, choices: Sequence[str]) -> str:
    if value not in choices:
        raise ValueError(f"expected {', '.join(choices)}, got {value!r:.40}")
    return str(value)
