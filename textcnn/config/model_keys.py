"""The keys that networks share: those of every network, and keys with their own defaults."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, ClassVar, Self

from textcnn.config.keys import fraction, key

POOLINGS = ("max", "kmax", "chunk_max", "mean", "sum", "attention", "flatten")
PADDINGS = ("valid", "zeros", "reflect", "replicate", "circular", "full", "causal")
EMBEDDINGS = ("random", "static", "nonstatic", "multichannel", "onehot")
POSITIONS = ("none", "learned", "sinusoidal", "ramp")
ACTIVATIONS = ("relu", "tanh", "gelu", "elu", "leaky_relu", "none")
MAX_WIDTH = 65_536  # channels at a position, or positions of a kernel
MAX_LAYERS = 128
MAX_POSITIONS = 1_000_000

# the limits of a list with one number for each layer or kernel
KERNELS: dict[str, Any] = {"at_least": 1, "at_most": MAX_WIDTH, "length": (1, MAX_LAYERS)}


def size(default: int, meaning: str) -> Any:
    return key(default, meaning, at_least=1, at_most=MAX_WIDTH)


def layer_count(default: int, meaning: str) -> Any:
    return key(default, meaning, at_least=1, at_most=MAX_LAYERS)


def embedding(default: str) -> Any:
    return key(
        default,
        "the vectors of tokens: random (learned); nonstatic (learned, starting from text.vectors "
        "if given); static (text.vectors, frozen); multichannel (static and nonstatic, side by "
        "side); "
        "onehot (one channel for each character or byte)",
        choices=EMBEDDINGS,
    )


def position(default: str) -> Any:
    return key(
        default,
        "how a token's position is encoded: learned or sinusoidal vectors that are added to the "
        "embedding; ramp, an extra channel from -1 at the first token to 1 at the last; or not",
        choices=POSITIONS,
    )


def pooling(default: str) -> Any:
    return key(
        default,
        "how features are reduced to a fixed-size vector: max; kmax (the model.k largest, in text "
        "order); chunk_max (the maximum of each of model.chunks parts); mean; sum; attention (a "
        "mean with learned weights); flatten (the features at all positions, concatenated)",
        choices=POOLINGS,
    )


def kmax_size(default: int) -> Any:
    return size(
        default,
        "with pooling=kmax, number of features to keep of each filter; also the minimum that the "
        "dynamic k-max pooling of model=dcnn keeps",
    )


def padding(default: str) -> Any:
    return key(
        default,
        "what windows see beyond the ends of a text: valid (no such windows); zeros, reflect, "
        "replicate or circular (as many windows as tokens); full (zeros, every window that "
        "contains a token); causal (zeros, each window ends at its token)",
        choices=PADDINGS,
    )


def activation(default: str = "relu") -> Any:
    return key(default, "the activation function after each convolution", choices=ACTIVATIONS)


def hidden_sizes(default: list[int]) -> Any:
    return key(
        default,
        "widths of the fully connected layers (with ReLU) between pooling and the output layer",
        at_least=1,
        at_most=MAX_WIDTH,
        length=(0, MAX_LAYERS),
    )


# value: (why it is refused, the nearest value that works)
Refused = dict[str, tuple[str, str]]


def head_dropout(default: float) -> Any:
    return fraction("probability of dropping an input value of each fully connected layer", default)


SCALINGS = ("naive_bayes", "tf_idf", "none")
LINEAR_LOSSES = ("squared_hinge", "logistic")
SOLVERS = ("liblinear", "gradient")


LONGEST_NGRAM = 8  # tokens


@dataclass
class ModelConfig:
    """Keys of every model: its name, and those of n-grams."""

    name: str = key("multi_width", "the model; choose it with model=")
    ngrams: int = key(
        0,
        "maximum length in tokens of the n-grams of a linear model, whose logits are added to "
        "those of the network; 0: no n-grams",
        at_least=0,
        at_most=LONGEST_NGRAM,
    )
    ngram_scaling: str = key(
        "naive_bayes",
        "what multiplies an n-gram's weights: naive_bayes (its log-count ratios, Wang & Manning "
        "2012), tf_idf (its inverse document frequency, texts normalized) or none",
        choices=SCALINGS,
    )
    ngram_min_count: int = key(
        1,
        "minimum number of times an n-gram of two or more tokens must occur in the training texts",
        at_least=1,
    )
    ngram_solver: str | None = key(
        None,
        "how the linear model is trained: liblinear (coordinate descent, before the network) or "
        "gradient (by the training loop, together with the network); null: liblinear, or with "
        "data.streaming gradient",
        choices=SOLVERS,
    )
    ngram_dropout: float = fraction(
        "with ngram_solver=gradient, probability of dropping an n-gram of a text in training", 0.3
    )
    ngram_losses: list[float] = key(
        [0.3, 1.0, 1.0],
        "with ngram_solver=gradient beside a network, weights of the losses of the sum, of the "
        "network alone and of the n-grams alone",
        at_least=0.0,
        length=(3, 3),
    )
    ngram_loss: str = key(
        "squared_hinge",
        "with ngram_solver=liblinear, what the linear model minimizes: squared_hinge (as a support "
        "vector machine) or logistic",
        choices=LINEAR_LOSSES,
    )
    ngram_cost: float | None = key(
        None,
        "inverse strength of the L2 penalty of the linear model (liblinear's C); null: 0.1 for "
        "squared_hinge and 1 for logistic, ten times that with tf_idf",
        above=0.0,
    )

    def settings(self, max_length: int | None) -> dict[str, Any]:
        """Keyword arguments for `build_model`.

        Args:
            max_length: of a text, in tokens.
        """
        raise NotImplementedError

    @property
    def title(self) -> str:
        """What reports call the model."""
        beside = self.ngrams and self.name != "ngrams"
        return f"{self.name} and n-grams" if beside else self.name

    def ngram_settings(self) -> dict[str, Any]:
        """Keyword arguments of `learn_ngrams`."""
        return {
            "longest": self.ngrams,
            "scaling": self.ngram_scaling,
            "min_count": self.ngram_min_count,
            "dropout": self.ngram_dropout,
        }

    def without_ngrams(self) -> Self:
        """The same network alone."""
        usual = ModelConfig()
        names = [entry.name for entry in fields(ModelConfig) if entry.name != "name"]
        return replace(self, **{name: getattr(usual, name) for name in names})

    def linear_settings(self) -> dict[str, Any]:
        """Keyword arguments of `fit_linear`."""
        return {"loss": self.ngram_loss, "cost": self.ngram_cost}


@dataclass
class NetworkConfig(ModelConfig):
    """Keys of every network: embedding and position before the encoder, pooling and head after."""

    refused_pooling: ClassVar[Refused] = {}
    refused_padding: ClassVar[Refused] = {}
    has_vectors: ClassVar[bool] = True  # whether a token has a vector, or only weights
    # `embedding_dim` of presets, which text.vectors may replace as it replaces the default
    preset_dims: ClassVar[tuple[int, ...]] = ()

    embedding: str = embedding("nonstatic")
    embedding_dim: int = size(
        64,
        "size of a token's vector; text.vectors replaces the default by its own (with several "
        "sources, their sum) and refuses another; embedding=onehot ignores it",
    )
    position: str = position("none")
    max_positions: int | None = key(
        None,
        "number of tokens with a vector of their own with position=learned (later ones share the "
        "last), and number of tokens that pooling=flatten reads; null: text.max_length",
        at_least=1,
        at_most=MAX_POSITIONS,
    )
    word_dropout: float = fraction("probability of zeroing a token's vector in training")
    embedding_dropout: float = fraction("probability of zeroing a value of a vector in training")
    pooling: str = pooling("max")
    k: int = kmax_size(4)
    chunks: int = size(4, "with pooling=chunk_max, number of equal parts of a text")
    pooled_normalization: bool = key(
        False,
        "normalize the pooled features over the texts of a batch (batch normalization), as those "
        "of characters differ little between texts",
    )
    hidden_sizes: list[int] = hidden_sizes([])
    dropout: float = head_dropout(0.5)
    max_norm: float | None = key(
        None,
        "maximum L2 norm of the weights of each class in the output layer; null: no limit",
        above=0.0,
    )
    min_texts: int | None = key(
        None,
        "number of training texts that this network needs; a run with fewer warns before "
        "training; null: no warning",
        at_least=1,
    )
    smaller: str | None = key(
        None,
        "the preset that the warning of model.min_texts suggests, for fewer training texts; null: "
        "none",
    )

    def settings(self, max_length: int | None) -> dict[str, Any]:
        """Keyword arguments for `build_model`.

        Args:
            max_length: of a text, in tokens.
        """
        names = {entry.name for entry in fields(ModelConfig)} - {"name"} | {"min_texts", "smaller"}
        own = {key: value for key, value in asdict(self).items() if key not in names}
        return own | {"max_positions": self.max_positions or max_length}

    def too_few(self, texts: int) -> str | None:
        """The warning that so many training texts are too few; None: they are enough."""
        if self.min_texts is None or texts >= self.min_texts:
            return None
        return (
            f"this {self.name} needs {self.min_texts:,} training texts or more, got {texts:,}: it "
            "will learn little" + (f"; try model={self.smaller}" if self.smaller else "")
        )

    def conflicts(self) -> Iterator[str]:
        usual = ModelConfig()
        for name in ("ngram_scaling", "ngram_min_count", "ngram_loss", "ngram_cost"):
            value = getattr(self, name)
            if not self.ngrams and value != getattr(usual, name):
                yield (
                    f"model.{name}={value} needs n-grams, got model.ngrams=0; try model.ngrams=3"
                )
        for name, refused in (("pooling", self.refused_pooling), ("padding", self.refused_padding)):
            got = getattr(self, name, None)
            if got in refused:
                reason, instead = refused[got]
                yield (
                    f"model.{name}={got} with model={self.name}: {reason}; "
                    f"try model.{name}={instead}"
                )
