"""What each window of a text adds to the logits of a network, through pooling.

Pooled features are sums over windows: with max pooling over one window, the winner; with a mean
over all. Later layers are linear (`linear_map`). So a logit is a constant plus a sum over windows,
exactly.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from textcnn.explanation.contributions.linear import is_linear, linear_map
from textcnn.explanation.contributions.parts import NETWORK, Ngram, Parts
from textcnn.models.classifier import TextCNN, widest
from textcnn.models.layers.activations import ACTIVATIONS
from textcnn.models.layers.features import Features
from textcnn.models.layers.field import ONE_TOKEN, Field
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

# Those of which `window_sums` knows what each position contributes.
KNOWN_POOLINGS = (
    *(MaxPooling, KMaxPooling, ChunkMaxPooling, MeanPooling, SumPooling),
    *(AttentionPooling, FlattenPooling),
)


def window_size(model: TextCNN) -> int | None:
    """The tokens of the widest window; None: logits are no sum over windows of a known size."""
    encoder = model.encoder
    if not (encoder.declares("windows_only") and encoder.windows_only and is_linear(model)):
        return None
    if not all(type(pooling) in KNOWN_POOLINGS for pooling in model.poolings):
        return None
    try:
        return widest(encoder.fields(ONE_TOKEN)).size
    except NotImplementedError:
        return None


def network_parts(model: TextCNN, inputs: dict[str, Any], classes: Tensor) -> list[Parts]:
    """The logits of each text as a sum over its windows.

    Args:
        inputs: ids, lengths and maybe unknown, as `TextCNN.forward` takes them.
        classes: (batch, chosen) int64
    """
    _, lengths = model.to_frame(inputs["ids"], inputs["lengths"])
    activate = ACTIVATIONS[model.encoder.last_activation]
    maps = [map.each(activate) for map in model.encoder(model.embed(**inputs))]
    made = [pooling(map) for pooling, map in zip(model.poolings, maps, strict=True)]
    pooled = torch.cat([numbers for numbers, _ in made], dim=1)
    matrix, constant = linear_map(model, pooled, classes)
    texts = [Parts(row) for row in constant.cpu().numpy()]
    own = matrix.split([numbers.shape[1] for numbers, _ in made], dim=2)
    for map, pooling, weights, (numbers, winners) in zip(
        maps, model.poolings, own, made, strict=True
    ):
        assert isinstance(pooling, Pooling)
        sums = window_sums(pooling, map, weights, numbers, winners).cpu().numpy()
        for parts, of_text, tokens in zip(texts, sums, lengths.tolist(), strict=True):
            add_windows(parts, of_text, map.field, tokens)
    return texts


def add_windows(parts: Parts, sums: np.ndarray, field: Field, tokens: int) -> None:
    """
    Args:
        sums: (chosen, positions), what the window at each position adds.
        tokens: of the text.
    """
    assert field.size is not None
    for position in np.flatnonzero(sums.any(axis=0)).tolist():
        first = position * field.stride + field.start
        start = min(max(first, 0), tokens)
        # a window in the margins has no tokens; a text shorter than a window is all of it
        end = max(min(first + field.size, tokens), start)
        parts.add(Ngram(NETWORK, ((start, end),)), sums[:, position])


def window_sums(
    pooling: Pooling, map: Features, weights: Tensor, numbers: Tensor, winners: Tensor | None
) -> Tensor:
    """(batch, chosen, positions) float64: what the window at each position adds to the logits.

    Args:
        map: (batch, channels, positions), after the activation.
        weights: (batch, chosen, channels x factor) float64
        numbers, winners: what `pooling` makes of the map.
    """
    if winners is not None:
        added = weights * numbers.double()[:, None]  # (batch, chosen, channels x factor)
        sums = added.new_zeros(*added.shape[:2], map.time)
        # an empty place has no winner and adds 0
        places = winners.clamp(min=0)[:, None].expand_as(added)
        return sums.scatter_add_(2, places, added)
    values = map.zeroed().values.double()  # (batch, channels, positions)
    if isinstance(pooling, FlattenPooling):
        by_place = weights.unflatten(2, (map.values.shape[1], -1))
        values = values[..., : pooling.factor]
        return torch.einsum("bkcp,bcp->bkp", by_place[..., : values.shape[2]], values)
    sums = torch.einsum("bkc,bcp->bkp", weights, values)
    if isinstance(pooling, MeanPooling):
        sums = sums / map.lengths[:, None, None]
    if isinstance(pooling, AttentionPooling):
        sums = sums * pooling.weights(map.zeroed()).double()[:, None]
    return sums
