"""Networks trained on real texts, the same texts for each, and what they answer."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from textcnn.studies.shared.inputs import check_enough
from textcnn.studies.shared.study import Values

if TYPE_CHECKING:
    from torch import Tensor

    from textcnn.config.data import DataConfig
    from textcnn.config.text import TextConfig
    from textcnn.data.prepare import PreparedData
    from textcnn.inference import Classifier

WORDS = 128  # read of each text
CHARACTERS = 704  # about as much text
TESTED_FRACTION = 0.3  # of the bundled texts, of which there are enough
GLOVE = "glove"
PATIENCE = 3  # epochs, as in `textcnn.train`
DEPTH_AND_POOLS = {"name": "dpcnn", "depth": 3, "num_filters": 64, "embedding_dim": 50}
CHARACTER_WIDTHS = {
    "name": "multi_width",
    "kernel_sizes": [3, 5, 7],
    "embedding": "random",
    "embedding_dim": 16,
}


@dataclass(frozen=True)
class Network:
    """A network for texts as they are; all that are of words have vectors of 50 numbers."""

    title: str
    model: Values  # the keys of `model=`
    unit: str = "word"
    vectors: bool = False  # begin with GloVe's


NETWORKS = {
    "bag": Network("bag of words (mean)", {"name": "bag", "embedding_dim": 50}),
    "nin": Network("1×1, max pooling", {"name": "nin", "num_filters": 64, "embedding_dim": 50}),
    "multi_width": Network(
        "n-grams of 1, 2, 3",
        {"name": "multi_width", "kernel_sizes": [1, 2, 3], "embedding_dim": 50},
    ),
    "characters": Network("characters, widths 3, 5, 7", CHARACTER_WIDTHS, unit="char"),
    "depth": Network("depth: 7 layers with pooling", DEPTH_AND_POOLS),
    "vectors": Network(
        "n-grams, GloVe vectors",
        {"name": "multi_width", "kernel_sizes": [1, 2, 3], "embedding_dim": 50},
        vectors=True,
    ),
    "dilated": Network(
        "dilations 1, 2, 4, 8",
        {"name": "dilated", "dilations": [1, 2, 4, 8], "embedding_dim": 50},
    ),
}


def measure_network(
    network: Network, data: Values, examples: int, epochs: int, seed: int
) -> Values:
    """Trained with early stopping as by `textcnn.train`; asked before and after.

    Args:
        data: the keys of `DataConfig`; none: the bundled texts.
        examples: of each split, at most.

    Raises:
        InputError: the data can't be used.
    """
    from textcnn import builders
    from textcnn.errors import InputError
    from textcnn.studies.shared.questions import ask, equalities

    prepared = builders.build_data(build_data(data, examples), build_text(network.unit), seed)
    try:
        classifier = build_network(network, prepared, seed)
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
    """Prepare them as `measure_network` does.

    Raises:
        InputError: they can't be used, or are too few to test on.
    """
    from textcnn import builders

    for unit in units:
        prepared = builders.build_data(build_data(data, examples), build_text(unit), seed)
        check_enough(len(prepared.texts.test), len(prepared.splits.labels))


def build_data(data: Values, examples: int) -> "DataConfig":
    from textcnn.config.data import DataConfig, SyntheticConfig

    if data.get("source") == "synthetic":
        return SyntheticConfig(**data)
    config = DataConfig(**data) if data else DataConfig(test_fraction=TESTED_FRACTION)
    return replace(config, max_examples=min(config.max_examples or examples, examples))


def build_text(unit: str) -> "TextConfig":
    from textcnn.config.text import CharConfig, WordConfig

    if unit == "char":  # of any language
        return CharConfig(max_length=CHARACTERS, alphabet="learnt")
    return WordConfig(max_length=WORDS)


def build_network(network: Network, prepared: "PreparedData", seed: int) -> "Classifier":
    """
    Raises:
        InputError: vectors are asked for and can't be had, or none is of these words.
    """
    import torch
    from accelerate.utils import set_seed

    from textcnn.config.model import MODEL_SCHEMAS
    from textcnn.inference import Classifier
    from textcnn.models.build import build_model
    from textcnn.text.vectors import load_vectors

    set_seed(seed)
    encoder = prepared.texts.encoder
    schema = MODEL_SCHEMAS[network.model["name"]]
    assert set(network.model) <= {entry.name for entry in fields(schema)}
    model = build_model(
        vocabulary_size=len(encoder.vocabulary),
        num_classes=len(prepared.splits.labels),
        **schema(**network.model).settings(encoder.max_length),
    )
    if network.vectors:
        vectors = load_vectors(GLOVE, encoder.vocabulary.known_tokens, seed)
        model.embedding.set_vectors(torch.from_numpy(vectors.values))
    return Classifier(model, encoder, prepared.splits.labels)


def train_network_on(
    classifier: "Classifier", prepared: "PreparedData", epochs: int, seed: int
) -> None:
    """The weights of the best validation loss stay."""
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
