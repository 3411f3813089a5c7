"""One small setting of every encoder, and texts of ids for it."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import torch
from torch import Tensor

from textcnn.config.model import NETWORK_SCHEMAS
from textcnn.config.model_keys import PADDINGS, POOLINGS
from textcnn.models.build import build_model
from textcnn.models.classifier import TextCNN
from textcnn.models.fast.choice import faster_way
from textcnn.models.layers.normalization import BatchNorm
from textcnn.text.vocabulary import PADDING

IDS, CLASSES = 12, 3
FRAME = 20  # tokens that pooling=flatten reads, and position=learned tells apart

DILATED: dict[str, Any] = {
    "name": "dilated",
    "num_filters": 4,
    "kernel_size": 3,
    "dilations": (1, 2, 4),
}
VDCNN: dict[str, Any] = {"name": "vdcnn", "depth": 9, "num_filters": 4}
DCNN: dict[str, Any] = {"name": "dcnn", "kernel_sizes": (4, 3), "num_filters": (2, 3)}
MODELS: dict[str, dict[str, Any]] = {
    "multi_width": {"name": "multi_width", "kernel_sizes": (1, 2, 3), "num_filters": 4},
    "multi_width, wide": {"name": "multi_width", "kernel_sizes": (7,), "num_filters": 4},
    "char_cnn": {
        "name": "char_cnn",
        "kernel_sizes": (4, 3, 2),
        "pool_sizes": (2, 1, 3),
        "num_filters": 4,
    },
    "dilated": DILATED,
    "dilated, shared weights": DILATED | {"share_weights": True},
    "dilated, weight norm": DILATED | {"normalization": "weight"},
    "dilated, causal pairs": DILATED | {"convolutions": 2, "padding": "causal"},
    "dilated, batch norm": DILATED | {"normalization": "batch"},
    "dilated, iterated": DILATED | {"iterations": 2, "normalization": "layer"},
    "vdcnn, max": VDCNN | {"halving": "max"},
    "vdcnn, max, shortcut": VDCNN | {"halving": "max", "shortcut": True},
    "vdcnn, kmax": VDCNN | {"halving": "kmax"},
    "vdcnn, kmax, shortcut": VDCNN | {"halving": "kmax", "shortcut": True},
    "vdcnn, convolution": VDCNN | {"halving": "convolution"},
    "vdcnn, convolution, shortcut": VDCNN | {"halving": "convolution", "shortcut": True},
    "dpcnn": {"name": "dpcnn", "depth": 3, "num_filters": 4},
    "nin": {"name": "nin", "depth": 2, "num_filters": 6},
    "gated": {"name": "gated", "depth": 2, "num_filters": 4, "kernel_size": 3},
    "dcnn": DCNN,
    "dcnn, all rows": DCNN | {"add_row_pairs": False},
    "onehot_cnn": {"name": "onehot_cnn", "kernel_sizes": (2, 3), "num_filters": 4},
    "onehot_cnn, bow": {
        "name": "onehot_cnn",
        "kernel_sizes": (3, 2),
        "num_filters": 4,
        "region": "bow",
        "response_normalization": True,
    },
    "bag": {"name": "bag"},
    "lstm": {"name": "lstm", "hidden_size": 4, "depth": 2},
    "transformer": {
        "name": "transformer",
        "hidden_size": 8,
        "depth": 2,
        "heads": 2,
        "feedforward_size": 8,
    },
}

# those whose tokens have vectors, which may be pretrained and have positions
WITH_VECTORS = [name for name in MODELS if NETWORK_SCHEMAS[MODELS[name]["name"]].has_vectors]


def build(name: str, **changes: Any) -> TextCNN:
    """The small model of that name, always with the same weights."""
    torch.manual_seed(0)
    rows: dict[str, Any] = {"embedding_dim": 8}
    if changes.get("position") == "ramp" and name == "dcnn":
        rows = {"embedding_dim": 7}  # with the ramp's channel 8, which are halved twice
    common = {"vocabulary_size": IDS, "num_classes": CLASSES, "max_positions": FRAME, "k": 2}
    model = build_model(**common | rows | {"chunks": 3} | MODELS[name] | changes)
    if not model.head.weight.is_meta:
        enliven(model)
    return model


@torch.no_grad()
def enliven(model: TextCNN) -> None:
    """Weights and statistics as after some training: with those of the beginning, what deep models
    make of different texts is the same up to rounding, and tests of it prove nothing."""
    for parameter in model.encoder.parameters():
        if parameter.dim() > 1:
            parameter.mul_(2)
    norms = [module for module in model.encoder.modules() if isinstance(module, BatchNorm)]
    for norm in norms:
        norm.bias.normal_(0.0, 0.2)
        norm.momentum = 1.0  # statistics of the next batch alone
    if norms:
        model(*batch([text_of(30, seed) for seed in range(8)]))
    for norm in norms:
        norm.momentum = 0.1


def allowed(name: str) -> list[dict[str, str]]:
    """Every padding with every pooling that the encoder's schema doesn't refuse."""
    schema = NETWORK_SCHEMAS[MODELS[name]["name"]]
    pads = "padding" in {entry.name for entry in fields(schema)}
    paddings = [
        {"padding": padding} for padding in PADDINGS if padding not in schema.refused_padding
    ]
    return [
        {"pooling": pooling, **padding}
        for pooling in POOLINGS
        if pooling not in schema.refused_pooling
        for padding in (paddings if pads else [{}])
    ]


def batch(texts: Sequence[list[int]], padding: int = 0) -> tuple[Tensor, Tensor]:
    """Ids (batch, time), `padding` more than the longest text needs, and lengths (batch,)."""
    time = max(map(len, texts)) + padding
    ids = torch.tensor([text + [PADDING] * (time - len(text)) for text in texts])
    return ids.reshape(len(texts), time).long(), torch.tensor([len(text) for text in texts])


def text_of(length: int, seed: int = 0) -> list[int]:
    """Random ids, but for that of padding."""
    drawn = torch.randint(1, IDS, (length,), generator=torch.Generator().manual_seed(seed))
    ids: list[int] = drawn.tolist()
    return ids


def assert_forward_gives(logits: Tensor, model: TextCNN, ids: Tensor, lengths: Tensor) -> None:
    """To the last bit, or to 1e-5 where forward has a faster way."""
    tolerance = 0.0 if faster_way(model, ids) is None else 1e-5
    torch.testing.assert_close(model(ids, lengths), logits, atol=tolerance, rtol=0.0)
