"""Classifiers with random weights that know the words of real texts."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from textcnn.inference import AnyClassifier, build_classifier
from textcnn.models.build import build_model
from textcnn.models.ngrams.beside import WithNgrams
from textcnn.models.ngrams.index import NgramIndex
from textcnn.models.ngrams.ngrams import Ngrams
from textcnn.models.ngrams.subword_weights import SubwordWeights
from textcnn.runtime.calibration import Calibration
from textcnn.text.encoder import TextEncoder
from textcnn.text.subwords import subwords_of
from textcnn.text.tokenizers import build_tokenizer
from textcnn.text.vocabulary import PADDING, Vocabulary

TOPICS = ("business", "entertainment", "politics", "sport", "tech")


def random_classifier(texts: Sequence[str], **settings: Any) -> AnyClassifier:
    """A bag of words, or a network with n-grams and their subwords beside it."""
    tokenizer = build_tokenizer("word", tokenizer="basic")
    counts = Counter(word for text in texts for word in tokenizer(text))
    vocabulary = Vocabulary([word for word, _ in counts.most_common(2000)])
    torch.manual_seed(0)
    common = {"vocabulary_size": len(vocabulary), "num_classes": len(TOPICS), "embedding_dim": 16}
    model: Any = build_model(**common | settings)
    encoder = TextEncoder(tokenizer, vocabulary, 100, "head", subwords=settings["name"] != "bag")
    if encoder.subwords:
        model = WithNgrams(model, random_ngrams([encoder(text) for text in texts[:50]], vocabulary))
    with torch.no_grad():
        for weights in model.parameters():
            weights.normal_(0, 0.5)
        for table in model.tables:
            table.weight[PADDING] = 0.0
    calibration = Calibration(1.3, texts=100)
    return build_classifier(model.eval(), encoder, TOPICS, None, calibration=calibration)


def random_ngrams(texts: list[list[int]], vocabulary: Vocabulary) -> Ngrams:
    """All n-grams of up to 2 tokens, with the subwords of a few words."""
    pairs = [(torch.tensor([ids]), torch.tensor([len(ids)])) for ids in texts]
    keys = NgramIndex.learn(lambda: iter(pairs), len(vocabulary), 2).keys
    own = subwords_of(vocabulary.known_tokens)
    subwords = SubwordWeights(
        torch.from_numpy(np.unique(own.keys)),
        vocabulary_size=len(vocabulary),
        num_classes=len(TOPICS),
    )
    weights = torch.randn(len(subwords.keys), len(TOPICS)) / 10
    subwords.set_weights(weights, torch.randn(len(TOPICS)), own)
    ngrams = Ngrams(
        keys,
        vocabulary_size=len(vocabulary),
        num_classes=len(TOPICS),
        longest=2,
        scaling="none",
        subwords=subwords,
    )
    labels = (torch.tensor([place % len(TOPICS)]) for place in range(len(pairs)))
    ngrams.count((*pair, label) for pair, label in zip(pairs, labels, strict=True))
    return ngrams
