"""Small classifiers of every kind that can be exported, and their exports."""

from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tiny_models import CLASSES, IDS, build

from textcnn.inference import AnyClassifier, build_classifier
from textcnn.models.classifier import TextCNN
from textcnn.models.layers.subword_table import SubwordTable
from textcnn.models.ngrams.index import NgramIndex
from textcnn.models.ngrams.ngrams import Ngrams
from textcnn.models.ngrams.subword_weights import SubwordWeights
from textcnn.runtime import RuntimeClassifier, load
from textcnn.text.encoder import TextEncoder
from textcnn.text.subwords import subwords_of
from textcnn.text.tokenizers import build_tokenizer
from textcnn.text.vocabulary import Vocabulary

WORDS = ("good", "bad", "film", "!", "the", "a", "été", "日", "not", "at")
LABELS = ("down", "flat", "up")
assert len(WORDS) + 2 == IDS
assert len(LABELS) == CLASSES
TEXTS = [
    *("", " ", "unknown words alone", "good", "bad film", "not a good film !"),
    *("the film at the film at the film", "É été ÉTÉ 日本 日", "a\0bad", "\ud83d half"),
    *("good " * 5 + "unknown " * 4 + "bad", "The <br />Film; a: GOOD! " * 4, "at " * 300 + "bad"),
]


def classifier_of(model: Any, subwords: bool = False, **settings: Any) -> AnyClassifier:
    tokenizer = build_tokenizer("word", tokenizer="basic")
    encoder = TextEncoder(tokenizer, Vocabulary(WORDS), 50, "both", subwords)
    thresholds = settings.pop("thresholds", None)
    return build_classifier(model.eval(), encoder, LABELS, thresholds, **settings)


def exported(classifier: AnyClassifier, place: Path, **options: Any) -> RuntimeClassifier:
    names = (place / str(number) for number in count())
    path = next(each for each in names if not each.exists())
    classifier.export(path, **options)
    return load(path)


def subword_keys(*words: str) -> torch.Tensor:
    return torch.from_numpy(np.unique(subwords_of(words).keys))


def with_vectors(embedding: str) -> TextCNN:
    """A network whose unknown words get vectors from their subwords."""
    model = build("multi_width", embedding=embedding)
    table = SubwordTable(subword_keys("unknown", "halves"), 8)
    table.weight[1:].normal_(generator=torch.Generator().manual_seed(0))
    model.embedding.subwords = table
    return model


@cache
def ngrams_of(
    longest: int = 2, scaling: str = "naive_bayes", subwords: bool = False, sets: bool = False
) -> Ngrams:
    """N-grams of a few texts, with random weights."""
    encoder = classifier_of(build("bag")).encoder
    encoded = [encoder(text) for text in TEXTS[3:]]
    pairs = [(torch.tensor([ids]), torch.tensor([len(ids)])) for ids in encoded]
    keys = NgramIndex.learn(lambda: iter(pairs), IDS, longest).keys
    made = None
    torch.manual_seed(0)
    if subwords:
        made = SubwordWeights(
            subword_keys("unknown", *WORDS), vocabulary_size=IDS, num_classes=CLASSES
        )
        own = subwords_of(WORDS)
        made.set_weights(torch.randn(len(made.keys), CLASSES), torch.randn(CLASSES), own)
    ngrams = Ngrams(
        keys,
        vocabulary_size=IDS,
        num_classes=CLASSES,
        longest=longest,
        scaling=scaling,
        multi_label=sets,
        subwords=made,
    )
    ones = torch.ones(1, CLASSES, dtype=torch.bool)
    labels = [ones if sets else torch.tensor([k % CLASSES]) for k in range(len(pairs))]
    ngrams.count((*pair, label) for pair, label in zip(pairs, labels, strict=True))
    with torch.no_grad():
        ngrams.table.weight[2:].normal_()
        ngrams.bias.normal_()
    return ngrams
