"""What the page shows of a model and of a text, as JSON: the answers of the server."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from textcnn.data.encoding import encode_texts
from textcnn.errors import InputError
from textcnn.explanation.contributions.sums import networks_of
from textcnn.explanation.explain import CLASSES, chosen_method, explain
from textcnn.explanation.explanation import Contribution, Explanation
from textcnn.explanation.subject import Subject
from textcnn.explanation.tokenized import TokenizedText
from textcnn.models.build import ENCODERS
from textcnn.models.layers.field import Field
from textcnn.models.ngrams.beside import ngrams_of
from textcnn.runtime.calibration import Calibration
from textcnn.text.encoder import TextEncoder

STRONGEST = 200  # contributions to a class that are sent one by one

Window = tuple[int, int, int]  # first token, the one after the last, features that it wins


class Described(Protocol):
    """A classifier, as far as the page describes it."""

    model: Any
    encoder: TextEncoder
    labels: tuple[str, ...]
    calibration: Calibration

    @property
    def raw_thresholds(self) -> tuple[float, ...] | None: ...


def model_facts(name: str, classifier: Described) -> dict[str, Any]:
    """What the page says of a model.

    Args:
        name: by which requests choose it.
    """
    ngrams, raw = ngrams_of(classifier.model), classifier.raw_thresholds
    return {
        "name": name,
        "kind": kind_of(classifier.model),
        "labels": list(classifier.labels),
        "multi_label": raw is not None,
        "calibrated": classifier.calibration.texts > 0,
        "thresholds": None if raw is None else list(classifier.calibration.moved(raw)),
        "receptive_field": receptive_field(classifier.model),
        "ngrams": None if ngrams is None else ngrams.longest,
        "exact": chosen_method(classifier.model, "auto") == "exact",
        "unit": dict(classifier.encoder.tokenizer.settings).get("unit", "word"),
        "max_length": classifier.encoder.max_length,
    }


def kind_of(model: nn.Module) -> str:
    """Such as `5 × multi_width + 2-grams`."""
    networks, ngrams = networks_of(model), ngrams_of(model)
    if not networks:
        return "linear model" if ngrams is None else f"{ngrams.longest}-grams"
    encoder = type(networks[0].encoder)
    name = next((key for key, kind in ENCODERS.items() if kind is encoder), encoder.__name__)
    voting = f"{len(networks)} × {name}" if len(networks) > 1 else name
    return voting if ngrams is None else f"{voting} + {ngrams.longest}-grams"


def receptive_field(model: nn.Module) -> int | None:
    """The tokens that a feature sees; None: the whole text, or the encoder doesn't declare it."""
    networks, ngrams = networks_of(model), ngrams_of(model)
    if not networks:
        return None if ngrams is None else ngrams.longest
    try:
        return networks[0].receptive_field
    except InputError:
        return None


def explained_texts(
    classifier: Subject, texts: Sequence[str], *, classes: int | None = None
) -> list[dict[str, Any]]:
    """What each text's n-grams add to the logits, and which windows win.

    Args:
        classes: how many are explained: the predicted ones first, then the most probable (default
            CLASSES).

    Returns:
        `Explanation.as_json` of each, with `spans`, `windows`, `unread` and `others`; see below.
    """
    found = explain(classifier, texts, classes=CLASSES if classes is None else classes)
    return [as_json(each, classifier) for each in found]


def as_json(explanation: Explanation, classifier: Subject) -> dict[str, Any]:
    read = TokenizedText(explanation.text, classifier.encoder)
    return {
        **explanation.as_json(),
        "contributions": {
            label: [each.as_json() for each in own[:STRONGEST]]
            for label, own in explanation.contributions.items()
        },
        # what the weaker contributions add together
        "others": {
            label: total(own[STRONGEST:]) for label, own in explanation.contributions.items()
        },
        "spans": explanation.spans,  # the characters of each token
        "windows": winning_windows(classifier, explanation.text),
        "unread": len(read.every_token) - len(read.tokens),  # tokens beyond the maximum length
    }


def total(contributions: Sequence[Contribution]) -> float:
    return sum(each.contribution for each in contributions)


def winning_windows(classifier: Subject, text: str) -> list[Window] | None:
    """The tokens that the winners of max pooling see, and how many features each window wins.

    Features that are 0 don't count. None: pooling has no winners, or the model has no network.
    """
    networks = networks_of(classifier.model)
    batch = encode_texts([text], classifier.encoder).batch(np.arange(1))
    won: Counter[tuple[int, int]] = Counter()
    for network in networks:
        on_device = batch.to(next(network.parameters()).device)
        with torch.inference_mode():
            made = network.activations(**on_device.inputs)
        if made.winners is None:
            return None
        factors: list[Any] = [pooling.factor for pooling in network.poolings]
        maps = zip(made.features, factors, strict=True)
        widths = [map.shape[1] * factor for map, factor in maps]
        by_map = (made.winners[0].split(widths), made.pooled[0].split(widths), made.fields)
        for winners, pooled, field in zip(*by_map, strict=True):
            won.update(seen(winners[pooled != 0], field, int(batch.lengths[0])))
    return [(*span, features) for span, features in sorted(won.items())] if networks else None


def seen(winners: Tensor, field: Field, tokens: int) -> Iterator[tuple[int, int]]:
    """The tokens that each winning position sees."""
    for position in winners.tolist():
        if field.size is None:
            yield 0, tokens
        elif position >= 0:
            first = position * field.stride + field.start
            start = min(max(first, 0), tokens)
            yield start, max(min(first + field.size, tokens), start)
