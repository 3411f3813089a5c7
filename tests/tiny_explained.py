"""Classifiers with random weights of every kind, whose predictions are explained."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from tiny_models import CLASSES, IDS, build
from torch import nn

from textcnn.data.encoding import encode_texts
from textcnn.inference import Classifier, LabelSetClassifier
from textcnn.models.ensemble import Ensemble
from textcnn.models.layers.normalization import PooledNorm
from textcnn.models.layers.subword_table import SubwordTable
from textcnn.models.ngrams.beside import WithNgrams
from textcnn.models.ngrams.index import NgramIndex
from textcnn.models.ngrams.ngrams import Ngrams
from textcnn.models.ngrams.subword_weights import SubwordWeights
from textcnn.text.encoder import TextEncoder
from textcnn.text.subwords import subwords_of
from textcnn.text.tokenizers import build_tokenizer
from textcnn.text.vocabulary import Vocabulary
from textcnn.training.subwords.matrix import shared_keys

WORDS = ["a", "fine", "film", "not", "dull", "very", "plot", "and", "the", "acting"]
LABELS = ["bad", "fair", "good"]
assert len(WORDS) + 2 == IDS
assert len(LABELS) == CLASSES
WHITE = build_tokenizer("word", tokenizer="whitespace")
# "films" and "plots" are outside the vocabulary, but have known subwords; "🙂" has none
TEXTS = ["not a fine film", "", "dull", "films 🙂 plots films", "the plot and the acting " * 4]


def encoder(max_length: int | None = 12, truncate: str = "both") -> TextEncoder:
    return TextEncoder(WHITE, Vocabulary(WORDS), max_length, truncate, subwords=True)


def network(name: str = "multi_width", **changes: Any) -> Any:
    """A network; hidden and normalizing layers and biases have numbers of their own."""
    model = build(name, **changes).eval()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, PooledNorm):
                assert module.running_mean is not None
                assert module.running_var is not None
                module.running_mean.normal_(generator=generator)
                module.running_var.uniform_(0.5, 2.0, generator=generator)
                module.weight.normal_(generator=generator)
                module.bias.normal_(generator=generator)
    return model


def composed(model: Any) -> Any:
    """The network, with vectors of unknown words from their subwords."""
    table = SubwordTable(shared_keys(subwords_of(WORDS).keys), 8)
    table.weight[1:] = torch.randn(table.weight[1:].shape, generator=torch.manual_seed(2))
    model.embedding.subwords = table
    return model


def members(**changes: Any) -> Ensemble:
    parts = [network(**changes) for _ in range(3)]
    for number, part in enumerate(parts):
        torch.manual_seed(number)
        nn.init.normal_(part.head.weight)
    return Ensemble(parts, multi_label=False).eval()


def ngrams(scaling: str = "naive_bayes", *, subwords: bool = False, longest: int = 3) -> Ngrams:
    encoded = encode_texts(TEXTS, encoder(None)).ids_alone
    rows = encoded.batch(torch.arange(len(TEXTS)).numpy())
    index = NgramIndex.learn(lambda: [(rows.ids, rows.lengths)], IDS, longest)
    parts = None
    generator = torch.Generator().manual_seed(3)
    if subwords:
        known = subwords_of(WORDS)
        keys = torch.from_numpy(known.keys).unique()
        parts = SubwordWeights(keys, vocabulary_size=IDS, num_classes=CLASSES)
        weight = torch.randn(len(keys), CLASSES, generator=generator)
        parts.set_weights(weight, torch.tensor([0.1, 0.2, -0.3]), known)
    model = Ngrams(
        index.keys,
        vocabulary_size=IDS,
        num_classes=CLASSES,
        longest=longest,
        scaling=scaling,
        subwords=parts,
    )
    model.count([(rows.ids, rows.lengths, torch.arange(len(TEXTS)) % CLASSES)])
    with torch.no_grad():
        model.table.weight.normal_(generator=generator)
        model.table.weight[:2] = 0.0
        model.bias.normal_(generator=generator)
    return model.eval()


def beside(model: Any, **settings: Any) -> WithNgrams:
    both = WithNgrams(model, ngrams(**settings)).eval()
    both.weights.copy_(torch.tensor([0.7, 1.6]))
    return both


def classifier(model: Any, **settings: Any) -> Classifier:
    return Classifier(model, encoder(**settings), LABELS)


def set_classifier(model: Any, thresholds: Sequence[float] = (0.5, 0.5, 0.5)) -> LabelSetClassifier:
    return LabelSetClassifier(model, encoder(), LABELS, thresholds)


Build = Callable[[], Any]
# models whose logits are sums over n-grams
EXACT: dict[str, Build] = {
    "cnn": network,
    "cnn, tanh": lambda: network(activation="tanh"),
    "cnn, gelu, full": lambda: network(activation="gelu", padding="full"),
    "cnn, wide, causal": lambda: network("multi_width, wide", padding="causal"),
    "cnn, subword vectors": lambda: composed(network()),
    "cnn, multichannel": lambda: network(embedding="multichannel"),
    "cnn, hidden": lambda: network(hidden_sizes=(5, 4)),
    "cnn, norms": lambda: network(response_normalization=True, pooled_normalization=True),
    "cnn, norms, hidden, kmax": lambda: network(
        response_normalization=True, pooled_normalization=True, hidden_sizes=(5,), pooling="kmax"
    ),
    **{
        f"cnn, {pooling}": partial(network, pooling=pooling)
        for pooling in ("kmax", "chunk_max", "mean", "sum", "attention", "flatten")
    },
    **{
        f"cnn, position={position}": partial(network, position=position)
        for position in ("learned", "sinusoidal", "ramp")
    },
    "one-hot": lambda: network("onehot_cnn", response_normalization=True),
    "one-hot, bow": lambda: network("onehot_cnn, bow"),
    "one convolution of characters": lambda: network(
        "char_cnn", kernel_sizes=(4,), pool_sizes=(2,)
    ),
    "three convolutions": lambda: network("char_cnn", hidden_sizes=(6,)),
    "dilated": lambda: network("dilated", pooling="attention"),
    "bag": lambda: network("bag", pooling="mean"),
    "ensemble": members,
    "n-grams": ngrams,
    "n-grams, tf-idf": lambda: ngrams("tf_idf"),
    "n-grams, unscaled, subwords": lambda: ngrams("none", subwords=True),
    "both": lambda: beside(network()),
    "both, subwords": lambda: beside(composed(network()), subwords=True),
    "ensemble beside n-grams, tf-idf": lambda: beside(members(), scaling="tf_idf"),
}
