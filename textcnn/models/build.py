"""Builds networks from names and numbers, with encoders of installed packages too."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import entry_points
from typing import Any

import torch
from torch import nn

from textcnn.errors import InputError
from textcnn.models.classifier import TextCNN
from textcnn.models.encoders.bag import Bag
from textcnn.models.encoders.char_cnn import CharCnn
from textcnn.models.encoders.dcnn import Dcnn
from textcnn.models.encoders.dilated import Dilated
from textcnn.models.encoders.dpcnn import Dpcnn
from textcnn.models.encoders.encoder import Encoder
from textcnn.models.encoders.gated import Gated
from textcnn.models.encoders.lstm import Lstm
from textcnn.models.encoders.multi_width import MultiWidth
from textcnn.models.encoders.nin import Nin
from textcnn.models.encoders.onehot_cnn import OnehotCnn
from textcnn.models.encoders.transformer import Transformer
from textcnn.models.encoders.vdcnn import Vdcnn
from textcnn.models.layers.embedding import Embedding
from textcnn.models.layers.normalization import PooledNorm, ResponseNorm
from textcnn.models.layers.pooling import (
    AttentionPooling,
    ChunkMaxPooling,
    FlattenPooling,
    KMaxPooling,
    MaxPooling,
    MeanPooling,
    Pooling,
    SumPooling,
)
from textcnn.models.layers.position import POSITIONS, Position
from textcnn.models.layers.region_table import RegionTable

ENCODERS: dict[str, Callable[..., Encoder]] = {
    "multi_width": MultiWidth,
    "char_cnn": CharCnn,
    "dilated": Dilated,
    "vdcnn": Vdcnn,
    "dpcnn": Dpcnn,
    "nin": Nin,
    "gated": Gated,
    "dcnn": Dcnn,
    "onehot_cnn": OnehotCnn,
    "bag": Bag,
    "lstm": Lstm,
    "transformer": Transformer,
}
ENTRY_POINTS = "textcnn.encoders"


@contextmanager
def fitting_memory() -> Iterator[None]:
    """
    Raises:
        InputError: a layer doesn't fit into memory.
    """
    try:
        yield
    except RuntimeError as error:
        asked = re.search(r"tried to allocate (\d+) bytes", str(error))
        if asked is None:
            raise
        raise InputError(
            f"the model needs {int(asked[1]) / 1e9:,.0f} GB for one of its layers, more than this "
            "machine has; try smaller model.embedding_dim, num_filters, kernel_sizes or "
            "hidden_sizes"
        ) from error


@fitting_memory()
def build_model(
    name: str,
    *,
    vocabulary_size: int,
    num_classes: int,
    embedding_dim: int,
    embedding: str = "random",
    region: str = "seq",
    position: str = "none",
    max_positions: int | None = None,
    pooling: str = "max",
    k: int = 4,
    chunks: int = 4,
    response_normalization: bool = False,
    pooled_normalization: bool = False,
    hidden_sizes: Sequence[int] = (),
    dropout: float = 0.0,
    embedding_dropout: float = 0.0,
    word_dropout: float = 0.0,
    max_norm: float | None = None,
    init_std: float | None = None,
    options: Mapping[str, Any] | None = None,
    **encoder_settings: Any,
) -> TextCNN:
    """A network with random weights.

    Args:
        name: a key of ENCODERS, or an installed entry point in the group textcnn.encoders.
        max_positions: tokens that pooling=flatten reads, and that position=learned distinguishes.
        options, encoder_settings: the keyword arguments of the encoder.

    Raises:
        InputError: no such encoder, one that doesn't work with the pooling, or too little memory.
    """
    settings = encoder_settings | dict(options or {})
    table = build_embedding(name, vocabulary_size, embedding_dim, embedding, region, settings)
    positions = build_position(position, table.dim, max_positions)
    encoder = build_encoder(name, table.dim + positions.extra, settings)
    flat = pooling == "flatten"
    frames = flat_frames(name, encoder, max_positions) if flat else [0] * len(encoder.channels)
    maps = zip(encoder.channels, frames, strict=True)
    poolings = [build_pooling(pooling, *each, k=k, chunks=chunks) for each in maps]
    pooled = [(c, part.factor) for c, part in zip(encoder.channels, poolings, strict=True)]
    norms = pooled_norms(pooled, response_normalization, pooled_normalization)
    hidden, width = build_hidden(pooled, hidden_sizes, dropout, norms)
    model = TextCNN(
        table,
        positions,
        encoder,
        poolings,
        hidden,
        nn.Linear(width, num_classes),
        frame_length=max_positions if pooling == "flatten" else None,
        word_dropout=word_dropout,
        embedding_dropout=embedding_dropout,
        dropout=dropout,
        max_norm=max_norm,
    )
    draw_normal(model, init_std)
    return model


def build_embedding(
    name: str, vocabulary_size: int, dim: int, kind: str, region: str, settings: Mapping[str, Any]
) -> Embedding:
    """
    Args:
        region, settings: the kind of regions and the encoder's settings, for `onehot_cnn`.
    """
    if name != "onehot_cnn":
        return Embedding(vocabulary_size, dim, kind)
    sizes, filters = tuple(settings["kernel_sizes"]), settings["num_filters"]
    return RegionTable(vocabulary_size, sizes, filters, region)


def build_position(name: str, dim: int, max_positions: int | None) -> Position:
    """
    Raises:
        InputError: learned positions without their number.
    """
    if name == "learned" and max_positions is None:
        raise InputError(
            "model.position=learned has a vector for each position, so it needs their number: set "
            "model.max_positions or text.max_length"
        )
    return POSITIONS[name](dim, max_positions or 0)


def build_encoder(name: str, channels: int, settings: dict[str, Any]) -> Encoder:
    """
    Raises:
        InputError: neither textcnn nor an installed package has an encoder of that name, or the
            encoder doesn't accept these settings.
    """
    if name in ENCODERS:
        return ENCODERS[name](channels, **settings)
    installed = entry_points(group=ENTRY_POINTS)
    if name not in installed.names:
        known = ", ".join([*ENCODERS, *sorted(installed.names)])
        raise InputError(
            f"model.name={name}: no such encoder; installed are {known}; install a package with an "
            f"entry point of that name in the group {ENTRY_POINTS}"
        )
    try:
        kind = installed[name].load()
    except (ImportError, AttributeError) as error:
        raise InputError(
            f"model.name={name} is installed, but loading it failed: {error}"
        ) from error
    try:
        encoder: Encoder = kind(channels, **settings)
    except TypeError as error:
        raise InputError(
            f"model.options={settings}: {name} doesn't accept them: {error}"
        ) from error
    return encoder


def flat_frames(name: str, encoder: Encoder, max_positions: int | None) -> list[int]:
    """The number of positions in each map, for a text that fills the frame.

    Raises:
        InputError: the frame has no length, or the encoder doesn't say how many positions it makes.
    """
    if max_positions is None:
        raise InputError(
            "model.pooling=flatten reads a frame of fixed length: set model.max_positions or "
            "text.max_length"
        )
    try:
        positions = encoder.positions(torch.tensor(max_positions, device="cpu"))
    except NotImplementedError:
        raise InputError(
            "model.pooling=flatten needs a number of positions that depends only on a text's "
            f"length, which model={name} doesn't have; try model.pooling=max"
        ) from None
    return [int(each) for each in positions]


def build_pooling(name: str, channels: int, frames: int, *, k: int, chunks: int) -> Pooling:
    builders: dict[str, Callable[[], Pooling]] = {
        "max": MaxPooling,
        "kmax": lambda: KMaxPooling(k),
        "chunk_max": lambda: ChunkMaxPooling(chunks),
        "mean": MeanPooling,
        "sum": SumPooling,
        "attention": lambda: AttentionPooling(channels),
        "flatten": lambda: FlattenPooling(frames),
    }
    return builders[name]()


def pooled_norms(maps: Sequence[tuple[int, int]], response: bool, batch: bool) -> list[nn.Module]:
    """The normalizations of pooled features, a `ResponseNorm`, a `PooledNorm`, both or none.

    Args:
        maps: as for `ResponseNorm`.
    """
    norms: list[nn.Module] = [ResponseNorm(maps)] if response else []
    return norms + ([PooledNorm(sum(c * places for c, places in maps))] if batch else [])


def build_hidden(
    maps: Sequence[tuple[int, int]],
    sizes: Sequence[int],
    dropout: float,
    norms: Sequence[nn.Module],
) -> tuple[nn.Sequential, int]:
    """The layers between pooling and head, and the size of their output.

    Args:
        maps: as for `ResponseNorm`.
        sizes: of fully connected layers with ReLU, with dropout between them.
        norms: of the pooled features, the first layers.
    """
    layers = [*norms]
    width = sum(channels * places for channels, places in maps)
    for number, size in enumerate(sizes):
        layers += [nn.Dropout(dropout)] if number else []
        layers += [nn.Linear(width, size), nn.ReLU()]
        width = size
    return nn.Sequential(*layers), width


def draw_normal(model: TextCNN, std: float | None) -> None:
    """Draw weights of the encoder and all later layers from a normal distribution; biases are 0.

    Args:
        std: standard deviation (Zhang 2015); None: keep the uniform weights that layers draw.
    """
    if std is None:
        return
    for part in (model.encoder, model.hidden, model.head):
        for name, parameter in part.named_parameters():
            if parameter.is_meta:  # will be replaced; drawing takes 2 seconds
                continue
            if name.endswith("bias"):
                nn.init.zeros_(parameter)
            elif parameter.dim() > 1:  # not weights of normalizations
                nn.init.normal_(parameter, std=std)
