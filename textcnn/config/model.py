"""The keys of the networks: one schema for each encoder, and the combinations that it refuses."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from textcnn.config.keys import chosen_by, command_line, fraction, key
from textcnn.config.model_keys import (
    KERNELS,
    LONGEST_NGRAM,
    MAX_WIDTH,
    ModelConfig,
    NetworkConfig,
    Refused,
    activation,
    embedding,
    head_dropout,
    hidden_sizes,
    kmax_size,
    layer_count,
    padding,
    pooling,
    position,
    size,
)

# A plain Any: in a typed dict OmegaConf would accept no new names.
Options = Any


@dataclass
class MultiWidthConfig(NetworkConfig):
    preset_dims: ClassVar[tuple[int, ...]] = (300,)  # of model=kim2014

    name: str = chosen_by("model", "multi_width")
    kernel_sizes: list[int] = key(
        [1, 2, 3], "widths of the parallel convolutions in tokens", **KERNELS
    )
    num_filters: int = size(64, "number of filters of each width")
    padding: str = padding("valid")
    activation: str = activation()


@dataclass
class CharCnnConfig(NetworkConfig):
    name: str = chosen_by("model", "char_cnn")
    embedding: str = embedding("onehot")
    pooling: str = pooling("flatten")
    hidden_sizes: list[int] = hidden_sizes([1024, 1024])
    kernel_sizes: list[int] = key(
        [7, 7, 3, 3, 3, 3], "widths of the successive convolutions in positions", **KERNELS
    )
    pool_sizes: list[int] = key(
        [3, 3, 1, 1, 1, 3],
        "width of the max pooling after each convolution in positions; 1: no pooling",
        **KERNELS,
    )
    num_filters: int = size(256, "number of filters of each convolution")
    padding: str = padding("valid")
    activation: str = activation()
    init_std: float | None = key(
        0.05,
        "standard deviation of the normal distribution that initializes the weights; null: "
        "PyTorch's default initialization",
        above=0.0,
    )

    def conflicts(self) -> Iterator[str]:
        yield from super().conflicts()
        if len(self.pool_sizes) != len(self.kernel_sizes):
            yield (
                f"model.pool_sizes needs one number for each of the {len(self.kernel_sizes)} "
                f"model.kernel_sizes, got {command_line(self.pool_sizes)}; 1 means no pooling"
            )


RESIDUAL = "its residual connections need as many positions out as in"
SAME_LENGTH = {"valid": (RESIDUAL, "zeros"), "full": (RESIDUAL, "zeros")}


@dataclass
class DilatedConfig(NetworkConfig):
    refused_padding: ClassVar[Refused] = SAME_LENGTH

    name: str = chosen_by("model", "dilated")
    num_filters: int = size(64, "number of filters of each convolution")
    kernel_size: int = size(3, "width of each kernel in positions, before dilation")
    dilations: list[int] = key(
        [1, 2, 4, 8], "dilations in positions, with one block for each", **KERNELS
    )
    convolutions: int = layer_count(1, "number of convolutions in a block")
    iterations: int = layer_count(1, "number of passes through all blocks, with the same weights")
    share_weights: bool = key(False, "use the same weights in every block")
    normalization: str = key(
        "none",
        "what is normalized: the kernels (weight) or the features (batch or layer)",
        choices=("none", "weight", "batch", "layer"),
    )
    block_dropout: float = fraction("probability of dropping a feature after each convolution")
    padding: str = padding("zeros")
    activation: str = activation()


KEEPS = "its blocks keep the number of positions, as in the paper, even without shortcuts"


@dataclass
class VdcnnConfig(NetworkConfig):
    refused_padding: ClassVar[Refused] = {
        "valid": (KEEPS, "zeros"),
        "full": (KEEPS, "zeros"),
    }

    name: str = chosen_by("model", "vdcnn")
    embedding_dim: int = size(16, "size of a character's vector")
    pooling: str = pooling("kmax")
    k: int = kmax_size(8)
    hidden_sizes: list[int] = hidden_sizes([2048, 2048])
    dropout: float = head_dropout(0.0)
    depth: int = key(9, "number of convolutions", choices=(9, 17, 29, 49))
    num_filters: int = size(
        64, "number of filters of the first level; the next levels have 2, 4 and 8 times as many"
    )
    kernel_size: int = size(3, "width of each kernel in positions")
    shortcut: bool = key(False, "add the input of each block to its output")
    halving: str = key(
        "max",
        "how the number of positions is halved between levels: max pooling; kmax pooling, which "
        "keeps the larger half; or a convolution of stride 2",
        choices=("max", "kmax", "convolution"),
    )
    normalization: str = key(
        "batch", "normalization of the features", choices=("batch", "layer", "none")
    )
    padding: str = padding("zeros")
    activation: str = activation()

    def conflicts(self) -> Iterator[str]:
        yield from super().conflicts()
        if self.halving == "kmax" and self.padding == "causal":
            yield (
                "model.padding=causal with model.halving=kmax: k-max pooling looks at the whole "
                "text, so it is not causal; try model.halving=max"
            )
        if self.num_filters * 8 > MAX_WIDTH:
            yield (
                f"model.num_filters={self.num_filters} with model=vdcnn: the last level has 8 "
                f"times as many, at most {MAX_WIDTH:,}; try model.num_filters=64"
            )


@dataclass
class DpcnnConfig(NetworkConfig):
    refused_padding: ClassVar[Refused] = SAME_LENGTH

    name: str = chosen_by("model", "dpcnn")
    depth: int = key(7, "number of blocks of two convolutions", at_least=1, at_most=32)
    num_filters: int = size(250, "number of filters of each convolution")
    region_size: int = size(3, "width of the region embedding, the first convolution, in tokens")
    kernel_size: int = size(3, "width of the kernels in the blocks, in positions")
    block_dropout: float = fraction("probability of dropping a feature after each block")
    padding: str = padding("zeros")
    activation: str = activation()


@dataclass
class NinConfig(NetworkConfig):
    name: str = chosen_by("model", "nin")
    depth: int = layer_count(2, "number of successive convolutions of width 1")
    num_filters: int = size(128, "number of filters of each convolution")
    activation: str = activation()


@dataclass
class GatedConfig(NetworkConfig):
    refused_padding: ClassVar[Refused] = SAME_LENGTH

    name: str = chosen_by("model", "gated")
    position: str = position("learned")
    depth: int = layer_count(6, "number of gated layers")
    num_filters: int = size(64, "number of filters of each layer, after the gates")
    kernel_size: int = size(5, "width of each kernel in positions")
    block_dropout: float = fraction("probability of dropping an input value of each layer")
    padding: str = padding("zeros")


DYNAMIC = "the number of positions in its feature maps depends on the text"


@dataclass
class DcnnConfig(NetworkConfig):
    refused_pooling: ClassVar[Refused] = {"flatten": (DYNAMIC, "kmax")}

    name: str = chosen_by("model", "dcnn")
    embedding_dim: int = size(
        48, "size of a token's vector; each of its values is a row of the convolutions"
    )
    pooling: str = pooling("kmax")
    kernel_sizes: list[int] = key(
        [7, 5], "widths of the successive convolutions in positions", **KERNELS
    )
    num_filters: list[int] = key([6, 14], "number of filters of each layer in every row", **KERNELS)
    add_row_pairs: bool = key(
        True, "add each pair of neighbouring rows after each convolution (the paper's folding)"
    )
    padding: str = padding("full")
    activation: str = activation("tanh")

    def settings(self, max_length: int | None) -> dict[str, Any]:
        return super().settings(max_length) | {"dynamic_k": self.k}

    def conflicts(self) -> Iterator[str]:
        yield from super().conflicts()
        if len(self.num_filters) != len(self.kernel_sizes):
            yield (
                f"model.num_filters needs one number for each of the {len(self.kernel_sizes)} "
                f"model.kernel_sizes, got {command_line(self.num_filters)}"
            )


ZEROS = "a one-hot network sees zero vectors beyond the ends of a text"


@dataclass
class OnehotCnnConfig(NetworkConfig):
    refused_padding: ClassVar[Refused] = dict.fromkeys(
        ("reflect", "replicate", "circular"), (ZEROS, "full")
    )
    has_vectors: ClassVar[bool] = False

    name: str = chosen_by("model", "onehot_cnn")
    embedding: str = key(
        "onehot", "a token has weights for its places in a region, no vector", choices=("onehot",)
    )
    position: str = key("none", "tokens have no vectors with a position", choices=("none",))
    kernel_sizes: list[int] = key([3], "region sizes in tokens", **KERNELS)
    num_filters: int = size(200, "number of filters of each region size")
    region: str = key(
        "seq",
        "how a region is read: seq (a token has weights for each place) or bow (a bag of words: a "
        "token has the same weights at all places, and counts once)",
        choices=("seq", "bow"),
    )
    padding: str = padding("full")
    activation: str = activation()
    response_normalization: bool = key(
        True, "divide the pooled features h of each region size by the root of 1 + |h|²"
    )

    def conflicts(self) -> Iterator[str]:
        yield from super().conflicts()
        if self.embedding_dropout:
            yield (
                f"model.embedding_dropout={self.embedding_dropout} with model=onehot_cnn: it has "
                "no vectors; try model.word_dropout, which drops whole tokens"
            )


ORDER = "a bag of words has no order"


@dataclass
class BagConfig(NetworkConfig):
    refused_pooling: ClassVar[Refused] = {
        "kmax": (ORDER, "max"),
        "chunk_max": (ORDER, "max"),
        "flatten": (ORDER, "mean"),
    }

    name: str = chosen_by("model", "bag")
    pooling: str = pooling("mean")


@dataclass
class LstmConfig(NetworkConfig):
    name: str = chosen_by("model", "lstm")
    hidden_size: int = size(64, "size of the state in each direction")
    depth: int = layer_count(1, "number of layers")
    bidirectional: bool = key(True, "read the text in both directions")
    block_dropout: float = fraction("probability of dropping a state value between layers")


@dataclass
class TransformerConfig(NetworkConfig):
    name: str = chosen_by("model", "transformer")
    position: str = position("sinusoidal")
    pooling: str = pooling("mean")
    hidden_size: int = size(64, "size of the state at each position")
    depth: int = layer_count(2, "number of layers")
    heads: int = size(4, "number of attention heads in a layer; it must divide model.hidden_size")
    feedforward_size: int = size(128, "width of the feedforward network in a layer")
    block_dropout: float = fraction("probability of dropping a state value in a layer", 0.1)

    def conflicts(self) -> Iterator[str]:
        yield from super().conflicts()
        if self.hidden_size % self.heads:
            yield (
                f"model.hidden_size={self.hidden_size} is not divisible by "
                f"model.heads={self.heads}; try model.hidden_size="
                f"{-(-self.hidden_size // self.heads) * self.heads}"
            )


@dataclass
class NgramsConfig(ModelConfig):
    """The linear model alone."""

    name: str = chosen_by("model", "ngrams")
    ngrams: int = key(3, "maximum length of n-grams in tokens", at_least=1, at_most=LONGEST_NGRAM)


@dataclass
class InstalledConfig(NetworkConfig):
    """An encoder of another installed package."""

    name: str = key("", "the encoder: its name in the entry-point group textcnn.encoders")
    options: Options = key(None, "keyword arguments of the encoder", mapping=True, optional=True)

    def conflicts(self) -> Iterator[str]:
        yield from super().conflicts()
        if not self.name:
            yield (
                "model.name needs the name of an installed encoder, got ''; try model.name=<name>, "
                "as in docs/models.md"
            )
        elif self.name in MODEL_SCHEMAS:
            yield f"model.name={self.name} is built into textcnn; try model={self.name}"


# By name. tests/test_build.py compares the networks with ENCODERS in models/build.py.
NETWORK_SCHEMAS: dict[str, type[NetworkConfig]] = {
    schema.name or "installed": schema for schema in NetworkConfig.__subclasses__()
}
MODEL_SCHEMAS: dict[str, type[ModelConfig]] = {**NETWORK_SCHEMAS, "ngrams": NgramsConfig}
