"""What each filter looks for: its strongest n-grams, and the threshold from which they inform.

(Jacovi, Sar Shalom & Goldberg 2018, "Understanding Convolutional Neural Networks for Text
Classification".) A filter speaks for the class to which it adds most. Over many texts, its purity
above a threshold is the share of this class among the texts whose largest value is at least the
threshold. The lowest threshold with a purity of 75 % separates n-grams that inform from those that
win only because something must.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from textcnn.data.batching import sorted_batches
from textcnn.data.encoding import encode_texts
from textcnn.explanation.contributions.linear import depends_on_text, linear_map
from textcnn.explanation.contributions.sums import networks_of
from textcnn.explanation.contributions.windows import window_size
from textcnn.explanation.subject import Subject
from textcnn.explanation.tokenized import TokenizedText
from textcnn.models.classifier import TextCNN
from textcnn.models.layers.pooling import MaxPooling

PURITY = 0.75
ALIKE = 0.99  # from this cosine on, two filters are duplicates
STRONGEST = 5  # n-grams of a filter
WEIGHED = 16  # texts over which weights of filters are averaged, if they depend on the text
MOST_COMPARED = 4096  # filters among which duplicates are searched
BATCH_SIZE, BATCH_TOKENS = 128, 2**14


@dataclass(frozen=True)
class Strongest:
    """An n-gram that won in a filter."""

    ngram: str
    value: float  # of the filter, after the activation
    informs: bool  # its value reaches the threshold

    def as_json(self) -> dict[str, Any]:
        return {"ngram": self.ngram, "value": self.value, "informs": self.informs}


@dataclass(frozen=True)
class Filter:
    """A filter, over the texts that were read."""

    member: int  # of an ensemble, from 1
    size: int  # tokens that it sees
    number: int  # among those of its size, from 1
    label: str  # the class that it speaks for
    weight: float  # what 1 more adds to the logit of this class
    threshold: float | None  # None: no threshold is pure
    informs: float  # share of texts with a value from the threshold on
    dead: bool  # its value is the same for all texts, or always won outside of the text
    spread: float  # standard deviation of its values, times the largest weight: how much it matters
    ngrams: list[Strongest]  # the largest value first

    @property
    def name(self) -> str:
        member = f"member {self.member}, " if self.member else ""
        return f"{member}{self.size} token{'s' * (self.size > 1)}, filter {self.number}"

    def as_json(self) -> dict[str, Any]:
        return {
            "filter": self.name,
            "size": self.size,
            "class": self.label,
            "weight": self.weight,
            "threshold": self.threshold,
            "informs": self.informs,
            "dead": self.dead,
            "ngrams": [each.as_json() for each in self.ngrams],
        }


@dataclass(frozen=True)
class Alike:
    """Two filters that find nearly the same."""

    first: str
    second: str
    cosine: float  # of their centred values over the texts

    def as_json(self) -> dict[str, Any]:
        return {"first": self.first, "second": self.second, "cosine": self.cosine}


@dataclass(frozen=True)
class Values:
    """What the filters of a network find in each text.

    Attributes:
        values: (texts, filters) float32, after the activation.
        starts: (texts, filters) int64, the first token of the winning window, may be below 0.
        sizes: (filters,) tokens of a window.
        weights: (classes, filters), what a filter adds to each logit.
    """

    values: np.ndarray
    starts: np.ndarray
    sizes: np.ndarray
    weights: np.ndarray


def has_filters(model: TextCNN) -> bool:
    """Whether each pooled number is the largest value of a filter over windows."""
    return window_size(model) is not None and all(
        type(pooling) is MaxPooling for pooling in model.poolings
    )


def examine_filters(classifier: Subject, texts: Sequence[str]) -> tuple[list[Filter], list[Alike]]:
    """The filters of all networks with max pooling, and pairs that are alike within a network.

    Both are empty for other models.
    """
    networks = [each for each in networks_of(classifier.model) if has_filters(each)]
    if not networks or not texts:
        return [], []
    read = [TokenizedText(text, classifier.encoder) for text in texts]
    predicted = classifier.logits(texts).argmax(dim=1).numpy()  # (texts,)
    filters: list[Filter] = []
    pairs: list[Alike] = []
    for number, network in enumerate(networks, start=1):
        found = find_values(network, classifier, texts)
        member = number if len(networks) > 1 else 0
        own = [
            describe(found, place, member, classifier.labels, predicted, read)
            for place in range(len(found.sizes))
        ]
        filters += own
        pairs += duplicates(found.values, own)
    return filters, pairs


@torch.no_grad()
def find_values(model: TextCNN, classifier: Subject, texts: Sequence[str]) -> Values:
    device = next(model.parameters()).device
    model.eval()
    encoded = encode_texts(texts, classifier.encoder)
    values = starts = np.empty(0)
    sizes, weights = np.empty(0), np.empty(0)
    for number, rows in enumerate(sorted_batches(encoded.lengths, BATCH_SIZE, BATCH_TOKENS)):
        batch = encoded.batch(rows).to(device)
        made = model.activations(**batch.inputs)
        assert made.winners is not None
        channels = model.encoder.channels
        strides = np.repeat([field.stride for field in made.fields], channels)
        firsts = np.repeat([field.start for field in made.fields], channels)
        if not number:
            values = np.zeros((len(texts), made.pooled.shape[1]), np.float32)
            starts = np.zeros(values.shape, np.int64)
            sizes = np.repeat([field.size or 0 for field in made.fields], channels)
            weights = mean_weights(model, made.pooled[-WEIGHED:], len(classifier.labels))
        values[rows] = made.pooled.float().cpu().numpy()
        starts[rows] = made.winners.cpu().numpy() * strides + firsts
    return Values(values, starts, sizes, weights)


def mean_weights(model: TextCNN, pooled: Tensor, classes: int) -> np.ndarray:
    """(classes, filters), a mean over texts if the weights depend on the text."""
    every = torch.arange(classes, device=pooled.device)[None]
    texts = pooled if depends_on_text(model) else pooled[:1]
    total = sum(linear_map(model, text[None], every)[0][0] for text in texts)
    assert isinstance(total, Tensor)
    return (total / len(texts)).cpu().numpy()


def describe(
    found: Values,
    place: int,
    member: int,
    labels: Sequence[str],
    predicted: np.ndarray,
    texts: Sequence[TokenizedText],
) -> Filter:
    """
    Args:
        place: of the filter.
        predicted: (texts,) the class of each text.
    """
    values, starts = found.values[:, place], found.starts[:, place]
    size, weights = int(found.sizes[place]), found.weights[:, place]
    label = int(weights.argmax())
    threshold = lowest_pure(values, predicted == label)
    lengths = np.array([len(text.tokens) for text in texts])
    outside = (starts >= lengths) | (starts + size <= 0)
    spread = float(values.std())
    best: list[Strongest] = []
    seen: set[str] = set()
    for row in np.argsort(-values, kind="stable").tolist():
        if len(best) == STRONGEST:
            break
        start = int(starts[row])
        words = texts[row].tokens[max(start, 0) : max(start + size, 0)]
        ngram = texts[row].encoder.tokenizer.join(words)
        if ngram and ngram not in seen:
            seen.add(ngram)
            value = float(values[row])
            best.append(Strongest(ngram, value, threshold is not None and value >= threshold))
    return Filter(
        member,
        size,
        1 + int((found.sizes[:place] == size).sum()),
        labels[label],
        float(weights[label]),
        threshold,
        0.0 if threshold is None else float(np.mean(values >= threshold)),
        spread < 1e-6 or bool(outside.all()),
        spread * float(np.abs(weights).max()),
        best,
    )


def lowest_pure(values: np.ndarray, of_class: np.ndarray, purity: float = PURITY) -> float | None:
    """The lowest value from which on that share of texts is of the class; None: there is none.

    Args:
        values: (texts,) the largest value of a filter in each text.
        of_class: (texts,) bool, whether the filter's class is predicted.
    """
    order = np.argsort(-values, kind="stable")
    ranked = values[order]
    shares = np.cumsum(of_class[order]) / np.arange(1, len(order) + 1)
    last = np.append(ranked[1:] < ranked[:-1], True)  # of equal values
    pure = np.flatnonzero((shares >= purity) & last)
    return float(ranked[pure[-1]]) if len(pure) else None


def duplicates(values: np.ndarray, filters: Sequence[Filter]) -> list[Alike]:
    """Pairs whose values over the texts are proportional, up to a constant; the most alike first.

    Args:
        values: (texts, filters)
    """
    living = [place for place, each in enumerate(filters) if not each.dead][:MOST_COMPARED]
    centred = values[:, living].astype(np.float64)
    if len(centred) < 3:  # any two filters are alike on two texts
        return []
    centred -= centred.mean(axis=0)
    centred /= np.maximum(np.linalg.norm(centred, axis=0), 1e-12)
    cosines = np.triu(centred.T @ centred, k=1)
    firsts, seconds = np.nonzero(cosines > ALIKE)
    pairs = [
        Alike(filters[living[i]].name, filters[living[j]].name, float(cosines[i, j]))
        for i, j in zip(firsts.tolist(), seconds.tolist(), strict=True)
    ]
    return sorted(pairs, key=lambda pair: -pair.cosine)
