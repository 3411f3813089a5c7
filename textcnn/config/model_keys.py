"""Keys that several networks share, with one meaning and their own defaults."""

from typing import Any

from textcnn.config.keys import key

POOLINGS = ("max", "kmax", "chunk_max", "mean", "sum", "attention", "flatten")
PADDINGS = ("valid", "zeros", "reflect", "replicate", "circular", "full", "causal")
EMBEDDINGS = ("random", "static", "nonstatic", "multichannel", "onehot")
POSITIONS = ("none", "learned", "sinusoidal", "ramp")
ACTIVATIONS = ("relu", "tanh", "gelu", "elu", "leaky_relu", "none")
MAX_WIDTH = 65_536  # channels at a position, or positions of a kernel
MAX_LAYERS = 128

# the limits of a list with one number for each layer or kernel
KERNELS: dict[str, Any] = {"at_least": 1, "at_most": MAX_WIDTH, "length": (1, MAX_LAYERS)}


def size(default: int, meaning: str) -> Any:
    return key(default, meaning, at_least=1, at_most=MAX_WIDTH)


def layer_count(default: int, meaning: str) -> Any:
    return key(default, meaning, at_least=1, at_most=MAX_LAYERS)


def embedding(default: str) -> Any:
    return key(
        default,
        "the vectors of tokens: random (learnt); nonstatic (learnt, starting from text.vectors if "
        "given); static (text.vectors, frozen); multichannel (static and nonstatic side by side); "
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
