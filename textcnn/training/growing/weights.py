"""The weights of a network that a run keeps, in a network with more tokens and other classes."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from textcnn.models.classifier import TextCNN
from textcnn.text.vocabulary import SPECIALS
from textcnn.training.growing.classes import ClassMap
from textcnn.training.growing.origin import Origin

TABLES = ("embedding.table.weight", "embedding.fixed.weight")  # rows of tokens
HEAD, HEAD_BIAS = "head.weight", "head.bias"  # rows of classes
SUBWORDS = "embedding.subwords."  # learned from the vectors of all words, again


@torch.no_grad()
def keep_weights(
    network: TextCNN, origin: Origin, rows: np.ndarray, classes: ClassMap, member: int | None
) -> None:
    """Give a new network the weights of the checkpoint. What it lacks stays as it is.

    Args:
        network: as training would start it without a checkpoint.
        rows: see `Origin.token_rows`.
        member: of an ensemble, from 1.

    Raises:
        InputError: a weight of the checkpoint has another shape.
    """
    stored = origin.network_weights(member)
    for name, weight in network.state_dict().items():
        if name.startswith(SUBWORDS) or name not in stored:
            continue
        own = stored[name].to(weight)
        if name in TABLES:
            kept = kept_rows(weight, own, rows)
        elif name == HEAD:
            kept = kept_classes(weight, own, classes)
        elif name == HEAD_BIAS:
            kept = torch.where(known(classes), classes.mixed_biases(own), weight)
        elif network.embedding.table is None and reads_tokens(weight, own, rows):
            kept = kept_channels(weight, own, rows)
        else:
            kept = own
        if kept is None or kept.shape != weight.shape:
            raise misfit(origin, name, own, weight)
        weight.copy_(kept)


def kept_rows(weight: Tensor, own: Tensor, rows: np.ndarray) -> Tensor | None:
    """A table whose known tokens have their own rows; None if rows are of another size.

    A token may have several rows, one after another.
    """
    if own.shape[1:] != weight.shape[1:] or len(own) % len(rows):
        return None
    each = len(own) // len(rows)  # rows of a token
    kept = weight.clone().view(-1, each, *weight.shape[1:])
    kept[torch.from_numpy(rows)] = own.view(-1, each, *own.shape[1:])
    return kept.view_as(weight)


def kept_classes(weight: Tensor, own: Tensor, classes: ClassMap) -> Tensor | None:
    """Weights (classes, features) whose known classes have their own; None if they don't fit."""
    if own.shape[1] != weight.shape[1]:
        return None
    return torch.where(known(classes)[:, None], classes.mixed(own.T).T, weight)


def reads_tokens(weight: Tensor, own: Tensor, rows: np.ndarray) -> bool:
    """Whether weights (filters, channels, ...) have a channel for each token, in any number."""
    fits = weight.dim() > 1 and weight.shape[:1] + weight.shape[2:] == own.shape[:1] + own.shape[2:]
    return bool(fits) and own.shape[1] == len(rows) - len(SPECIALS) != weight.shape[1]


def kept_channels(weight: Tensor, own: Tensor, rows: np.ndarray) -> Tensor:
    """Weights (filters, channels, ...) whose known tokens have their own channels."""
    kept = weight.clone()
    kept[:, torch.from_numpy(rows[len(SPECIALS) :] - len(SPECIALS))] = own
    return kept


def known(classes: ClassMap) -> Tensor:
    """(classes,) bool"""
    return torch.tensor(classes.known)


def misfit(origin: Origin, name: str, own: Tensor, weight: Tensor) -> Exception:
    if name == TABLES[0] and own.dim() == weight.dim() == 2:
        sizes: Any = own.shape[1], weight.shape[1]
        return origin.refused(
            f"its vectors have {sizes[0]} dimensions (model.embedding_dim), those of this run "
            f"{sizes[1]}; leave text.vectors and model.embedding_dim out"
        )
    return origin.refused(
        f"its weights {name} have the shape {tuple(own.shape)}, those of this run "
        f"{tuple(weight.shape)}; leave the keys of model and text out"
    )


def count_kept(network: TextCNN, origin: Origin, classes: ClassMap) -> int:
    """How many parameters of a grown network come from the checkpoint.

    Args:
        network: with the weights that `keep_weights` gave it.
    """
    stored, kept = origin.network_weights(None), 0
    for name, weight in network.named_parameters():
        if name not in stored:
            continue
        if name in (HEAD, HEAD_BIAS):
            kept += sum(classes.known) * (weight.numel() // len(classes.names))
        else:
            kept += min(stored[name].numel(), weight.numel())
    return kept
