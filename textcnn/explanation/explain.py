"""Explains predictions: exactly where logits are sums over n-grams, otherwise by approximation."""

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from textcnn.data.batching import Batch, sorted_batches
from textcnn.data.encoding import encode_texts
from textcnn.errors import InputError
from textcnn.explanation.explanation import Explanation, TokenizedText, build_explanation
from textcnn.explanation.parts import Parts
from textcnn.explanation.sums import OfNetwork, cautions, model_parts, widest_window
from textcnn.explanation.windows import network_parts
from textcnn.models.prediction import AnyPrediction
from textcnn.text.encoder import TextEncoder

METHODS = ("auto", "exact")
CLASSES = 5  # explained by default
# With wider windows than this, n-grams say little; `auto` approximates what single words add.
WIDEST = 16
BATCH_SIZE, BATCH_TOKENS = 64, 2**14


class Subject(Protocol):
    """A classifier."""

    model: Any
    encoder: TextEncoder
    labels: tuple[str, ...]

    def logits(self, texts: Sequence[str]) -> Tensor: ...

    def decide(self, logits: Tensor) -> Sequence[AnyPrediction]: ...


def explain(
    classifier: Subject,
    texts: Sequence[str],
    *,
    method: str = "auto",
    classes: int | None = CLASSES,
) -> list[Explanation]:
    """What each n-gram of each text adds to the logits of the most probable classes.

    Args:
        method: one of METHODS; `auto` is exact where windows have at most WIDEST tokens.
        classes: how many are explained, the most probable ones; None: all.

    Raises:
        InputError: the model has no exact explanation, or there is no such method.
    """
    method = chosen_method(classifier.model, method)
    logits = classifier.logits(texts)  # (texts, classes)
    predictions = classifier.decide(logits)
    count = len(classifier.labels) if classes is None else min(classes, len(classifier.labels))
    chosen = logits.topk(count, dim=1).indices  # (texts, chosen), the most probable first
    notes = cautions(classifier.model)
    parts = parts_of_texts(classifier, texts, chosen, OF_NETWORK[method])
    return [
        build_explanation(
            TokenizedText(text, classifier.encoder),
            own,
            [classifier.labels[index] for index in indices.tolist()],
            row[indices].double().numpy(),
            prediction,
            method,
            notes,
        )
        for text, own, indices, row, prediction in zip(
            texts, parts, chosen, logits, predictions, strict=True
        )
    ]


OF_NETWORK: dict[str, OfNetwork] = {"exact": network_parts}


def chosen_method(model: nn.Module, method: str) -> str:
    """
    Raises:
        InputError: as `explain`.
    """
    if method not in METHODS:
        raise InputError(f"method={method}: no such method; try one of {', '.join(METHODS)}")
    window = widest_window(model)
    if method == "auto":
        return "exact" if window is not None and window <= WIDEST else "gradients"
    if method == "exact" and window is None:
        raise InputError(
            "method=exact needs logits that are a sum over n-grams, which this model's are not; "
            "try method=gradients or method=occlusion"
        )
    return method


def parts_of_texts(
    classifier: Subject, texts: Sequence[str], classes: Tensor, of_network: OfNetwork
) -> list[Parts]:
    """The logits of each text as a sum.

    Args:
        classes: (texts, chosen) int64
    """
    model: nn.Module = classifier.model
    if any(module.training for module in model.modules()):
        model.eval()
    device = next(model.parameters()).device
    encoded = encode_texts(texts, classifier.encoder)
    found: dict[int, Parts] = {}
    for rows in sorted_batches(encoded.lengths, BATCH_SIZE, BATCH_TOKENS):
        batch: Batch = encoded.batch(rows).to(device)
        own = classes[torch.from_numpy(rows)].to(device)
        with torch.no_grad():
            parts = model_parts(model, batch.inputs, own, of_network)
        found.update(zip(rows.tolist(), parts, strict=True))
    return [found[row] for row in range(len(texts))]
