"""The keys of every network: a schema for each encoder, and what does not go together."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from textcnn.config.keys import command_line, key

POOLINGS = ("max", "kmax", "chunk_max", "mean", "sum", "attention", "flatten")
PADDINGS = ("valid", "zeros", "reflect", "replicate", "circular", "full", "causal")
EMBEDDINGS = ("random", "static", "nonstatic", "multichannel", "onehot")
POSITIONS = ("none", "learned", "sinusoidal", "ramp")
ACTIVATIONS = ("relu", "tanh", "gelu", "elu", "leaky_relu", "none")
MAX_WIDTH = 65_536  # the most numbers at a position
MAX_LAYERS = 128  # the most layers

# OmegaConf would not take new names in a dict of its own, so this is Any here
Options = Any

KERNELS: dict[str, Any] = {"at_least": 1, "at_most": MAX_WIDTH, "length": (1, MAX_LAYERS)}


def sizes(default: int, meaning: str) -> Any:
    return key(default, meaning, at_least=1, at_most=MAX_WIDTH)


def layers(default: int, meaning: str) -> Any:
    return key(default, meaning, at_least=1, at_most=MAX_LAYERS)


def padding(default: str) -> Any:
    return key(default, "what windows see beyond a text's own ends", choices=PADDINGS)


def activation(default: str = "relu") -> Any:
    return key(default, "the function behind each convolution", choices=ACTIVATIONS)


def hidden(default: list[int]) -> Any:
    meaning = "widths of fully connected layers with ReLU before the last one"
    return key(default, meaning, at_least=1, at_most=MAX_WIDTH, length=(0, MAX_LAYERS))


def fraction(meaning: str, default: float = 0.0) -> Any:
    return key(default, meaning, at_least=0.0, below=1.0)


@dataclass
class ModelConfig:
    """What all networks have: embedding and position, and behind the encoder pooling and head."""

    # pooling and padding that make no sense with an encoder: the reason, and the nearest that does
    refused_pooling: ClassVar[dict[str, tuple[str, str]]] = {}
    refused_padding: ClassVar[dict[str, tuple[str, str]]] = {}

    name: str = key("multi_width", "the architecture, chosen by model=multi_width and the like")
    embedding: str = key(
        "nonstatic",
        "random: learnt; nonstatic: learnt, from text.vectors where given; static: text.vectors as "
        "they are; multichannel: both side by side; onehot: a channel for each character or byte",
        choices=EMBEDDINGS,
    )
    embedding_dim: int = sizes(
        64, "numbers per token; with text.vectors it is that of the vectors, onehot ignores it"
    )
    position: str = key(
        "none",
        "what is told of a token's place: learned or sinusoidal vectors added, or ramp, a channel "
        "from -1 at the first token to 1 at the last",
        choices=POSITIONS,
    )
    max_positions: int | None = key(
        None,
        "tokens that position=learned tells apart, later ones count as the last, and that "
        "pooling=flatten reads of a text; null: text.max_length",
        at_least=1,
        at_most=1_000_000,
    )
    word_dropout: float = fraction("share of tokens replaced by the zero vector in training")
    embedding_dropout: float = fraction("share of the embedding's numbers dropped in training")
    pooling: str = key(
        "max", "from the features at all positions to so many numbers", choices=POOLINGS
    )
    k: int = sizes(4, "features that pooling=kmax keeps of each filter, dcnn at least")
    chunks: int = sizes(4, "parts of a text that pooling=chunk_max pools")
    hidden_sizes: list[int] = hidden([])
    dropout: float = fraction(
        "share of what each fully connected layer reads dropped in training", 0.5
    )
    max_norm: float | None = key(
        None,
        "the l2 norm that a class's weights in the last layer are cut to; null: any",
        above=0.0,
    )

    def settings(self, max_length: int | None) -> dict[str, Any]:
        """As keyword arguments for `build_model`.

        Args:
            max_length: tokens kept of a text.
        """
        return asdict(self) | {"max_positions": self.max_positions or max_length}

    def conflicts(self) -> Iterator[str]:
        for name, refused in (("pooling", self.refused_pooling), ("padding", self.refused_padding)):
            got = getattr(self, name, None)
            if got in refused:
                reason, instead = refused[got]
                yield (
                    f"model.{name}={got} with model={self.name}: {reason}; "
                    f"try model.{name}={instead}"
                )


@dataclass
class MultiWidthConfig(ModelConfig):
    name: str = key("multi_width", "chosen by model=multi_width", choices=("multi_width",))
    kernel_sizes: list[int] = key([1, 2, 3], "window widths side by side, in tokens", **KERNELS)
    num_filters: int = sizes(64, "filters of each width")
    padding: str = padding("valid")
    activation: str = activation()


@dataclass
class CharCnnConfig(ModelConfig):
    name: str = key("char_cnn", "chosen by model=char_cnn", choices=("char_cnn",))
    embedding: str = key(
        "onehot",
        "as for other models; the paper's is onehot",
        choices=EMBEDDINGS,
    )
    pooling: str = key("flatten", "as for other models; the paper's is flatten", choices=POOLINGS)
    hidden_sizes: list[int] = hidden([1024, 1024])
    kernel_sizes: list[int] = key(
        [7, 7, 3, 3, 3, 3], "widths of the convolutions one after the other", **KERNELS
    )
    pool_sizes: list[int] = key(
        [3, 3, 1, 1, 1, 3], "positions pooled into one behind each convolution; 1: none", **KERNELS
    )
    num_filters: int = sizes(256, "filters of each convolution")
    padding: str = padding("valid")
    activation: str = activation()
    init_std: float | None = key(
        0.05,
        "weights begin from a normal distribution of this standard deviation; null: as in PyTorch",
        above=0.0,
    )

    def conflicts(self) -> Iterator[str]:
        yield from super().conflicts()
        if len(self.pool_sizes) != len(self.kernel_sizes):
            yield (
                f"model.pool_sizes needs a number for each of the {len(self.kernel_sizes)} "
                f"model.kernel_sizes, got {command_line(self.pool_sizes)}; 1 is no pooling"
            )


BESIDE = "what comes out is added to what goes in, so it must have as many positions"
SAME_LENGTH = {"valid": (BESIDE, "zeros"), "full": (BESIDE, "zeros")}


@dataclass
class DilatedConfig(ModelConfig):
    refused_padding: ClassVar[dict[str, tuple[str, str]]] = SAME_LENGTH

    name: str = key("dilated", "chosen by model=dilated", choices=("dilated",))
    num_filters: int = sizes(64, "filters of each convolution")
    kernel_size: int = sizes(3, "weights of a kernel along the text")
    dilations: list[int] = key(
        [1, 2, 4, 8], "tokens from one weight of a kernel to the next, a block for each", **KERNELS
    )
    convolutions: int = layers(1, "convolutions in a block")
    iterations: int = layers(1, "times that features go through all blocks, with the same weights")
    share_weights: bool = key(False, "the blocks share their weights too")
    normalization: str = key(
        "none",
        "of the kernels (weight) or of the features",
        choices=("none", "weight", "batch", "layer"),
    )
    block_dropout: float = fraction("share of features dropped behind each convolution in training")
    padding: str = padding("zeros")
    activation: str = activation()


KEEPS = "blocks keep their positions, as the paper's do, with a shortcut or without"


@dataclass
class VdcnnConfig(ModelConfig):
    refused_padding: ClassVar[dict[str, tuple[str, str]]] = {
        "valid": (KEEPS, "zeros"),
        "full": (KEEPS, "zeros"),
    }

    name: str = key("vdcnn", "chosen by model=vdcnn", choices=("vdcnn",))
    embedding_dim: int = sizes(16, "numbers per character")
    pooling: str = key("kmax", "as for other models; the paper's is kmax", choices=POOLINGS)
    k: int = sizes(8, "features that pooling=kmax keeps of each filter")
    hidden_sizes: list[int] = hidden([2048, 2048])
    dropout: float = fraction("share of what each fully connected layer reads dropped in training")
    depth: int = key(9, "convolutions", choices=(9, 17, 29, 49))
    num_filters: int = sizes(
        64, "filters of the first level; the others have 2, 4, 8 times as many"
    )
    kernel_size: int = sizes(3, "characters per window")
    shortcut: bool = key(False, "what goes into a block is added to what comes out")
    halving: str = key(
        "max",
        "of the positions between levels: max pooling, kmax (the larger half), or a convolution "
        "of stride 2",
        choices=("max", "kmax", "convolution"),
    )
    normalization: str = key("batch", "of the features", choices=("batch", "layer", "none"))
    padding: str = padding("zeros")
    activation: str = activation()

    def conflicts(self) -> Iterator[str]:
        yield from super().conflicts()
        if self.halving == "kmax" and self.padding == "causal":
            yield (
                "model.padding=causal with model.halving=kmax: which half is the larger goes by "
                "the whole text; try model.halving=max"
            )
        if self.num_filters * 8 > MAX_WIDTH:
            yield (
                f"model.num_filters={self.num_filters} with model=vdcnn: the last level has 8 "
                "times as many; try model.num_filters=64"
            )


@dataclass
class DpcnnConfig(ModelConfig):
    refused_padding: ClassVar[dict[str, tuple[str, str]]] = SAME_LENGTH

    name: str = key("dpcnn", "chosen by model=dpcnn", choices=("dpcnn",))
    depth: int = key(7, "blocks of two convolutions", at_least=1, at_most=32)
    num_filters: int = sizes(250, "filters of each convolution")
    region_size: int = sizes(3, "tokens of a region, the first window")
    kernel_size: int = sizes(3, "positions per window of the blocks")
    block_dropout: float = fraction("share of features dropped behind each block in training")
    padding: str = padding("zeros")
    activation: str = activation()


@dataclass
class NinConfig(ModelConfig):
    name: str = key("nin", "chosen by model=nin", choices=("nin",))
    depth: int = layers(2, "convolutions of one token, one after the other")
    num_filters: int = sizes(128, "filters of each convolution")
    activation: str = activation()


@dataclass
class GatedConfig(ModelConfig):
    refused_padding: ClassVar[dict[str, tuple[str, str]]] = SAME_LENGTH

    name: str = key("gated", "chosen by model=gated", choices=("gated",))
    position: str = key("learned", "as for other models; the paper's is learned", choices=POSITIONS)
    depth: int = layers(6, "gated layers")
    num_filters: int = sizes(64, "filters of each layer, after the gates")
    kernel_size: int = sizes(5, "tokens per window")
    block_dropout: float = fraction("share of what each layer reads dropped in training")
    padding: str = padding("zeros")


DYNAMIC = "how many positions its maps have goes by the text, the last pooling makes them the same"


@dataclass
class DcnnConfig(ModelConfig):
    refused_pooling: ClassVar[dict[str, tuple[str, str]]] = {"flatten": (DYNAMIC, "kmax")}

    name: str = key("dcnn", "chosen by model=dcnn", choices=("dcnn",))
    embedding_dim: int = sizes(48, "numbers per token, the rows that are folded")
    pooling: str = key("kmax", "as for other models; the paper's is kmax", choices=POOLINGS)
    kernel_sizes: list[int] = key(
        [7, 5], "widths of the convolutions one after the other", **KERNELS
    )
    num_filters: list[int] = key([6, 14], "filters of each layer, in every row", **KERNELS)
    add_row_pairs: bool = key(True, "every two rows are added behind each convolution")
    padding: str = padding("full")
    activation: str = activation("tanh")

    def settings(self, max_length: int | None) -> dict[str, Any]:
        return super().settings(max_length) | {"dynamic_k": self.k}

    def conflicts(self) -> Iterator[str]:
        yield from super().conflicts()
        if len(self.num_filters) != len(self.kernel_sizes):
            yield (
                f"model.num_filters needs a number for each of the {len(self.kernel_sizes)} "
                f"model.kernel_sizes, got {command_line(self.num_filters)}"
            )


ORDER = "the bag knows no order"


@dataclass
class BagConfig(ModelConfig):
    refused_pooling: ClassVar[dict[str, tuple[str, str]]] = {
        "kmax": (ORDER, "max"),
        "chunk_max": (ORDER, "max"),
        "flatten": (ORDER, "mean"),
    }

    name: str = key("bag", "chosen by model=bag", choices=("bag",))
    pooling: str = key("mean", "as for other models", choices=POOLINGS)


@dataclass
class LstmConfig(ModelConfig):
    name: str = key("lstm", "chosen by model=lstm", choices=("lstm",))
    hidden_size: int = sizes(64, "numbers of a state, in each direction")
    depth: int = layers(1, "layers")
    bidirectional: bool = key(True, "read the text from both ends")
    block_dropout: float = fraction("share of states dropped between layers in training")


@dataclass
class TransformerConfig(ModelConfig):
    name: str = key("transformer", "chosen by model=transformer", choices=("transformer",))
    position: str = key(
        "sinusoidal", "as for other models; the paper's is sinusoidal", choices=POSITIONS
    )
    pooling: str = key("mean", "as for other models", choices=POOLINGS)
    hidden_size: int = sizes(64, "numbers of a state")
    depth: int = layers(2, "layers")
    heads: int = sizes(4, "attentions side by side in a layer; they share hidden_size")
    feedforward_size: int = sizes(128, "width of the perceptron in a layer")
    block_dropout: float = fraction("share of states dropped in a layer in training", 0.1)

    def conflicts(self) -> Iterator[str]:
        yield from super().conflicts()
        if self.hidden_size % self.heads:
            yield (
                f"model.hidden_size={self.hidden_size} can't be shared by "
                f"model.heads={self.heads}; try model.hidden_size="
                f"{-(-self.hidden_size // self.heads) * self.heads}"
            )


@dataclass
class InstalledConfig(ModelConfig):
    """An encoder of another package."""

    name: str = key("", "the entry point of an installed package, in the group textcnn.encoders")
    options: Options = key(None, "what that encoder takes, by name", mapping=True, optional=True)

    def conflicts(self) -> Iterator[str]:
        yield from super().conflicts()
        if not self.name:
            yield "model.name needs the name of an installed encoder, got ''; see docs/models.md"
        elif self.name in MODEL_SCHEMAS:
            yield f"model.name={self.name} is textcnn's own, not installed; try model={self.name}"


MODEL_SCHEMAS: dict[str, type[ModelConfig]] = {
    "multi_width": MultiWidthConfig,
    "char_cnn": CharCnnConfig,
    "dilated": DilatedConfig,
    "vdcnn": VdcnnConfig,
    "dpcnn": DpcnnConfig,
    "nin": NinConfig,
    "gated": GatedConfig,
    "dcnn": DcnnConfig,
    "bag": BagConfig,
    "lstm": LstmConfig,
    "transformer": TransformerConfig,
    "installed": InstalledConfig,
}
