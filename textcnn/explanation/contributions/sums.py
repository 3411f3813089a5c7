"""The logits of any model as sums: networks, ensembles, n-grams, and n-grams beside a network."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from textcnn.explanation.contributions.linear import depends_on_text
from textcnn.explanation.contributions.linear_ngrams import ngram_parts
from textcnn.explanation.contributions.parts import Parts, combined
from textcnn.explanation.contributions.windows import window_size
from textcnn.models.classifier import TextCNN
from textcnn.models.ensemble import Ensemble
from textcnn.models.layers.pooling import AttentionPooling
from textcnn.models.ngrams.beside import WithNgrams
from textcnn.models.ngrams.ngrams import Ngrams

# (network, inputs, classes) to the parts of each text; arguments as for `network_parts`
OfNetwork = Callable[[TextCNN, dict[str, Any], Tensor], list[Parts]]


def model_parts(
    model: nn.Module, inputs: dict[str, Any], classes: Tensor, of_network: OfNetwork
) -> list[Parts]:
    """The logits of each text as a sum.

    An ensemble averages what its members add. Its logits are those of the mean probability, not the
    mean logits; the difference goes to the constant.

    Args:
        inputs: ids, lengths and maybe unknown, as `TextCNN.forward` takes them.
        classes: (batch, chosen) int64
        of_network: what splits the logits of a network.
    """
    if isinstance(model, WithNgrams):
        network = model_parts(model.network, inputs, classes, of_network)
        ngrams = ngram_parts(model.ngrams, inputs, classes)
        pairs = zip(network, ngrams, strict=True)
        return [combined(pair, model.weights.tolist()) for pair in pairs]
    if isinstance(model, Ngrams):
        return ngram_parts(model, inputs, classes)
    if isinstance(model, Ensemble):
        return ensemble_parts(model, inputs, classes, of_network)
    assert isinstance(model, TextCNN)
    return of_network(model, inputs, classes)


def ensemble_parts(
    model: Ensemble, inputs: dict[str, Any], classes: Tensor, of_network: OfNetwork
) -> list[Parts]:
    members = networks_of(model)
    by_member = [of_network(member, inputs, classes) for member in members]
    with torch.no_grad():
        logits = torch.stack([member(**inputs) for member in members])  # (members, batch, classes)
        vote = (model.vote([*logits]).double() - logits.double().mean(dim=0)).gather(1, classes)
    texts = []
    for of_members, own in zip(zip(*by_member, strict=True), vote.cpu().numpy(), strict=True):
        parts = combined(of_members, [1 / len(members)] * len(members))
        parts.constant = parts.constant + own
        texts.append(parts)
    return texts


def networks_of(model: nn.Module) -> list[TextCNN]:
    """The networks in a model; none in a model of n-grams alone."""
    if isinstance(model, WithNgrams):
        return networks_of(model.network)
    if isinstance(model, Ensemble):
        return list(model.members)  # type: ignore[arg-type]
    return [model] if isinstance(model, TextCNN) else []


def widest_window(model: nn.Module) -> int | None:
    """The tokens of the widest window whose contributions are exact; 0 without a network.

    None: the logits are no sum over windows.
    """
    sizes = [window_size(network) for network in networks_of(model)]
    known = [size for size in sizes if size is not None]
    return None if len(known) < len(sizes) else max(known, default=0)


def cautions(model: nn.Module, exact: bool) -> list[str]:
    """Why the same n-gram may add something else to another text, in words.

    Args:
        exact: what networks add is exact too.
    """
    networks, reasons = networks_of(model), []
    for network in networks[:1] if exact else ():  # members have the same layers
        reasons += depends_on_text(network)
        if any(isinstance(pooling, AttentionPooling) for pooling in network.poolings):
            reasons.append("attention weighs a window by all others")
        if not getattr(network.position, "absent", False):
            reasons.append("positions change what an n-gram adds")
    if len(networks) > 1:
        reasons.append(
            f"{len(networks)} networks vote by probability; the bias has what this changes of the "
            "mean of their logits"
        )
    ngrams = model.ngrams if isinstance(model, WithNgrams) else model
    if isinstance(ngrams, Ngrams) and ngrams.scaling == "tf_idf":
        reasons.append("the weights of n-grams are divided by the norm of the whole text")
    return reasons
