"""The layers of a network, in the order in which a text passes them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from rich import box
from rich.table import Table
from torch import nn

from textcnn.models.classifier import TextCNN, widest
from textcnn.models.layers.features import Features
from textcnn.models.layers.field import Field
from textcnn.models.layers.normalization import PooledNorm
from textcnn.models.ngrams.beside import WithNgrams
from textcnn.models.ngrams.ngrams import Ngrams
from textcnn.system.terminal import build_table, markdown

LONGEST = 1024  # tokens of the text that is sent through the network
# kinds that the names of layers say already
PLAIN = ("Convolution", "Embedding", "Linear", "BatchNorm", "LayerNorm", "Ngrams")


@dataclass(frozen=True)
class Layer:
    """A layer, or one pass through it where its weights are used again."""

    name: str
    kind: str
    shape: tuple[int, ...]  # channels and positions of one text; after pooling without positions
    parameters: int  # 0 if an earlier row counts them
    field: Field | None  # the tokens that each position sees; None after pooling
    multiply_adds: int  # with weights, for the text; sums, maxima and look-ups don't count


@dataclass(frozen=True)
class Summary:
    layers: tuple[Layer, ...]
    tokens: int  # of the text that was sent through the network
    field: Field  # of the features that are pooled
    parameters: int
    trained: int  # parameters without the fixed ones

    @property
    def multiply_adds(self) -> int:
        """Per token."""
        return round(sum(layer.multiply_adds for layer in self.layers) / self.tokens)

    def as_json(self) -> dict[str, Any]:
        return {
            "parameters": self.parameters,
            "trained_parameters": self.trained,
            "receptive_field": self.field.size,
            "stride": self.field.stride,
            "multiply_adds_per_token": self.multiply_adds,
            "layers": [asdict(layer) for layer in self.layers],
        }


def summarize(model: nn.Module, tokens: int) -> Summary:
    """The layers of a network, of n-grams, or of both.

    Args:
        model: TextCNN, Ngrams, or WithNgrams around a TextCNN.
        tokens: length of the text that is sent through the network.
    """
    match model:
        case Ngrams():
            layer = ngram_row(model)
            field = Field(model.longest)
            trained = model.table.weight.numel() + model.bias.numel()
            return Summary((layer,), max(tokens, 1), field, layer.parameters, trained)
        case WithNgrams(network=TextCNN() as network):
            summary, layer = summarize_network(network, tokens), ngram_row(model.ngrams)
            return replace(
                summary,
                layers=(*summary.layers, layer),
                parameters=summary.parameters + layer.parameters,
                trained=summary.trained + layer.parameters,
            )
    assert isinstance(model, TextCNN)
    return summarize_network(model, tokens)


def ngram_row(ngrams: Ngrams) -> Layer:
    """The layer of n-grams: a weight for each class, of each n-gram in the text."""
    return row("ngrams", ngrams, (ngrams.num_classes,), Field(ngrams.longest), 0)


def summarize_network(model: TextCNN, tokens: int) -> Summary:
    """Send a text through the model in evaluation mode, and record its layers.

    Args:
        tokens: length of the text; at most LONGEST are sent.
    """
    tokens = max(min(tokens, LONGEST, model.frame_length or LONGEST), 1)
    training = model.training
    device = next(model.parameters()).device
    ids = torch.ones(1, tokens, dtype=torch.int64, device=device)
    watch = Watch()
    handles = [
        handle
        for name, module in model.encoder.named_modules(prefix="encoder")
        for handle in (
            module.register_forward_pre_hook(watch.enter),
            module.register_forward_hook(watch.leaver(name)),
        )
    ]
    try:
        with torch.no_grad():
            embedded = model.eval().embed(ids, torch.tensor([tokens], device=device))
            maps = model.encoder(embedded)
            pooled, _ = model.pool(maps)
    finally:
        model.train(training)
        for handle in handles:
            handle.remove()
    named = [("embedding", model.embedding, model.position.extra), ("position", model.position, 0)]
    channels, read = embedded.values.shape[1:]
    before = [
        row(name, module, (channels - extra, read), embedded.field, 0)
        for name, module, extra in named[: 1 if model.position.absent else 2]
    ]
    pooling = row("pooling", model.poolings[0], pooled.shape[1:], None, 0)
    work = [
        getattr(part, "multiply_adds", lambda positions: 0)(map.values.shape[2])
        for part, map in zip(model.poolings, maps, strict=True)
    ]
    pooling = replace(pooling, parameters=parameters(model.poolings), multiply_adds=sum(work))
    after = [
        layer for name, module in model.named_modules() for layer in after_pooling(name, module)
    ]
    layers = (*before, *watch.layers, pooling, *after)
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    field = widest([map.field for map in maps])  # installed encoders may not declare it
    return Summary(layers, tokens, field, parameters(model), trained)


def after_pooling(name: str, module: nn.Module) -> Iterator[Layer]:
    """The layer of a module between the pooled features and the logits, if it has weights."""
    match module:
        case nn.Linear() if name.startswith(("hidden", "head")):
            yield row(name, module, (module.out_features,), None, module.weight.numel())
        case PooledNorm():
            yield row(name, module, (module.num_features,), None, 0)


class Watch:
    """Records the innermost modules of an encoder that return features."""

    def __init__(self) -> None:
        self.layers: list[Layer] = []
        self.before: list[int] = []  # layers recorded before each module that is running
        self.names: set[str] = set()  # of recorded modules

    def enter(self, module: nn.Module, arguments: tuple[Any, ...]) -> None:
        self.before.append(len(self.layers))

    def leaver(self, name: str) -> Callable[[nn.Module, tuple[Any, ...], Any], None]:
        def leave(module: nn.Module, arguments: tuple[Any, ...], output: Any) -> None:
            inner = self.before.pop() < len(self.layers)
            map = output[0] if isinstance(output, tuple) else output
            if inner or not isinstance(map, Features) or map is arguments[0]:
                return
            positions = map.values.shape[2]
            weights = sum(p.numel() for p in module.parameters() if p.dim() > 1)
            counted = getattr(module, "multiply_adds", None)
            work = positions * weights if counted is None else counted(positions)
            layer = row(name, module, map.values.shape[1:], map.field, work)
            self.layers.append(replace(layer, parameters=0) if name in self.names else layer)
            self.names.add(name)

        return leave


def row(
    name: str, module: nn.Module, shape: Sequence[int], field: Field | None, multiply_adds: int
) -> Layer:
    kind = type(module).__name__.removeprefix("Parametrized")
    return Layer(name, kind, tuple(shape), parameters(module), field, multiply_adds)


def parameters(module: nn.Module) -> int:
    """How many numbers a module learns or holds fixed."""
    return sum(parameter.numel() for parameter in module.parameters())


def summary_table(summary: Summary) -> Table:
    """For the terminal."""
    table = build_table(title(summary), summary_rows(summary))
    table.box = box.SIMPLE  # so that names of layers fit beside the numbers
    return table


def summary_markdown(summary: Summary) -> str:
    """For TensorBoard."""
    return f"{title(summary)}\n\n{markdown(summary_rows(summary))}"


def title(summary: Summary) -> str:
    return f"Model, for a text of {summary.tokens:,} tokens; work: multiply-adds per token"


def field_line(summary: Summary, seen_whole_rate: float) -> str:
    """How far a feature sees, compared with the lengths of the texts.

    Args:
        seen_whole_rate: the fraction of texts that fit into one receptive field.
    """
    if summary.field.size is None:
        return "receptive field: the whole text"
    return (
        f"receptive field {summary.field}, stride {summary.field.stride}: covers "
        f"{100 * seen_whole_rate:.1f} % of the training texts completely"
    )


def summary_rows(summary: Summary) -> list[list[str]]:
    """The rows of a table: the header first, the sums last."""
    rows = [["layer", "shape", "parameters", "sees", "stride", "work"]]
    for layer in summary.layers:
        name = layer.name.removeprefix("encoder.")
        kind = layer.kind.removesuffix("Position").removesuffix("Pooling")
        rows.append(
            [
                name if kind in PLAIN else f"{name} ({kind})",
                " x ".join(f"{size:,}" for size in layer.shape),
                f"{layer.parameters:,}",
                "" if layer.field is None else str(layer.field.size or "all"),
                str(layer.field.stride) if layer.field and layer.field.size else "",
                f"{layer.multiply_adds / summary.tokens:,.0f}",
            ]
        )
    return [*rows, ["all", "", f"{summary.parameters:,}", "", "", f"{summary.multiply_adds:,}"]]
