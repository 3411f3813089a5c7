"""Networks for real texts: how they are built, trained on the same texts, and measured."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textcnn.studies.shared.networks import multi_width
from textcnn.studies.shared.real_texts import check_enough
from textcnn.studies.shared.study import Values

if TYPE_CHECKING:
    from torch import Tensor

    from textcnn.data.prepare import PreparedData
    from textcnn.inference import Classifier

MAX_WORDS = 128  # read from each text
MAX_CHARACTERS = 704  # about the same amount of text
TEST_FRACTION = 0.3  # of the bundled texts
GLOVE = "glove"
PATIENCE = 3  # epochs, as in `textcnn.train`
EMBEDDING_DIM = 50  # of all networks for words, like the smallest GloVe vectors


@dataclass(frozen=True)
class Network:
    """A network for real texts."""

    title: str
    model: Values  # the keys of `model=`
    unit: str = "word"
    vectors: bool = False  # whether the embedding starts from GloVe vectors


NGRAMS = multi_width(1, 2, 3, embedding_dim=EMBEDDING_DIM)
NETWORKS = {
    "bag": Network("bag of words (mean)", {"name": "bag", "embedding_dim": EMBEDDING_DIM}),
    "nin": Network(
        "1×1, max pooling", {"name": "nin", "num_filters": 64, "embedding_dim": EMBEDDING_DIM}
    ),
    "multi_width": Network("n-grams of 1, 2, 3", NGRAMS),
    "characters": Network(
        "characters, widths 3, 5, 7",
        multi_width(3, 5, 7, embedding="random", embedding_dim=16),
        unit="char",
    ),
    "depth": Network(
        "depth: 7 layers with pooling",
        {"name": "dpcnn", "depth": 3, "num_filters": 64, "embedding_dim": EMBEDDING_DIM},
    ),
    "vectors": Network("n-grams, GloVe vectors", NGRAMS, vectors=True),
    "dilated": Network(
        "dilations 1, 2, 4, 8",
        {"name": "dilated", "dilations": [1, 2, 4, 8], "embedding_dim": EMBEDDING_DIM},
    ),
}


def measure_network(
    network: Network, data: Values, examples: int, epochs: int, seed: int
) -> Values:
    """Train with early stopping as `textcnn.train` does; ask questions before and after.

    Args:
        data: keys of `data=`; none for the bundled texts.
        examples: in each split, at most.

    Returns:
        The answers, or `missing` with the reason if pretrained vectors are not available.

    Raises:
        InputError: the data can't be used.
    """
    from textcnn.errors import InputError
    from textcnn.studies.shared.questions import ask, equalities

    prepared = prepare(data, examples, network.unit, seed)
    try:
        classifier = build_classifier(network, prepared, seed)
    except InputError as error:
        return {"missing": str(error)}
    test = prepared.texts.test
    before = equalities(classifier.model, test, seed)
    started = time.process_time()
    train_network_on(classifier, prepared, epochs, seed)
    seconds = time.process_time() - started
    return ask(classifier, test, seed) | {
        "before": before,
        "seconds": seconds,
        "parameters": sum(p.numel() for p in classifier.model.parameters()),
        "trained_on": len(prepared.texts.train),
        "classes": len(prepared.splits.labels),
    }


def check_data(data: Values, examples: int, units: Sequence[str], seed: int) -> None:
    """Prepare the data as `measure_network` does.

    Raises:
        InputError: the data can't be used, or there are too few test texts.
    """
    for unit in units:
        prepared = prepare(data, examples, unit, seed)
        check_enough(len(prepared.texts.test), len(prepared.splits.labels))


def prepare(data: Values, examples: int, unit: str, seed: int) -> "PreparedData":
    """At most `examples` texts of each split, in words or characters.

    Args:
        data: keys of `data=`; none for the bundled texts.
    """
    from textcnn.builders.data import build_data, read_data
    from textcnn.builders.text import read_text

    keys = dict(data) or {"test_fraction": TEST_FRACTION}
    if keys.get("source") != "synthetic":
        keys["max_examples"] = min(keys.get("max_examples") or examples, examples)
    text: Values = {"unit": unit, "max_length": MAX_WORDS}
    if unit == "char":  # works in any language
        text |= {"max_length": MAX_CHARACTERS, "alphabet": "learned"}
    return build_data(read_data(keys), read_text(text), seed)


def build_classifier(network: Network, prepared: "PreparedData", seed: int) -> "Classifier":
    """A classifier with random weights, or pretrained vectors in the embedding.

    Raises:
        InputError: the vectors are not available, or cover none of the words.
    """
    from accelerate.utils import set_seed

    from textcnn.builders.models import build_network, read_model
    from textcnn.inference import Classifier
    from textcnn.text.vectors import load_vectors

    set_seed(seed)
    encoder, labels = prepared.texts.encoder, prepared.splits.labels
    known = encoder.vocabulary.known_tokens
    model = build_network(
        read_model(network.model),
        max_length=encoder.max_length,
        vocabulary_size=len(encoder.vocabulary),
        num_classes=len(labels),
        vectors=load_vectors(GLOVE, known, seed) if network.vectors else None,
    )
    return Classifier(model, encoder, labels)


def train_network_on(
    classifier: "Classifier", prepared: "PreparedData", epochs: int, seed: int
) -> None:
    """Train, and keep the weights with the best validation loss."""
    import torch

    from textcnn.evaluation.scoring import score_classifier
    from textcnn.studies.shared.probe import Training, train_network

    model, cpu = classifier.model, torch.device("cpu")
    best: dict[str, Tensor] = {}

    def save(name: str) -> None:
        if name == "best":
            best.update({key: value.clone() for key, value in model.state_dict().items()})

    train_network(
        model,
        prepared.texts.train,
        seed,
        Training(epochs=epochs, batch_size=32, learning_rate=0.003, patience=PATIENCE),
        validate=lambda: score_classifier(classifier, prepared.texts.validation, cpu),
        save=save,
    )
    model.load_state_dict(best)
