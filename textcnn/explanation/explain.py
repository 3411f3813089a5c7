"""Explains predictions: exactly where logits are sums over n-grams, otherwise by approximation."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor, nn

from textcnn.data.batching import Batch, sorted_batches
from textcnn.data.encoding import encode_texts
from textcnn.errors import InputError
from textcnn.explanation.contributions.gradients import STEPS, gradient_parts
from textcnn.explanation.contributions.occlusion import occlusion_parts
from textcnn.explanation.contributions.parts import Parts
from textcnn.explanation.contributions.sums import (
    OfNetwork,
    cautions,
    model_parts,
    networks_of,
    widest_window,
)
from textcnn.explanation.contributions.windows import network_parts
from textcnn.explanation.explanation import Explanation, build_explanation
from textcnn.explanation.flips import find_flip
from textcnn.explanation.subject import Subject, names_of
from textcnn.explanation.tokenized import TokenizedText
from textcnn.explanation.units import merged, units_of
from textcnn.runtime.prediction import AnyPrediction
from textcnn.text.encoder import TextEncoder

METHODS = ("auto", "exact", "gradients", "occlusion")
CLASSES = 5  # explained by default
# With wider windows than this, n-grams say little; `auto` approximates what single words add.
WIDEST = 16
BATCH_SIZE, BATCH_TOKENS = 64, 2**14
APPROXIMATED_TOKENS = 2**12  # gradients keep all layers of a batch in memory
OCCLUDED = 256  # parts of a text that are taken out in turn; longer texts are divided coarsely


def explain(
    classifier: Subject,
    texts: Sequence[str],
    *,
    method: str = "auto",
    classes: int | None = CLASSES,
    flip: bool = False,
) -> list[Explanation]:
    """What each n-gram of each text adds to the logits of the most probable classes.

    Args:
        method: `exact`, `gradients` (integrated gradients), `occlusion`, or `auto`: exact if
            windows have at most WIDEST tokens, else gradients. Only networks are approximated: what
            n-grams beside them add is exact.
        classes: how many are explained: those that are predicted, then the most probable; None:
            all.
        flip: also search few words of each text without which the answer is another.

    Raises:
        InputError: the model has no exact explanation, or there is no such method.
    """
    method = chosen_method(classifier.model, method)
    logits = classifier.logits(texts)  # (texts, classes)
    predictions = classifier.decide(logits)
    chosen = first_classes(classifier, logits, predictions, classes)  # (texts, chosen)
    read = [TokenizedText(text, classifier.encoder) for text in texts]
    parts = parts_of_texts(classifier, read, chosen, method)
    notes = [*method_notes(method), *cautions(classifier.model, exact=method == "exact")]
    explanations = [
        build_explanation(
            text,
            own,
            [classifier.labels[index] for index in indices.tolist()],
            row[indices].double().numpy(),
            prediction,
            method,
            notes,
        )
        for text, own, indices, row, prediction in zip(
            read, parts, chosen, logits, predictions, strict=True
        )
    ]
    if not flip:
        return explanations
    pairs = zip(explanations, read, strict=True)
    return [with_flip(classifier, explanation, text) for explanation, text in pairs]


def first_classes(
    classifier: Subject,
    logits: Tensor,
    predictions: Sequence[AnyPrediction],
    count: int | None,
) -> Tensor:
    """(texts, count) int64: what is predicted, then the classes of the largest logits."""
    count = len(classifier.labels) if count is None else min(count, len(classifier.labels))
    if classifier.thresholds is None:
        return logits.topk(count, dim=1).indices
    answers = [names_of(each) for each in predictions]
    others = [[label not in names for label in classifier.labels] for names in answers]
    order = logits.argsort(dim=1, descending=True)
    last = torch.tensor(others, dtype=torch.int8).reshape(logits.shape).gather(1, order)
    by_set = last.argsort(dim=1, stable=True)
    return order.gather(1, by_set)[:, :count]


def with_flip(classifier: Subject, explanation: Explanation, text: TokenizedText) -> Explanation:
    first, *others = explanation.logits
    speaks = explanation.of_tokens(first)
    if others:  # against the class that is nearest
        against = explanation.of_tokens(others[0])
        speaks = [one - two for one, two in zip(speaks, against, strict=True)]
    found = find_flip(classifier, text, speaks)
    notes = explanation.notes
    if found is None:
        notes = (*notes, "no removal of words was found that changes the answer")
    return replace(explanation, flip=found, notes=notes)


def method_notes(method: str) -> list[str]:
    return {
        "gradients": [
            f"an approximation: integrated gradients in {STEPS} steps from zero vectors, which are "
            "the bias; rest is what they miss of the logit"
        ],
        "occlusion": [
            "an approximation: how much the logit falls without each word; the bias is the logit "
            "of an empty text; rest is what they miss of the logit"
        ],
    }.get(method, [])


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
    if method != "exact" and not networks_of(model):
        raise InputError(
            f"method={method} approximates a network, but this model is one of n-grams, which are "
            "exact; try method=exact"
        )
    if method == "exact" and window is None:
        raise InputError(
            "method=exact needs logits that are a sum over n-grams, which this model's are not; "
            "try method=gradients or method=occlusion"
        )
    return method


def parts_of_texts(
    classifier: Subject, texts: Sequence[TokenizedText], classes: Tensor, method: str
) -> list[Parts]:
    """The logits of each text as a sum.

    Args:
        classes: (texts, chosen) int64
        method: not `auto`.
    """
    model: nn.Module = classifier.model
    if any(module.training for module in model.modules()):
        model.eval()
    device = next(model.parameters()).device
    encoded = encode_texts([each.text for each in texts], classifier.encoder)
    found: dict[int, Parts] = {}
    tokens = BATCH_TOKENS if method == "exact" else APPROXIMATED_TOKENS
    for rows in sorted_batches(encoded.lengths, BATCH_SIZE, tokens):
        batch: Batch = encoded.batch(rows).to(device)
        own = classes[torch.from_numpy(rows)].to(device)
        of_network = network_method(method, [texts[row] for row in rows], classifier.encoder)
        with torch.no_grad():
            parts = model_parts(model, batch.inputs, own, of_network)
        found.update(zip(rows.tolist(), parts, strict=True))
    return [found[row] for row in range(len(texts))]


def network_method(method: str, texts: Sequence[TokenizedText], encoder: TextEncoder) -> OfNetwork:
    """What splits the logits of networks for these texts."""
    if method == "exact":
        return network_parts
    units = [units_of(text.tokens, encoder.tokenizer) for text in texts]
    if method == "gradients":
        return partial(gradient_parts, units=units)
    return partial(
        occlusion_parts,
        texts=[text.tokens for text in texts],
        units=[merged(each, OCCLUDED) for each in units],
        encoder=encoder,
    )
