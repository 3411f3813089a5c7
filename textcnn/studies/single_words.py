"""What each pooling keeps of single words, and networks that see no more."""

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from textcnn.studies.shared.study import Values
from textcnn.studies.shared.theory import seen_by_max, seen_by_mean, seen_by_sum, windows

if TYPE_CHECKING:
    from textcnn.inference import Classifier
    from textcnn.studies.shared.probe import Rows

Text = list[str]

SEEN = {"max": seen_by_max, "mean": seen_by_mean, "sum": seen_by_sum}  # by each pooling
LENGTH = 12  # words
PAIRS = "both orders"  # the gap of texts that differ in it
TASKS: dict[str, Values] = {
    "keyword": {"task": "keyword", "phrase": 1},
    "order": {"task": "order", "distance": 3, "window": 1},
}
ONE = "not a bad film but a good one"
OTHER = "not a good film but a bad one"
SHOWN = 8  # channels in the figure


def shuffled(text: Text, draw: Random) -> Text:
    return draw.sample(text, len(text))


def one_word_twice(text: Text, draw: Random) -> Text:
    return [*text, text[0]]


def text_twice(text: Text, draw: Random) -> Text:
    return text + text


CHANGES: dict[str, Callable[[Text, Random], Text]] = {
    "shuffled": shuffled,
    "one word twice": one_word_twice,
    "the whole text twice": text_twice,
}


def keeps(pooling: str, change: str) -> bool:
    """Whether a pooling of single words sees the same of a changed text (T1)."""
    text = ["u", "v", "w", "w", "x"]
    changed = CHANGES[change](text, Random(0))
    seen_by = SEEN[pooling]
    return seen_by(windows(text, (0,))) == seen_by(windows(changed, (0,)))


def measure_layers(seed: int) -> Values:
    """The layers of textcnn against `linear` on tokens that stand alone."""
    import torch
    from torch.nn.functional import linear

    from textcnn.models.encoders.nin import Nin
    from textcnn.models.layers.convolution import Convolution
    from textcnn.models.layers.features import Features

    torch.manual_seed(seed)
    texts = torch.randn(8, 16, LENGTH)  # (batch, channels, time)
    tokens = texts.transpose(1, 2)  # (batch, time, channels)
    features = Features(texts, torch.full((8,), LENGTH))

    def apart(layer: torch.Tensor, perceptron: torch.Tensor) -> float:
        return (layer.transpose(1, 2) - perceptron).abs().max().item()

    with torch.no_grad():
        convolution = Convolution(16, 24, 1)
        alone = linear(tokens, convolution.weight[..., 0], convolution.bias)
        nin = Nin(16, depth=3, num_filters=24)
        first, *others = (
            (layer.get_parameter("weight")[..., 0], layer.get_parameter("bias"))
            for layer in nin.convolutions
        )
        perceptron = linear(tokens, *first)
        for weight, bias in others:
            perceptron = linear(perceptron.relu(), weight, bias)
        return {
            "convolution": apart(convolution(features).values, alone),
            "nin": apart(nin(features)[0].values, perceptron),
        }


def measure_sentence(seed: int) -> Values:
    """Features of two texts of the same words, after training to tell some of the words apart."""
    import numpy as np
    import torch

    from textcnn.studies.shared.probe import build_probe, encode, train_probe

    words = sorted(set(ONE.split()))
    rows = [(word, str(number % 2)) for number, word in enumerate(words)]
    classifier = build_probe({"name": "nin", "activation": "tanh"}, rows, seed)
    train_probe(classifier, rows * 10, seed)
    batch = encode(classifier, [(ONE, "0"), (OTHER, "0")]).batch(np.arange(2))
    with torch.inference_mode():
        trace = classifier.model.eval().activations(batch.ids, batch.lengths)
    return {
        "features": trace.features[0][:, :SHOWN].tolist(),  # of each text (channels, time)
        "pooled": trace.pooled[:, :SHOWN].tolist(),
    }


def measure_changes(task: str, pooling: str, seed: int) -> Values:
    """How far changes of texts move their logits, and how well the task is solved."""
    from textcnn.studies.shared.probe import (
        Training,
        build_probe,
        measure_accuracy,
        pair_gaps,
        synthetic_rows,
        train_probe,
    )

    settings = TASKS[task] | {"length": LENGTH, "filler": "random"}
    train = synthetic_rows(800, seed, **settings)
    test = synthetic_rows(400, seed, "data.test", **settings)
    classifier = build_probe({"name": "nin", "pooling": pooling}, train, seed)
    values: Values = {}
    for moment in ("before", "after"):
        if moment == "after":
            train_probe(classifier, train, seed, Training(epochs=6))
        pairs = {PAIRS: pair_gaps(classifier, test).max().item()}
        values[moment] = gaps(classifier, test[:100], seed) | pairs
    return values | measure_accuracy(classifier, test)


def gaps(classifier: "Classifier", rows: "Rows", seed: int) -> dict[str, float]:
    """Of each change, how far it moves a logit at most."""
    from textcnn.studies.shared.probe import logit_gap

    draw = Random(seed)
    return {
        name: logit_gap(
            classifier,
            [text for text, _ in rows],
            [" ".join(change(text.split(), draw)) for text, _ in rows],
        )
        for name, change in CHANGES.items()
    }
